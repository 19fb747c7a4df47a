package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Diagonals, traces, inverses, products of batches, rotations and special functions. */
abstract class LinearAlgebraLaws extends Definitions {

    LinearAlgebraLaws(Target ours) {
        super(ours);
    }

    @TestFactory
    List<DynamicTest> diagonals() {
        test("diagonal", m -> floats(m, 4, 4).diagonal());
        test("diagonal of a long matrix", m -> floats(m, 3, 5).diagonal());
        test("diagonal of a batch", m -> floats(m, 3, 5, 2).diagonal());
        for (int offset = -5; offset <= 5; offset++) {
            int by = offset;
            test("diagonal offset " + by, m -> floats(m, 3, 4).diagonal(by));
            test("diagonal of axes offset " + by, m -> floats(m, 2, 3, 4).diagonal(by, 2, 0));
        }
        test("diagonal of last axes", m -> floats(m, 2, 3, 4).diagonal(0, -2, -1));
        test("diagonal of a view", m -> floats(m, 6, 5).get("1::2").transpose().diagonal(1));
        test("diagonal of integers", m -> integers(m, 9, 3, 3).diagonal());
        test(
                "diagonal written to",
                m -> {
                    NDArray a = floats(m, 3, 4);
                    a.diagonal(1).muli(0).addi(7);
                    return a;
                });
        refused(
                "a diagonal of one axis",
                IllegalArgumentException.class,
                "two different axes",
                m -> floats(m, 3, 3).diagonal(0, 1, -1));
        refused(
                "a diagonal of a vector",
                IllegalArgumentException.class,
                "",
                m -> floats(m, 3).diagonal());
        defined(
                "trace",
                m -> m.arange(8f).reshape(2, 2, 2).trace(),
                DataType.FLOAT32,
                new Shape(2),
                6,
                8);
        defined(
                "trace of an offset",
                m -> m.arange(9).reshape(3, 3).trace(-1),
                DataType.INT64,
                new Shape(),
                3 + 7);
        defined(
                "trace of axes",
                m -> m.arange(12f).reshape(2, 2, 3).trace(1, 1, 2),
                DataType.FLOAT32,
                new Shape(2),
                1 + 5,
                7 + 11);
        defined(
                "trace of nothing",
                m -> m.ones(new Shape(2, 2)).trace(5),
                DataType.FLOAT32,
                new Shape(),
                0);
        defined(
                "trace of booleans",
                m -> m.eye(3).toType(DataType.BOOLEAN, false).trace(),
                DataType.INT64,
                new Shape(),
                3);
        return tests;
    }

    private static NDArray regular(NDArray array) {
        // A large diagonal keeps the condition number small, and with it the two engines' errors.
        int n = (int) array.getShape().get(array.getShape().dimension() - 1);
        return array.add(array.getManager().eye(n).mul(n + 4));
    }

    @TestFactory
    List<DynamicTest> inverses() {
        for (int n : new int[] {1, 2, 3, 10, 40}) {
            test("inverse " + n, m -> regular(floats(m, n, n)).inverse());
            test("inverse of a batch " + n, m -> regular(floats(m, 2, 3, n, n)).inverse());
        }
        test(
                "inverse of a view",
                m -> regular(floats(m, 6, 6)).get("1:5, 1:5").transpose().inverse());
        test("inverse of none", m -> floats(m, 0, 3, 3).inverse());
        test(
                "inverse of doubles",
                m -> regular(floats(m, 3, 3)).toType(DataType.FLOAT64, false).inverse());
        test(
                "inverse that needs rows exchanged",
                m -> m.create(new float[] {0, 2, 0, 0, 0, 4, 8, 0, 0}, new Shape(3, 3)).inverse());
        defined(
                "inverse of matrices of no size",
                m -> floats(m, 2, 0, 0).inverse(),
                DataType.FLOAT32,
                new Shape(2, 0, 0));
        defined(
                "inverse of FLOAT16",
                m ->
                        m.create(new float[] {2, 1, 0, 4}, new Shape(2, 2))
                                .toType(DataType.FLOAT16, false)
                                .inverse(),
                DataType.FLOAT16,
                new Shape(2, 2),
                0.5,
                -0.125,
                0,
                0.25);
        alone(
                "inverse of doubles keeps their digits",
                m -> {
                    NDArray a = regular(floats(m, 20, 20)).toType(DataType.FLOAT64, false);
                    NDArray off = a.inverse().matMul(a).sub(m.eye(20, 20, 0, DataType.FLOAT64));
                    double largest = off.abs().max().getDouble();
                    assertTrue(largest < 1e-13, "off by " + largest);
                });
        refused(
                "a singular matrix",
                IllegalArgumentException.class,
                "Matrix 1",
                m -> m.create(new float[] {1, 0, 0, 1, 1, 2, 2, 4}, new Shape(2, 2, 2)).inverse());
        refused(
                "a matrix too large for a Java array",
                IllegalStateException.class,
                "would take 3200000000 bytes",
                m -> m.ones(new Shape(1, 1)).broadcast(20_000, 20_000).inverse());
        refused(
                "a matrix that is not square",
                IllegalArgumentException.class,
                "square",
                m -> floats(m, 2, 3).inverse());
        refused(
                "integers",
                IllegalArgumentException.class,
                "floating point",
                m -> integers(m, 9, 2, 2).inverse());
        return tests;
    }

    @TestFactory
    List<DynamicTest> products() {
        alone(
                "batchDot is matMul of each",
                m -> {
                    NDArray a = floats(m, 2, 3, 4, 5);
                    NDArray b = floats(m, 2, 3, 5, 6);
                    NDArray all = a.batchDot(b);
                    assertEquals(new Shape(2, 3, 4, 6), all.getShape());
                    assertTrue(all.get(1, 2).allClose(a.get(1, 2).matMul(b.get(1, 2))));
                });
        defined(
                "batchDot",
                m -> m.ones(new Shape(2, 1, 4)).batchDot(m.ones(new Shape(2, 4, 2))),
                DataType.FLOAT32,
                new Shape(2, 1, 2),
                4,
                4,
                4,
                4);
        refused(
                "batchDot of other batches",
                IllegalArgumentException.class,
                "same lengths",
                m -> floats(m, 2, 3, 4).batchDot(floats(m, 3, 4, 5)));
        refused(
                "batchDot of matrices",
                IllegalArgumentException.class,
                "matMul",
                m -> floats(m, 3, 4).batchDot(floats(m, 4, 5)));
        return tests;
    }

    @TestFactory
    List<DynamicTest> rotations() {
        for (int times = -5; times <= 5; times++) {
            int by = times;
            test("rotate90 times " + by, m -> floats(m, 3, 4).rotate90(by, new int[] {0, 1}));
            test(
                    "rotate90 back times " + by,
                    m -> floats(m, 2, 3, 4).rotate90(by, new int[] {-1, 0}));
        }
        test("rotate90 of nothing", m -> floats(m, 0, 4).rotate90(1, new int[] {0, 1}));
        test("rotate90 of a view", m -> floats(m, 6, 4).get("::2").rotate90(1, new int[] {1, 0}));
        refused(
                "rotate90 in one axis",
                IllegalArgumentException.class,
                "two different axes",
                m -> floats(m, 3, 4).rotate90(1, new int[] {1, -1}));
        return tests;
    }

    @TestFactory
    List<DynamicTest> functions() {
        float[] around = {
            -3.5f, -3, -2.999f, -2.5f, -1.5f, -1, -0.5f, -1e-4f, -0f, 0, 1e-30f, 1e-4f, 0.25f, 0.5f,
            0.75f, 1, 1.4616f, 2, 2.5f, 3, 10, 100.25f
        };
        float[] far = {
            1e10f,
            3e37f,
            -1e10f,
            -12345.5f,
            Float.NaN,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY
        };
        test("gammaln", m -> m.create(around).gammaln());
        for (float one : far) {
            // Each by itself, as the allowed difference is by the largest.
            test("gammaln of " + one, m -> m.create(one).gammaln());
        }
        test("gammaln of a view", m -> floats(m, 4, 6).abs().get(":, ::2").gammaln());
        test("gammaln of integers", m -> m.create(new int[] {-1, 0, 1, 2, 5, 20}).gammaln());
        test("gammaln of FLOAT64", m -> m.create(new double[] {-0.5, 0.1, 1.5, 30}).gammaln());
        // log((n − 1)!) and log(√π)
        defined(
                "gammaln by factorials",
                m -> m.create(new double[] {4, 6, 0.5, -0.5, 1, 2}).gammaln(),
                DataType.FLOAT64,
                new Shape(6),
                Math.log(6),
                Math.log(120),
                Math.log(Math.PI) / 2,
                Math.log(2) + Math.log(Math.PI) / 2,
                0,
                0);
        float[] xs = {0, 0, 0, 0, -0f, 1, 2, -1, Float.NaN, 0, 3};
        float[] ys = {0, -1, Float.POSITIVE_INFINITY, Float.NaN, 0, 2, 0, 3, 1, 5, -2};
        test("xlogy", m -> m.create(xs).xlogy(m.create(ys)));
        test("xlogy broadcast", m -> floats(m, 3, 1).xlogy(floats(m, 4).abs()));
        test(
                "xlogy of views",
                m -> floats(m, 4, 3).transpose().xlogy(floats(m, 3, 8).abs().get(":, ::2")));
        test("xlogy of integers", m -> integers(m, 4, 5).xlogy(integers(m, 5, 5)));
        test(
                "xlogy of types",
                m -> integers(m, 4, 5).xlogy(floats(m, 5).abs().toType(DataType.FLOAT64, false)));
        defined(
                "xlogy of scalars",
                m -> m.create(2f).xlogy(m.create(3f)),
                DataType.FLOAT32,
                new Shape(),
                2 * Math.log(3));
        return tests;
    }
}
