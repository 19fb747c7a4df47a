package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.types.DataType;
import java.util.Random;
import java.util.function.DoubleBinaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Elementwise primitives over the layouts, sizes and types by which backends choose their ways:
 * vectors and single elements, repeated rows and columns, tiles, what is left at the end. All
 * results are whole numbers that every type has, so they are exact.
 */
public abstract class ElementwiseLayoutLaws {

    /** Multiples of the groups and tiles that backends work with, and what is just not. */
    private static final int[][] MATRICES = {{3, 8}, {5, 17}, {33, 64}, {64, 130}, {97, 35}};

    private static final int[] COUNTS = {1, 2, 15, 16, 511, 512, 4095, 4097, 70_003, 1 << 17};

    private final Backend backend = backend();

    /** Returns what is held to these laws. */
    protected abstract Backend backend();

    @ParameterizedTest
    @EnumSource(Views.class)
    void copiesAndFunctions(Views from) {
        for (DataType type : TestTensors.ALL) {
            for (int[] size : MATRICES) {
                Tensor in = from.matrix(backend, type, size[0], size[1], 3);
                double[] x = TestTensors.read(backend, in);
                double[] squares = TestTensors.map(x, v -> v * v);
                for (Views to : Views.OUTPUTS) {
                    String what = type + " " + size[0] + " x " + size[1] + " to " + to;
                    Tensor out = to.matrix(backend, type, size[0], size[1], 5);
                    byte[] before = Views.memory(backend, out);
                    backend.copy(in, out);
                    assertArrayEquals(x, TestTensors.read(backend, out), "copy " + what);
                    assertSurroundings(before, out, what);
                    backend.unary(UnaryOp.SQUARE, in, out);
                    assertArrayEquals(squares, TestTensors.read(backend, out), "square " + what);
                    assertSurroundings(before, out, what);
                    release(out);
                }
                release(in);
            }
        }
    }

    /** What belongs to no element is as it was. */
    private void assertSurroundings(byte[] before, Tensor out, String what) {
        byte[] after = Views.memory(backend, out);
        Layout layout = out.layout();
        int width = out.dataType().getNumOfBytes();
        for (long i = 0; i < layout.size(0); i++) {
            for (long j = 0; j < layout.size(1); j++) {
                long at = layout.offset() + i * layout.stride(0) + j * layout.stride(1);
                System.arraycopy(before, (int) at * width, after, (int) at * width, width);
            }
        }
        assertArrayEquals(before, after, "around " + what);
    }

    @ParameterizedTest
    @EnumSource(Views.class)
    void conversions(Views from) {
        for (DataType type : TestTensors.ALL) {
            for (DataType target : TestTensors.ALL) {
                for (int[] size : new int[][] {{5, 17}, {33, 64}}) {
                    Tensor in = from.matrix(backend, type, size[0], size[1], 3);
                    double[] expected = TestTensors.round(target, TestTensors.read(backend, in));
                    for (Views to : new Views[] {Views.DENSE, Views.ODDLY_PITCHED}) {
                        Tensor out = to.matrix(backend, target, size[0], size[1], 5);
                        backend.copy(in, out);
                        assertArrayEquals(
                                expected,
                                TestTensors.read(backend, out),
                                type + " to " + target + " " + to);
                        release(out);
                    }
                    release(in);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Views.class)
    void twoOperands(Views left) {
        for (DataType type : TestTensors.ALL) {
            for (Views right : Views.values()) {
                for (int[] size : new int[][] {{3, 8}, {5, 17}, {33, 64}}) {
                    Tensor a = left.matrix(backend, type, size[0], size[1], 3);
                    Tensor b = right.matrix(backend, type, size[0], size[1], 8);
                    double[] x = TestTensors.read(backend, a);
                    double[] y = TestTensors.read(backend, b);
                    String what = type + " " + size[0] + " x " + size[1] + " and " + right;
                    twoOperands(type, a, b, x, y, size, what);
                    release(a, b);
                }
            }
        }
    }

    private void twoOperands(
            DataType type, Tensor a, Tensor b, double[] x, double[] y, int[] size, String what) {
        double[] sums = TestTensors.round(type, combine(x, y, Double::sum));
        double[] less = combine(x, y, (u, v) -> u < v ? 1 : 0);
        Tensor out = Views.DENSE.matrix(backend, type, size[0], size[1], 5);
        Tensor truth = Views.DENSE.matrix(backend, DataType.BOOLEAN, size[0], size[1], 5);
        backend.binary(BinaryOp.ADD, a, b, out);
        assertArrayEquals(sums, TestTensors.read(backend, out), "sum " + what);
        backend.binary(BinaryOp.LESS, a, b, truth);
        assertArrayEquals(less, TestTensors.read(backend, truth), "less " + what);
        double[] chosen = new double[x.length];
        for (int i = 0; i < chosen.length; i++) {
            chosen[i] = less[i] != 0 ? x[i] : y[i];
        }
        backend.where(truth, a, b, out);
        assertArrayEquals(chosen, TestTensors.read(backend, out), "where " + what);
        backend.where(
                truth.with(new Layout(new long[] {size[0], size[1]}, new long[] {0, 1}, 16)),
                a,
                Scalar.of(1),
                out);
        for (int i = 0; i < chosen.length; i++) {
            chosen[i] = less[i % size[1]] != 0 ? x[i] : 1;
        }
        assertArrayEquals(chosen, TestTensors.read(backend, out), "where by a row " + what);
        if (!b.layout().repeatsElements()) {
            backend.binary(BinaryOp.ADD, a, b, b);
            assertArrayEquals(sums, TestTensors.read(backend, b), "sum in place " + what);
        }
        release(out, truth);
    }

    private static double[] combine(double[] x, double[] y, DoubleBinaryOperator function) {
        double[] result = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            result[i] = function.applyAsDouble(x[i], y[i]);
        }
        return result;
    }

    @Test
    void allCounts() {
        for (DataType type : TestTensors.ALL) {
            for (int count : COUNTS) {
                Tensor a = TestTensors.of(backend, type, i -> Views.value(type, i, 0), count);
                Tensor b = TestTensors.of(backend, type, i -> Views.value(type, i, 7), count);
                Tensor out = TestTensors.empty(backend, type, count);
                Tensor truth = TestTensors.empty(backend, DataType.BOOLEAN, count);
                double[] x = TestTensors.read(backend, a);
                double[] y = TestTensors.read(backend, b);
                String what = type + " " + count;
                backend.binary(BinaryOp.MAXIMUM, a, b, out);
                double[] expected = combine(x, y, Math::max);
                assertArrayEquals(expected, TestTensors.read(backend, out), what);
                backend.binary(BinaryOp.MULTIPLY, a, Scalar.of(3), out);
                expected = TestTensors.round(type, TestTensors.map(x, v -> 3 * v));
                assertArrayEquals(expected, TestTensors.read(backend, out), what);
                backend.binary(BinaryOp.SUBTRACT, Scalar.of(20), a, out);
                expected = TestTensors.round(type, TestTensors.map(x, v -> 20 - v));
                assertArrayEquals(expected, TestTensors.read(backend, out), what);
                backend.binary(BinaryOp.GREATER_OR_EQUAL, Scalar.of(1), b, truth);
                expected = TestTensors.map(y, v -> 1 >= v ? 1 : 0);
                assertArrayEquals(expected, TestTensors.read(backend, truth), what);
                backend.unary(UnaryOp.LOGICAL_NOT, a, truth);
                expected = TestTensors.map(x, v -> v == 0 ? 1 : 0);
                assertArrayEquals(expected, TestTensors.read(backend, truth), what);
                backend.unary(UnaryOp.ABS, a, a);
                assertArrayEquals(
                        TestTensors.map(x, Math::abs), TestTensors.read(backend, a), what);
                // Division by no zero that is there: what lies behind the end is none.
                backend.binary(BinaryOp.EQUAL, b, Scalar.of(0), truth);
                backend.where(truth, Scalar.of(1), b, b);
                backend.binary(BinaryOp.DIVIDE, b, b, b);
                assertArrayEquals(TestTensors.map(y, v -> 1), TestTensors.read(backend, b), what);
                release(a, b, out, truth);
            }
        }
    }

    @Test
    void fillsAndSequences() {
        for (DataType type : TestTensors.ALL) {
            for (Views view : Views.OUTPUTS) {
                for (int[] size : MATRICES) {
                    String what = type + " " + size[0] + " x " + size[1] + " " + view;
                    Tensor out = view.matrix(backend, type, size[0], size[1], 5);
                    byte[] before = Views.memory(backend, out);
                    double[] expected = new double[size[0] * size[1]];
                    backend.fill(out, new Scalar(1.5, 1));
                    java.util.Arrays.fill(expected, type.isFloating() ? 1.5 : 1);
                    assertArrayEquals(expected, TestTensors.read(backend, out), "fill " + what);
                    assertSurroundings(before, out, what);
                    backend.arange(Scalar.of(-5), Scalar.of(3), out);
                    for (int i = 0; i < expected.length; i++) {
                        expected[i] = TestTensors.round(type, -5 + 3.0 * i);
                    }
                    assertArrayEquals(expected, TestTensors.read(backend, out), "arange " + what);
                    assertSurroundings(before, out, what);
                    release(out);
                }
            }
        }
    }

    @Test
    void batchesOfTransposes() {
        long[] shape = {3, 40, 2, 67};
        int[][] orders = {{0, 2, 1, 3}, {0, 1, 3, 2}, {3, 2, 1, 0}, {1, 3, 0, 2}, {0, 3, 2, 1}};
        for (DataType type : TestTensors.ALL) {
            Tensor dense = TestTensors.of(backend, type, i -> Views.value(type, i, 1), shape);
            for (int[] order : orders) {
                Tensor in = dense.with(dense.layout().permute(order));
                Tensor out = TestTensors.empty(backend, type, in.layout().shape());
                backend.copy(in, out);
                double[] expected = TestTensors.read(backend, in);
                assertArrayEquals(expected, TestTensors.read(backend, out), type.toString());
                Tensor back = TestTensors.empty(backend, type, shape);
                backend.copy(out, back.with(back.layout().permute(order)));
                assertArrayEquals(
                        TestTensors.read(backend, dense), TestTensors.read(backend, back));
                release(out, back);
            }
            release(dense);
        }
    }

    @Test
    void moreAxesThanAnyoneExpects() {
        int rank = 11;
        long[] shape = new long[rank];
        int[] order = new int[rank];
        for (int i = 0; i < rank; i++) {
            shape[i] = 2;
            // No two axes of the one are neighbours in the other.
            order[i] = i * 4 % rank;
        }
        Tensor a = TestTensors.of(backend, DataType.INT32, i -> i, shape);
        Tensor out = TestTensors.empty(backend, DataType.INT32, shape);
        Tensor b = a.with(a.layout().permute(order));
        backend.binary(BinaryOp.MULTIPLY, a, b, out);
        double[] expected =
                combine(
                        TestTensors.read(backend, a),
                        TestTensors.read(backend, b),
                        (x, y) -> x * y);
        assertArrayEquals(expected, TestTensors.read(backend, out));
        backend.copy(b, out);
        assertArrayEquals(TestTensors.read(backend, b), TestTensors.read(backend, out));
        backend.arange(Scalar.of(7), Scalar.of(1), out.with(out.layout().permute(order)));
        double[] numbers = TestTensors.read(backend, out.with(out.layout().permute(order)));
        for (int i = 0; i < numbers.length; i++) {
            assertEquals(7 + i, numbers[i]);
        }
        release(a, out);
    }

    @Test
    void nothingAtAll() {
        for (long[] shape : new long[][] {{0}, {3, 0, 2}}) {
            Tensor a = TestTensors.empty(backend, DataType.INT32, shape);
            Tensor out = TestTensors.empty(backend, DataType.INT32, shape);
            backend.copy(a, out);
            backend.fill(out, Scalar.of(7));
            backend.arange(Scalar.of(0), Scalar.of(1), out);
            backend.unary(UnaryOp.NEGATE, a, out);
            backend.binary(BinaryOp.DIVIDE, a, Scalar.of(0), out);
            Tensor truth = TestTensors.empty(backend, DataType.BOOLEAN, shape);
            backend.where(truth, a, Scalar.of(0), out);
            backend.random(RandomOp.INTEGER, 0, 9, 1, 0, out);
            release(a, out, truth);
        }
    }

    @Test
    void randomLayouts() {
        Random random = new Random(12);
        for (int round = 0; round < 60; round++) {
            long[] shape = new long[1 + random.nextInt(4)];
            int count = 1;
            for (int i = 0; i < shape.length; i++) {
                shape[i] = 1 + random.nextInt(shape.length == 1 ? 5000 : 40 >> shape.length - 2);
                count *= (int) shape[i];
            }
            DataType type = TestTensors.ALL[random.nextInt(TestTensors.ALL.length)];
            double[] x = new double[count];
            for (int i = 0; i < count; i++) {
                x[i] = Views.value(type, i, round);
            }
            Tensor a = TestTensors.scattered(backend, type, x, random, shape);
            Tensor out = TestTensors.scattered(backend, type, new double[count], random, shape);
            backend.copy(a, out);
            assertArrayEquals(x, TestTensors.read(backend, out), type.toString());
            backend.binary(BinaryOp.MULTIPLY, a, out, out);
            assertArrayEquals(
                    TestTensors.map(x, v -> v * v),
                    TestTensors.read(backend, out),
                    type.toString());
            release(a, out);
        }
    }

    private static void release(Tensor... tensors) {
        for (Tensor tensor : tensors) {
            tensor.storage().release();
        }
    }
}
