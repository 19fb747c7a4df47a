package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.junit.jupiter.api.DynamicTest;

/**
 * Runs the same operations on this engine and on its peer, as a rule DJL's PyTorch engine: shapes,
 * data types and elements must be the same. No case knows the engine or device that it runs on;
 * each test's name says what it was compared with.
 */
abstract class EngineParity {

    static final DataType[] TYPES = {
        DataType.FLOAT32,
        DataType.FLOAT64,
        DataType.FLOAT16,
        DataType.INT8,
        DataType.UINT8,
        DataType.INT32,
        DataType.INT64,
        DataType.BOOLEAN
    };

    final List<DynamicTest> tests = new ArrayList<>();

    private final Target ours;
    private final Target peer;

    EngineParity(Target ours) {
        this.ours = ours;
        peer = ours.peer();
    }

    final void test(String name, Function<NDManager, NDArray> body) {
        lists(name, manager -> new NDList(body.apply(manager)));
    }

    final void lists(String name, Function<NDManager, NDList> body) {
        compare(name, (theirs, own) -> compare(name, body.apply(theirs), body.apply(own)));
    }

    private static void compare(String name, NDList expected, NDList actual) {
        assertEquals(expected.size(), actual.size(), "number of arrays");
        for (int i = 0; i < expected.size(); i++) {
            compare(name, expected.get(i), actual.get(i));
        }
    }

    /** Compares with what is expected, made from numbers that no engine computed. */
    final void reference(
            String name, Function<NDManager, NDList> expected, Function<NDManager, NDList> body) {
        compare(name, (theirs, own) -> compare(name, expected.apply(theirs), body.apply(own)));
    }

    final void compare(String name, BiConsumer<NDManager, NDManager> body) {
        tests.add(
                DynamicTest.dynamicTest(
                        name + " (beside " + peer + ")",
                        () -> {
                            try (NDManager theirs = peer.newManager();
                                    NDManager own = ours.newManager()) {
                                body.accept(theirs, own);
                            }
                        }));
    }

    /** Compares texts, but for the devices in them. */
    final void texts(String name, Function<NDManager, String> body) {
        compare(
                name,
                (theirs, own) -> {
                    String expected = body.apply(theirs);
                    String actual = body.apply(own);
                    assertEquals(
                            expected.replace(peer.device().toString(), "device"),
                            actual.replace(ours.device().toString(), "device"),
                            name);
                });
    }

    private static void compare(String name, NDArray expected, NDArray actual) {
        boolean half = expected.getDataType() == DataType.FLOAT16;
        compare(name, expected, actual, half ? 1e-3 : 2e-6, 1);
    }

    /** Compares, allowing floats to differ by so much of the largest element, or of a least one. */
    static void compare(
            String name, NDArray expected, NDArray actual, double precision, double least) {
        assertEquals(expected.getDataType(), actual.getDataType(), "data type of " + name);
        assertEquals(expected.getShape(), actual.getShape(), "shape of " + name);
        if (expected.getDataType().isFloating()) {
            double[] e = doubles(expected);
            double[] a = doubles(actual);
            // Sums lose precision by the size of what they add up: allow for the largest element.
            double size = least;
            for (double value : e) {
                size = Math.abs(value) < 1e30 ? Math.max(size, Math.abs(value)) : size;
            }
            double tolerance = size * precision;
            for (int i = 0; i < e.length; i++) {
                assertEquals(e[i], a[i], tolerance, "element " + i + " of " + name);
            }
        } else {
            assertArrayEquals(
                    bytes(expected), bytes(actual), name + ": " + actual + " is not " + expected);
        }
    }

    private static byte[] bytes(NDArray array) {
        return array.toByteArray();
    }

    private static double[] doubles(NDArray array) {
        return array.toType(DataType.FLOAT64, false).toDoubleArray();
    }

    /** Floats around zero, the same on every engine. */
    static NDArray floats(NDManager manager, long... shape) {
        Shape s = new Shape(shape);
        Random random = new Random(s.size() * 31 + shape.length);
        float[] values = new float[(int) s.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return manager.create(values, s);
    }

    static NDArray floats(NDManager manager, DataType type, long... shape) {
        return floats(manager, shape).toType(type, false);
    }

    /** Floats from -2 to 2 that are whole: small sums of their products are exact in any type. */
    static NDArray wholes(NDManager manager, long... shape) {
        return integers(manager, 5, shape).sub(2).toType(DataType.FLOAT32, false);
    }

    /** Whole numbers 0 … below, the same on every engine. */
    static NDArray integers(NDManager manager, int below, long... shape) {
        Shape s = new Shape(shape);
        Random random = new Random(s.size() * 17 + below);
        long[] values = new long[(int) s.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextInt(below);
        }
        return manager.create(values, s);
    }

    static NDArray typed(NDManager manager, DataType type, long... shape) {
        return integers(manager, 5, shape).toType(type, false);
    }

    static NDArray special(NDManager manager) {
        return manager.create(
                new float[] {
                    1, Float.NaN, Float.POSITIVE_INFINITY, -0f, Float.NEGATIVE_INFINITY, 3
                });
    }
}
