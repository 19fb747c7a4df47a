package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Arrays of strings hold what they are given; types that are no type of the engine are refused. */
abstract class StringsLaws extends Definitions {

    private static final DataType[] OTHERS = {
        DataType.INT16, DataType.UINT16, DataType.UINT32, DataType.UINT64, DataType.UNKNOWN
    };

    StringsLaws(Target ours) {
        super(ours);
    }

    private static NDArray words(NDManager manager) {
        String[] words = {"a", "b", "c", "d", "e", "f"};
        return manager.create(words, StandardCharsets.UTF_8, new Shape(2, 3));
    }

    private void holds(
            String name, Function<NDManager, NDArray> body, Shape shape, String... expected) {
        alone(
                name,
                m -> {
                    NDArray array = body.apply(m);
                    assertEquals(DataType.STRING, array.getDataType());
                    assertEquals(shape, array.getShape());
                    assertArrayEquals(expected, array.toStringArray());
                    assertArrayEquals(expected, array.toStringArray(StandardCharsets.UTF_16));
                    assertEquals(m.getDevice(), array.getDevice());
                });
    }

    @TestFactory
    List<DynamicTest> strings() {
        String text = "Grüße, 世界";
        texts("of one", m -> String.join(",", m.create(text).toStringArray()));
        texts("of many", m -> m.create(new String[] {"x", text}).toString());
        texts("shape", m -> words(m).getShape() + " " + words(m).getDataType());
        holds("one", m -> m.create(text), new Shape(), text);
        holds("two", m -> m.create(new String[] {"x", text}), new Shape(2), "x", text);
        holds("none", m -> m.create(new String[0]), new Shape(0));
        holds("in a shape", StringsLaws::words, new Shape(2, 3), "a", "b", "c", "d", "e", "f");
        holds("reshaped", m -> words(m).reshape(3, 2).get(1), new Shape(2), "c", "d");
        holds("turned", m -> words(m).transpose().get("1:"), new Shape(2, 2), "b", "e", "c", "f");
        holds("copied", m -> words(m).transpose().duplicate().get(0), new Shape(2), "a", "d");
        holds("named", m -> m.decode(named(m).encode()), new Shape(2, 1), "x", text);
        alone(
                "what is given can change",
                m -> {
                    String[] given = {"x"};
                    NDArray array = m.create(given);
                    given[0] = "y";
                    assertArrayEquals(new String[] {"x"}, array.toStringArray());
                });
        alone(
                "equality",
                m -> {
                    assertEquals(words(m), words(m));
                    assertEquals(words(m), words(m).duplicate());
                    assertNotEquals(words(m), words(m).reshape(3, 2));
                    assertNotEquals(m.create("x"), m.create("y"));
                    assertFalse(m.create("x").contentEquals(m.create(1)));
                });
        alone(
                "name and text",
                m -> {
                    assertEquals("name", m.decode(named(m).encode()).getName());
                    assertEquals("[a, b, c, d, e, f]", words(m).toDebugString());
                    assertTrue(words(m).toDebugString(true).contains("[a, b, c"));
                });
        alone(
                "closed",
                m -> {
                    NDArray array = words(m);
                    NDArray view = array.reshape(6);
                    array.close();
                    assertEquals("This array is already closed", array.toString());
                    assertEquals("a", view.toStringArray()[0]);
                });
        foreign("another engine's", (theirs, m) -> assertEquals(words(m), m.from(words(theirs))));
        refused(
                "too few strings",
                IllegalArgumentException.class,
                "6 strings, not 1",
                m -> m.create(new String[] {"x"}, new Shape(2, 3)));
        refused(
                "reading numbers as strings",
                IllegalStateException.class,
                "int32",
                m -> m.create(1).toStringArray());
        return tests;
    }

    private static NDArray named(NDManager manager) {
        NDArray array = manager.create(new String[] {"x", "Grüße, 世界"}, new Shape(2, 1));
        array.setName("name");
        return array;
    }

    @TestFactory
    List<DynamicTest> whatStringsCannot() {
        List<Function<NDArray, Object>> all =
                List.of(
                        NDArray::toByteBuffer,
                        NDArray::sum,
                        NDArray::abs,
                        NDArray::argMax,
                        NDArray::nonzero,
                        NDArray::zerosLike,
                        NDArray::unique,
                        NDArray::median,
                        a -> a.add(a),
                        a -> a.eq(a),
                        a -> a.concat(a),
                        a -> a.stack(a),
                        a -> a.flip(0),
                        a -> a.tile(2),
                        a -> a.toType(DataType.FLOAT32, false),
                        a -> a.fft(3),
                        a -> a.conj().sum(),
                        a -> a.isNaN(),
                        a -> a.getNDArrayInternal().relu());
        int i = 0;
        for (Function<NDArray, Object> one : all) {
            refused(
                    "operation " + i++ + " of strings",
                    UnsupportedOperationException.class,
                    "strings",
                    m -> one.apply(words(m)));
        }
        return tests;
    }

    @TestFactory
    List<DynamicTest> otherTypes() {
        Shape one = new Shape(1);
        for (DataType type : OTHERS) {
            ByteBuffer bytes = ByteBuffer.allocate(8);
            List<Function<NDManager, Object>> ways =
                    List.of(
                            m -> m.create(one, type),
                            m -> m.create(one, type, m.getDevice()),
                            m -> m.create(bytes, one, type),
                            m -> m.zeros(one, type),
                            m -> m.zeros(one, type, m.getDevice()),
                            m -> m.ones(one, type),
                            m -> m.full(one, 1, type),
                            m -> m.arange(0, 3, 1, type),
                            m -> m.arange(0f, 3f, 1f, type),
                            m -> m.eye(2, 2, 0, type),
                            m -> m.randomUniform(0, 1, one, type),
                            m -> m.randomNormal(0, 1, one, type),
                            m -> m.randomInteger(0, 1, one, type),
                            m -> m.truncatedNormal(0, 1, one, type),
                            m -> m.ones(one).toType(type, false),
                            m -> m.ones(one).toType(type, true),
                            m -> m.ones(one).cumProd(0, type),
                            m -> m.ones(one).oneHot(3, type),
                            m -> m.ones(one).oneHot(3, 1, 0, type));
            int i = 0;
            for (Function<NDManager, Object> way : ways) {
                refused(
                        "way " + i++ + " to " + type,
                        UnsupportedOperationException.class,
                        "there are FLOAT32",
                        way);
            }
        }
        for (Function<NDManager, Object> way :
                List.<Function<NDManager, Object>>of(
                        m -> m.create(one, DataType.STRING),
                        m -> m.zeros(one, DataType.STRING),
                        m -> m.ones(one).toType(DataType.STRING, false))) {
            refused("numbers as strings", UnsupportedOperationException.class, "String[]", way);
        }
        return tests;
    }
}
