package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Complex arrays are made, moved, computed with and shown; what they cannot do is refused. */
abstract class ComplexLaws extends Definitions {

    ComplexLaws(Target ours) {
        super(ours);
    }

    private static NDArray complex(NDManager manager, long... shape) {
        long[] pairs = Arrays.copyOf(shape, shape.length + 1);
        pairs[shape.length] = 2;
        return floats(manager, pairs).complex();
    }

    @TestFactory
    List<DynamicTest> parts() {
        test("complex and real", m -> floats(m, 4, 3, 2).complex().real());
        alone(
                "complex of a view",
                m -> {
                    NDArray view = floats(m, 4, 2, 3).transpose(0, 2, 1);
                    assertEquals(view.duplicate(), view.complex().real());
                });
        test("conj", m -> complex(m, 4, 3).conj().real());
        test("conj of a view", m -> complex(m, 4, 3).get(":, 1:").transpose().conj().real());
        test("conj of reals", m -> floats(m, 4).conj());
        test("abs", m -> complex(m, 4, 3).abs());
        test("abs of a view", m -> complex(m, 4, 3).get("::2").abs());
        alone(
                "complex of doubles and integers",
                m -> {
                    NDArray doubles = m.create(new double[] {1, 2}).complex();
                    assertEquals(DataType.COMPLEX64, doubles.getDataType());
                    assertEquals(doubles, m.create(new int[] {1, 2}).complex());
                });
        alone(
                "magnitudes do not overflow",
                m -> {
                    NDArray large =
                            m.create(new float[] {3e38f, 0, 3e-30f, 4e-30f}, new Shape(2, 2));
                    compare(large.complex().abs().get("0"), DataType.FLOAT32, new Shape(), 3e38f);
                    compare(large.complex().abs().get("1"), DataType.FLOAT32, new Shape(), 5e-30);
                });
        refused(
                "complex of a last axis of 3",
                IllegalArgumentException.class,
                "length 2",
                m -> floats(m, 2, 3).complex());
        refused(
                "complex of complex numbers",
                IllegalArgumentException.class,
                "length 2",
                m -> complex(m, 2, 2).complex());
        refused(
                "real of real numbers",
                IllegalArgumentException.class,
                "needs complex",
                m -> floats(m, 2).real());
        return tests;
    }

    @TestFactory
    List<DynamicTest> shapes() {
        List<Function<NDArray, NDArray>> functions =
                List.of(
                        a -> a.reshape(4, 3),
                        a -> a.transpose().reshape(12),
                        a -> a.get("1"),
                        a -> a.get("1:, ::2"),
                        a -> a.get(":, {}", a.getManager().create(new long[] {2, 0, 0})),
                        a -> a.get(a.real().get("..., 0").gt(0)),
                        a -> a.transpose().expandDims(0),
                        a -> a.flip(1),
                        a -> a.broadcast(new Shape(2, 3, 4)),
                        a -> a.concat(a.transpose().reshape(3, 4), 1),
                        a -> a.stack(a.conj(), 1),
                        a -> a.tile(2),
                        a -> a.repeat(0, 2),
                        a -> a.pad(new Shape(1, 2), 3),
                        a -> a.take(a.getManager().create(new long[] {5, 0, 11})),
                        a -> a.gather(integers(a.getManager(), 3, 2, 4), 0),
                        a -> a.duplicate(),
                        a -> a.toType(DataType.COMPLEX64, true),
                        a -> a.squeeze(),
                        a -> a.neg(),
                        a -> a.square(),
                        a -> a.sum(),
                        a -> a.sum(new int[] {0}, true),
                        a -> a.mean(new int[] {1}),
                        a -> a.cumSum(1),
                        a -> a.matMul(a.transpose()),
                        a -> a.split(2, 1).get(1),
                        a -> a.diagonal(),
                        a -> a.diff(1, 0),
                        a -> a.rotate90(1, new int[] {0, 1}));
        int i = 0;
        for (Function<NDArray, NDArray> function : functions) {
            test("operation " + i, m -> function.apply(complex(m, 3, 4)).real());
            i++;
        }
        test("to FLOAT64", m -> complex(m, 3).toType(DataType.FLOAT64, false));
        test("to BOOLEAN", m -> rounded(m).toType(DataType.BOOLEAN, false));
        test("from INT64", m -> integers(m, 9, 4).toType(DataType.COMPLEX64, false).real());
        test(
                "set",
                m -> {
                    NDArray a = complex(m, 3, 4);
                    a.set(new NDIndex(":, 1"), complex(m, 3));
                    a.set(new NDIndex("2"), 7);
                    a.set(new NDIndex("0, {}", m.create(new long[] {3, 2})), complex(m, 2));
                    return a.real();
                });
        test(
                "where",
                m ->
                        NDArrays.where(
                                        floats(m, 3, 4).gt(0),
                                        complex(m, 3, 4),
                                        complex(m, 3, 4).conj())
                                .real());
        test(
                "scatter",
                m ->
                        complex(m, 3, 4)
                                .scatter(integers(m, 3, 2, 4), complex(m, 2, 4), 0)
                                .get("2")
                                .real()
                                .mul(0)
                                .add(1));
        return tests;
    }

    private static NDArray rounded(NDManager manager) {
        float[] values = {0, 0, 1, 0, 0, 1, -1, -1, Float.NaN, 0};
        return manager.create(values, new Shape(5, 2)).complex();
    }

    @TestFactory
    List<DynamicTest> arithmetic() {
        List<BiFunction<NDArray, NDArray, NDArray>> functions =
                List.of(NDArray::add, NDArray::sub, NDArray::mul, NDArray::div);
        for (int i = 0; i < functions.size(); i++) {
            BiFunction<NDArray, NDArray, NDArray> f = functions.get(i);
            test("function " + i, m -> f.apply(complex(m, 3, 4), complex(m, 4)).real());
            test(
                    "function " + i + " with reals",
                    m -> f.apply(complex(m, 3, 4), floats(m, 3, 1)).real());
            test(
                    "function " + i + " of reals",
                    m -> f.apply(floats(m, 4), complex(m, 3, 4)).real());
            test(
                    "function " + i + " of integers",
                    m -> f.apply(integers(m, 9, 4), complex(m, 4)).real());
            test(
                    "function " + i + " of views",
                    m -> f.apply(complex(m, 4, 3).transpose(), complex(m, 6, 4).get("::2")).real());
        }
        test("numbers", m -> complex(m, 4).add(2).sub(0.5f).mul(3).div(7).real());
        test("a number less", m -> complex(m, 4).getNDArrayInternal().rsub(2).real());
        test("a number divided", m -> complex(m, 4).getNDArrayInternal().rdiv(2).real());
        test(
                "in place",
                m -> {
                    NDArray a = complex(m, 3, 4);
                    return a.addi(complex(m, 4))
                            .muli(complex(m, 3, 1))
                            .subi(1)
                            .divi(complex(m, 4))
                            .negi()
                            .real();
                });
        test(
                "in place by itself",
                m -> {
                    NDArray a = complex(m, 3, 4);
                    return a.muli(a).divi(a.duplicate()).addi(a).real();
                });
        test("in place by reals", m -> complex(m, 3, 4).muli(floats(m, 4)).muli(2.5).real());
        test(
                "division of large and small",
                m ->
                        m.create(new float[] {1e30f, 1e30f, 1e-30f, 1e-30f}, new Shape(2, 2))
                                .complex()
                                .div(
                                        m.create(new float[] {2e30f, 0, 0, 4e-30f}, new Shape(2, 2))
                                                .complex())
                                .real());
        test("equal", m -> complex(m, 3).eq(complex(m, 6).get(":3")));
        test("equal to itself", m -> rounded(m).eq(rounded(m)));
        test("not equal", m -> rounded(m).neq(rounded(m).conj()));
        test("equal to a number", m -> rounded(m).eq(1));
        test("logical", m -> rounded(m).logicalAnd(rounded(m)));
        test("logical not", m -> rounded(m).logicalNot());
        test("any", m -> rounded(m).any());
        test("is NaN", m -> rounded(m).isNaN());
        test("nonzero", m -> rounded(m).nonzero());
        test("count", m -> rounded(m).countNonzero());
        defined(
                "norm",
                m -> m.create(new float[] {3, 4, 12, 0}, new Shape(2, 2)).complex().norm(),
                DataType.FLOAT32,
                new Shape(),
                13);
        refused(
                "a real array that takes complex numbers in place",
                IllegalArgumentException.class,
                "complex64",
                m -> floats(m, 3).addi(complex(m, 3)));
        return tests;
    }

    @TestFactory
    List<DynamicTest> passages() {
        alone(
                "content",
                m -> {
                    assertEquals(complex(m, 3), complex(m, 3));
                    assertNotEquals(complex(m, 3), complex(m, 3).conj());
                    assertNotEquals(
                            complex(m, 3),
                            complex(m, 3).add(m.create(new float[] {0, 1e-6f}).complex()));
                    assertFalse(complex(m, 3).contentEquals(floats(m, 3)));
                });
        alone(
                "closeness",
                m -> {
                    NDArray a = complex(m, 3);
                    assertTrue(a.allClose(a.mul(1 + 1e-6f)));
                    assertFalse(a.allClose(a.conj()));
                    assertFalse(a.allClose(complex(m, 4)));
                    NDArray half = m.create(new float[] {1, 0.5f}).complex();
                    assertTrue(half.allClose(m.create(1f), 0, 0.5, false));
                    assertFalse(half.allClose(m.create(1f), 0, 0.49, false));
                    NDArray nan = m.create(new float[] {1, Float.NaN}).complex();
                    assertFalse(nan.allClose(nan));
                    assertTrue(nan.allClose(nan, 0, 0, true));
                });
        alone(
                "bytes",
                m -> {
                    float[] values = {1, 2, 3, 4, 5, 6};
                    NDArray a = m.create(values, new Shape(3, 2)).complex();
                    float[] bytes = new float[6];
                    a.toByteBuffer().asFloatBuffer().get(bytes);
                    assertArrayEquals(values, bytes);
                    assertEquals(24, a.toByteArray().length);
                    NDArray slice = a.get("::2");
                    NDArray again =
                            m.create(slice.toByteBuffer(), slice.getShape(), DataType.COMPLEX64);
                    assertArrayEquals(new float[] {1, 2, 5, 6}, again.real().toFloatArray());
                    NDArray floats =
                            m.create(FloatBuffer.wrap(values), new Shape(3), DataType.COMPLEX64);
                    assertEquals(a, floats);
                    floats.get("1:").set(FloatBuffer.wrap(new float[] {9, 8, 7, 6}));
                    assertArrayEquals(new float[] {1, 2, 9, 8, 7, 6}, floats.real().toFloatArray());
                });
        alone(
                "encoding",
                m -> {
                    NDArray a = complex(m, 3, 4).transpose();
                    a.setName("spectrum");
                    NDArray b = m.decode(a.encode());
                    assertEquals(a, b);
                    assertEquals("spectrum", b.getName());
                    NDList list = NDList.decode(m, new NDList(a, floats(m, 2)).encode());
                    assertEquals(a, list.get(0));
                });
        alone(
                "creation",
                m -> {
                    assertArrayEquals(
                            new float[] {0, 0},
                            m.zeros(new Shape(1), DataType.COMPLEX64).real().toFloatArray());
                    assertArrayEquals(
                            new float[] {1, 0},
                            m.ones(new Shape(1), DataType.COMPLEX64).real().toFloatArray());
                    assertArrayEquals(
                            new float[] {3, 0},
                            m.full(new Shape(1), 3, DataType.COMPLEX64).real().toFloatArray());
                    assertArrayEquals(
                            new float[] {1, 0, 0, 0, 0, 0, 1, 0},
                            m.eye(2, 2, 0, DataType.COMPLEX64).real().toFloatArray());
                });
        alone(
                "like another",
                m -> {
                    assertArrayEquals(
                            new float[] {0, 0}, complex(m, 1).zerosLike().real().toFloatArray());
                    assertArrayEquals(
                            new float[] {1, 0}, complex(m, 1).onesLike().real().toFloatArray());
                });
        alone(
                "copies",
                m -> {
                    NDArray a = complex(m, 3, 4);
                    NDArray b = m.create(new Shape(4, 3), DataType.COMPLEX64).transpose();
                    a.copyTo(b);
                    assertEquals(a, b);
                    b.get(0).muli(2);
                    assertNotEquals(a, b);
                    NDArray copy = a.toDevice(m.getDevice(), true);
                    assertEquals(a, copy);
                });
        foreign(
                "another engine's",
                (theirs, m) -> assertEquals(complex(m, 3, 4), m.from(complex(theirs, 3, 4))));
        alone(
                "text",
                m -> {
                    NDArray a = m.create(new float[] {1, 2, 3, 4}, new Shape(2, 2)).complex();
                    a.setName("z");
                    String text = a.toString();
                    assertTrue(text.startsWith("z: (2) " + m.getDevice() + " complex64"), text);
                    assertTrue(text.contains("[1., 2.]"), text);
                    assertTrue(text.contains("[3., 4.]"), text);
                    assertFalse(text.contains("float32"), text);
                    assertTrue(a.get(0).toDebugString(true).contains("[1., 2.]"));
                    a.close();
                    assertEquals("This array is already closed", a.toString());
                });
        for (Function<NDArray, Object> f :
                List.<Function<NDArray, Object>>of(
                        NDArray::exp,
                        NDArray::sqrt,
                        NDArray::sort,
                        NDArray::argMax,
                        NDArray::max,
                        NDArray::prod,
                        NDArray::gammaln,
                        NDArray::unique,
                        NDArray::median,
                        a -> a.percentile(50),
                        a -> a.softmax(0),
                        a -> a.gt(0),
                        a -> a.maximum(1),
                        a -> a.pow(2),
                        a -> a.mod(2),
                        a -> a.topK(1, 0, true, false),
                        a -> a.clip(0, 1),
                        a -> a.tile(2).reshape(2, 2).inverse(),
                        a -> a.getNDArrayInternal().relu(),
                        a -> a.xlogy(a),
                        a -> a.signi(),
                        a -> a.normalize(2, 0))) {
            refused(
                    "an operation on the order or of other functions",
                    UnsupportedOperationException.class,
                    "complex numbers",
                    m -> f.apply(complex(m, 2)));
        }
        return tests;
    }
}
