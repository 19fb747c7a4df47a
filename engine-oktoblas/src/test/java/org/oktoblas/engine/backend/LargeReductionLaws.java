package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Reductions of sizes and layouts that a device divides between many threads in one way or another:
 * few results of many elements, many of few, rows, columns, and what is neither.
 */
public abstract class LargeReductionLaws extends LargeLaws {

    /** A shape, and the axes that are reduced. */
    private record Case(long[] shape, int... axes) {}

    private static Case of(int[] axes, long... shape) {
        return new Case(shape, axes);
    }

    private static int[] over(int... axes) {
        return axes;
    }

    private static final Case[] CASES = {
        of(over(0), 1 << 17),
        of(over(0), 70_003),
        of(over(1), 3, 40_000),
        of(over(0), 40_000, 3),
        of(over(0), 2_000, 32),
        of(over(1), 24, 3_000),
        of(over(1), 4, 500, 48),
        of(over(0, 2), 20, 30, 64),
        of(over(0, 1, 2), 20, 50, 60),
        of(over(1), 10_000, 5),
        of(over(1), 1_000, 32),
        of(over(0, 2, 4), 2, 3, 4, 5, 6, 7),
        of(over(), 30, 200),
    };

    /** Numbers whose sums neither overflow nor cancel to nothing, or whose products do not. */
    private Tensor content(DataType type, boolean products, long seed, long... shape) {
        Random random = new Random(seed);
        boolean signed = type != DataType.UINT8 && type != DataType.BOOLEAN;
        return own(
                TestTensors.of(
                        backend,
                        type,
                        i -> {
                            if (products) {
                                boolean factor = i % 65_521 == 7;
                                return (signed && random.nextBoolean() ? -1 : 1) * (factor ? 3 : 1);
                            }
                            return type.isFloating()
                                    ? random.nextGaussian() + 0.125
                                    : random.nextInt(11) - (signed ? 4 : 0);
                        },
                        shape));
    }

    private static DataType resultType(ReduceOp op, DataType type) {
        return op == ReduceOp.ANY || op == ReduceOp.ALL ? DataType.BOOLEAN : type;
    }

    /** Reduces, and holds each result to a reduction in double, one element after the other. */
    private void check(ReduceOp op, Tensor in, int... axes) {
        check(op, in, TestTensors.read(backend, in), axes);
    }

    private void check(ReduceOp op, Tensor in, double[] x, int... axes) {
        long[] shape = in.layout().shape();
        long[] results = shape.clone();
        for (int axis : axes) {
            results[axis] = 1;
        }
        int count = (int) Layout.contiguous(results).count();
        double[] expected = new double[count];
        double[] magnitude = new double[count];
        Arrays.fill(expected, ReductionLaws.identity(op));
        long[] steps = Layout.contiguous(results).strides();
        for (int axis : axes) {
            steps[axis] = 0;
        }
        int[] index = new int[shape.length];
        for (int i = 0, at = 0; i < x.length; i++) {
            magnitude[at] += Math.abs(x[i]);
            expected[at] =
                    switch (op) {
                        case SUM, MEAN -> expected[at] + x[i];
                        case PRODUCT ->
                                in.dataType().isFloating()
                                        ? expected[at] * x[i]
                                        : TestTensors.round(in.dataType(), expected[at] * x[i]);
                        case MAX -> Math.max(expected[at], x[i]);
                        case MIN -> Math.min(expected[at], x[i]);
                        case ANY -> x[i] != 0 ? 1 : expected[at];
                        case ALL -> x[i] == 0 ? 0 : expected[at];
                    };
            for (int axis = shape.length - 1; axis >= 0; axis--) {
                at += (int) steps[axis];
                if (++index[axis] < shape[axis]) {
                    break;
                }
                at -= (int) (steps[axis] * shape[axis]);
                index[axis] = 0;
            }
        }
        DataType type = resultType(op, in.dataType());
        Tensor out = own(TestTensors.of(backend, type, i -> 1, results));
        backend.reduce(op, in, out);
        double[] actual = TestTensors.read(backend, out);
        double n = count == 0 ? 1 : x.length / (double) count;
        for (int i = 0; i < count; i++) {
            double wanted = expected[i];
            int place = i;
            if (op == ReduceOp.MEAN) {
                wanted = type.isFloating() ? wanted / n : (long) wanted / (long) n;
            }
            // Both add in double, in different orders. Each of their n roundings is by at most
            // 2^-53
            // of the magnitudes added up, and they go up or down like a random walk, or in larger
            // strides where elements repeat. Then each sum is rounded to the data type, perhaps to
            // either side.
            double slack =
                    type.isFloating() && (op == ReduceOp.SUM || op == ReduceOp.MEAN)
                            ? 0x1p-50 * Math.sqrt(n) * magnitude[i] / (op == ReduceOp.MEAN ? n : 1)
                                    + TestTensors.epsilon(type) * Math.abs(wanted)
                            : 0;
            slack = Double.isFinite(slack) ? slack : 0;
            assertEquals(
                    TestTensors.round(type, wanted),
                    actual[i],
                    slack,
                    () ->
                            op
                                    + " "
                                    + in.dataType()
                                    + " "
                                    + in.layout()
                                    + " over axes "
                                    + Arrays.toString(axes)
                                    + " at "
                                    + place);
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void everyOperation(DataType type) {
        for (Case one : CASES) {
            Tensor in = content(type, false, 1, one.shape);
            double[] x = TestTensors.read(backend, in);
            for (ReduceOp op : ReduceOp.values()) {
                if (op == ReduceOp.PRODUCT) {
                    check(op, content(type, true, 2, one.shape), one.axes);
                } else {
                    check(op, in, x, one.axes);
                }
            }
            release();
        }
    }

    @Test
    void aMillion() {
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT16, DataType.INT32}) {
            for (Case one :
                    new Case[] {
                        of(over(0), 1_000_003),
                        of(over(0), 1 << 20),
                        of(over(1), 3, 200_000),
                        of(over(0), 200_000, 3)
                    }) {
                Tensor in = content(type, false, 8, one.shape);
                check(ReduceOp.SUM, in, one.axes);
                release();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void everyLayout(DataType type) {
        Tensor in = content(type, false, 3, 30, 40, 60);
        Layout layout = in.layout();
        for (Layout view :
                new Layout[] {
                    layout.swap(0, 2),
                    layout.permute(1, 2, 0),
                    layout.slice(2, 1, 25, 2),
                    layout.slice(2, 3, 57, 1),
                    layout.slice(0, 29, 30, -1).slice(2, 59, 60, -1),
                    layout.slice(1, 0, 13, 3),
                    new Layout(new long[] {30, 100, 60}, new long[] {2400, 0, 1}, 0),
                    new Layout(new long[] {100, 60, 40}, new long[] {0, 1, 60}, 5),
                }) {
            Tensor seen = in.with(view);
            for (int axes = 1; axes < 8; axes++) {
                int set = axes;
                int[] reduced =
                        Stream.of(0, 1, 2)
                                .mapToInt(i -> i)
                                .filter(i -> (set >> i & 1) != 0)
                                .toArray();
                check(ReduceOp.SUM, seen, reduced);
                check(ReduceOp.MIN, seen, reduced);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void resultsOfAnyLayout(DataType type) {
        Tensor in = content(type, false, 4, 40, 16, 200);
        for (int axis = 0; axis < 3; axis++) {
            long[] shape = in.layout().shape();
            shape[axis] = 1;
            Tensor dense = own(TestTensors.of(backend, type, i -> 1, shape));
            backend.reduce(ReduceOp.SUM, in, dense);
            double[] values = new double[(int) dense.layout().count()];
            Tensor odd = own(TestTensors.scattered(backend, type, values, new Random(axis), shape));
            backend.reduce(ReduceOp.SUM, in, odd);
            assertArrayEquals(
                    TestTensors.read(backend, dense),
                    TestTensors.read(backend, odd),
                    "axis " + axis);
        }
    }

    @Test
    void notANumberAndInfinities() {
        for (DataType type : TestTensors.FLOATING) {
            for (long[] shape : new long[][] {{1 << 16, 1}, {1, 1 << 16}, {900, 48}, {48, 900}}) {
                for (int axis = 0; axis < 2; axis++) {
                    int place = (int) (shape[0] * shape[1]) / 2 + 5;
                    for (double special :
                            new double[] {
                                Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY
                            }) {
                        Tensor in =
                                own(
                                        TestTensors.of(
                                                backend,
                                                type,
                                                i -> i == place ? special : -(i % 5) - 1,
                                                shape));
                        check(ReduceOp.MAX, in, axis);
                        check(ReduceOp.MIN, in, axis);
                        check(ReduceOp.MEAN, in, axis);
                        check(ReduceOp.ANY, in, axis);
                        release();
                    }
                }
            }
        }
    }

    /**
     * Rows of many lengths, with numbers in them whose sums as floats would overflow or be NaN, and
     * NaN.
     */
    @Test
    void rowsOfFloats() {
        Random random = new Random(9);
        for (long[] shape :
                new long[][] {
                    {40_001},
                    {3, 4_099},
                    {5, 1_024},
                    {7, 1_152},
                    {33, 2_048},
                    {2, 70_000},
                    {9, 5_000}
                }) {
            int axis = shape.length - 1;
            long count = Layout.contiguous(shape).count();
            for (double[] places :
                    new double[][] {
                        {},
                        {3e38, 2e38, -3e38, -2e38},
                        {Double.POSITIVE_INFINITY},
                        {Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY},
                        {Double.NaN}
                    }) {
                double[] x = new double[(int) count];
                Arrays.setAll(x, i -> (float) (random.nextGaussian() + 0.125));
                for (int i = 0; i < 6 * places.length; i++) {
                    // Beside each other, so that they meet before others of their row.
                    int at = (int) (count / 7 * (1 + i / places.length));
                    x[at + i % places.length] = places[i % places.length];
                }
                Tensor in = own(TestTensors.of(backend, DataType.FLOAT32, x, shape));
                for (ReduceOp op : ReduceOp.values()) {
                    if (op != ReduceOp.PRODUCT) {
                        check(op, in, x, axis);
                    }
                }
                // Beginning at no multiple of anything.
                if (axis == 0) {
                    Tensor part = in.with(in.layout().slice(0, 3, count - 10, 1));
                    check(ReduceOp.SUM, part, axis);
                    check(ReduceOp.MAX, part, axis);
                }
                release();
            }
        }
    }

    /** Java's max and min tell zeros apart, and so do these. */
    @Test
    void negativeZeroIsBelowZero() {
        for (DataType type : TestTensors.FLOATING) {
            Tensor in = own(TestTensors.of(backend, type, i -> i == 77 ? 0.0 : -0.0, 1, 4096));
            Tensor out = own(TestTensors.empty(backend, type, 1, 1));
            backend.reduce(ReduceOp.MAX, in, out);
            assertEquals(Double.POSITIVE_INFINITY, 1 / TestTensors.read(backend, out)[0]);
            backend.reduce(ReduceOp.MIN, in, out);
            assertEquals(Double.NEGATIVE_INFINITY, 1 / TestTensors.read(backend, out)[0]);
        }
    }

    @Test
    void integersWrap() {
        Tensor in = own(TestTensors.of(backend, DataType.INT32, i -> 1 << 30, 100_000));
        Tensor out = own(TestTensors.empty(backend, DataType.INT32, 1));
        backend.reduce(ReduceOp.SUM, in, out);
        assertEquals((int) (100_000L << 30), TestTensors.read(backend, out)[0]);
        backend.reduce(ReduceOp.MEAN, in, out);
        assertEquals(1 << 30, TestTensors.read(backend, out)[0]);
        Tensor odd = own(TestTensors.of(backend, DataType.INT64, i -> -3, 3, 100_001));
        Tensor many = own(TestTensors.of(backend, DataType.INT64, i -> 1L << 50, 40_002));
        Tensor part = many.with(many.layout().slice(0, 1, 40_000, 1));
        Tensor sum = own(TestTensors.empty(backend, DataType.INT64, 1));
        backend.reduce(ReduceOp.SUM, part, sum);
        assertEquals((double) (40_000L << 50), TestTensors.read(backend, sum)[0]);
        Tensor products = own(TestTensors.empty(backend, DataType.INT64, 3, 1));
        backend.reduce(ReduceOp.PRODUCT, odd, products);
        long expected = 1;
        for (int i = 0; i < 100_001; i++) {
            expected *= -3;
        }
        assertEquals(expected, TestTensors.read(backend, products)[2]);
    }

    /** More axes than a device's kernels tell apart. */
    @Test
    void manyAxes() {
        long[] shape = new long[18];
        Arrays.fill(shape, 2);
        int[] reversed = new int[18];
        Arrays.setAll(reversed, i -> 17 - i);
        Tensor dense = content(DataType.FLOAT32, false, 7, shape);
        Tensor in = dense.with(dense.layout().permute(reversed));
        check(ReduceOp.SUM, in, 0, 2, 4, 6, 8, 10, 12, 14, 16);
        check(ReduceOp.MIN, in, IntStream.range(0, 17).toArray());
        check(ReduceOp.MAX, in, 3);
    }

    @Test
    void theSameEveryTime() {
        Tensor in = content(DataType.FLOAT64, false, 6, 3, 300_000);
        Tensor out = own(TestTensors.empty(backend, DataType.FLOAT64, 3, 1));
        backend.reduce(ReduceOp.SUM, in, out);
        double[] first = TestTensors.read(backend, out);
        for (int i = 0; i < 3; i++) {
            backend.reduce(ReduceOp.SUM, in, out);
            assertArrayEquals(first, TestTensors.read(backend, out));
        }
    }
}
