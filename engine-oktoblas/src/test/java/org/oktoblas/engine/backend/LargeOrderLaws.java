package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Cumulative operations and sorting along axes of lengths that a device handles in one way or
 * another: several lines at once, one, parts of one.
 */
public abstract class LargeOrderLaws extends LargeLaws {

    /** The row-major positions of a line's elements. */
    private static int[] line(long[] shape, int axis, int line) {
        int inner = 1;
        for (int i = axis + 1; i < shape.length; i++) {
            inner *= (int) shape[i];
        }
        int length = (int) shape[axis];
        int first = line / inner * inner * length + line % inner;
        int step = inner;
        return IntStream.range(0, length).map(i -> first + i * step).toArray();
    }

    private static int lines(long[] shape, int axis) {
        return (int) (Layout.contiguous(shape).count() / shape[axis]);
    }

    // ---- cumulative sums and products

    private void checkScan(ReduceOp op, Tensor in, int axis, Tensor out) {
        DataType type = in.dataType();
        double[] x = TestTensors.read(backend, in);
        backend.scan(op, in, axis, out);
        double[] actual = TestTensors.read(backend, out);
        long[] shape = in.layout().shape();
        for (int line = 0; line < lines(shape, axis); line++) {
            double total = op == ReduceOp.SUM ? 0 : 1;
            double magnitude = 0;
            int done = 0;
            for (int i : line(shape, axis, line)) {
                total = op == ReduceOp.SUM ? total + x[i] : total * x[i];
                if (!type.isFloating() && type != DataType.BOOLEAN) {
                    total = TestTensors.round(type, total);
                }
                magnitude += Math.abs(x[i]);
                double slack = 0;
                if (type.isFloating() && op == ReduceOp.SUM) {
                    // Roundings of double sums in another order, and one to the data type.
                    slack =
                            0x1p-52 * Math.sqrt(++done) * magnitude
                                    + TestTensors.epsilon(type) * Math.abs(total);
                    slack = Double.isFinite(slack) ? slack : 0;
                }
                assertEquals(
                        TestTensors.round(type, total),
                        actual[i],
                        slack,
                        () -> op + " " + type + " " + in.layout() + " along " + axis + " at " + i);
            }
        }
    }

    private Tensor numbers(DataType type, ReduceOp op, long seed, long... shape) {
        Random random = new Random(seed);
        boolean signed = type != DataType.UINT8 && type != DataType.BOOLEAN;
        return of(
                type,
                i -> {
                    if (op == ReduceOp.PRODUCT) {
                        boolean factor = i % 8191 == 7;
                        return (signed && random.nextBoolean() ? -1 : 1) * (factor ? 2 : 1);
                    }
                    return type.isFloating()
                            ? random.nextGaussian()
                            : random.nextInt(9) - (signed ? 4 : 0);
                },
                shape);
    }

    private static final Object[][] SCANS = {
        {new long[] {100_000}, 0},
        {new long[] {3, 40_000}, 1},
        {new long[] {40_000, 3}, 0},
        {new long[] {3_000, 7}, 1},
        {new long[] {300, 37}, 1},
        {new long[] {37, 300}, 0},
        {new long[] {5, 2048}, 1},
        {new long[] {5, 2049}, 1},
        {new long[] {3, 1024}, 1},
        {new long[] {4, 130, 33}, 1},
        {new long[] {2, 300, 70}, 2},
        {new long[] {9, 1}, 1},
        {new long[] {1, 9}, 0},
    };

    @ParameterizedTest
    @MethodSource("types")
    void scans(DataType type) {
        for (Object[] one : SCANS) {
            long[] shape = (long[]) one[0];
            for (ReduceOp op : new ReduceOp[] {ReduceOp.SUM, ReduceOp.PRODUCT}) {
                Tensor in = numbers(type, op, 3, shape);
                checkScan(op, in, (int) one[1], of(type, i -> 1, shape));
                // In place.
                checkScan(op, in, (int) one[1], in);
            }
            release();
        }
    }

    @Test
    void scansOfManyElements() {
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64, DataType.INT64}) {
            Tensor row = numbers(type, ReduceOp.SUM, 5, 300_000);
            checkScan(ReduceOp.SUM, row, 0, of(type, i -> 1, 300_000));
            Tensor columns = numbers(type, ReduceOp.SUM, 6, 200_000, 3);
            checkScan(ReduceOp.SUM, columns, 0, of(type, i -> 1, 200_000, 3));
            release();
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void scansOfAnyLayout(DataType type) {
        Tensor in = numbers(type, ReduceOp.SUM, 7, 20, 40, 50);
        Layout layout = in.layout();
        for (Layout view :
                new Layout[] {
                    layout.permute(2, 0, 1),
                    layout.slice(2, 1, 24, 2),
                    layout.slice(1, 39, 40, -1),
                    new Layout(new long[] {20, 30, 50}, new long[] {2000, 0, 1}, 3),
                    layout.slice(0, 3, 1, 1),
                }) {
            for (int axis = 0; axis < 3; axis++) {
                long[] shape = view.shape();
                double[] zeros = new double[(int) view.count()];
                Tensor out = TestTensors.scattered(backend, type, zeros, new Random(axis), shape);
                own(out);
                checkScan(ReduceOp.SUM, in.with(view), axis, out);
            }
        }
        // A long line whose elements lie apart.
        Tensor apart = numbers(type, ReduceOp.SUM, 8, 20_000, 2);
        Tensor one = apart.with(apart.layout().slice(1, 1, 1, 1).slice(0, 19_999, 20_000, -1));
        checkScan(ReduceOp.SUM, one, 0, of(type, i -> 1, 20_000, 1));
    }

    @Test
    void notANumberStays() {
        for (DataType type : TestTensors.FLOATING) {
            for (double special : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
                Tensor in = of(type, i -> i == 20_000 ? special : i % 3 - 1, 60_000);
                checkScan(ReduceOp.SUM, in, 0, of(type, i -> 1, 60_000));
                Tensor rows = of(type, i -> i == 777 ? special : i % 3 - 1, 100, 30);
                checkScan(ReduceOp.SUM, rows, 1, of(type, i -> 1, 100, 30));
            }
        }
    }

    // ---- sorting

    private void checkSort(boolean descending, Tensor in, int axis, int k) {
        DataType type = in.dataType();
        long[] kept = in.layout().shape();
        kept[axis] = k;
        Tensor values = of(type, i -> 1, kept);
        checkSort(descending, in, axis, values, of(DataType.INT64, i -> -1, kept));
    }

    private void checkSort(boolean descending, Tensor in, int axis, Tensor values, Tensor indices) {
        DataType type = in.dataType();
        double[] x = TestTensors.read(backend, in);
        backend.sort(descending, in, axis, values, indices);
        double[] actualValues = TestTensors.read(backend, values);
        double[] actualIndices = TestTensors.read(backend, indices);
        long[] shape = in.layout().shape();
        long[] kept = values.layout().shape();
        for (int line = 0; line < lines(shape, axis); line++) {
            int[] from = line(shape, axis, line);
            // NaN is the largest, zeros are equal, equals keep their order.
            Comparator<Integer> order =
                    Comparator.comparingDouble(i -> x[from[i]] == 0 ? 0.0 : x[from[i]]);
            Integer[] sorted = new Integer[from.length];
            Arrays.setAll(sorted, i -> i);
            Arrays.sort(sorted, descending ? order.reversed() : order);
            int[] to = line(kept, axis, line);
            for (int i = 0; i < to.length; i++) {
                int rank = i;
                assertEquals(
                        sorted[i].doubleValue(),
                        actualIndices[to[i]],
                        () ->
                                type
                                        + (descending ? " descending " : " ascending ")
                                        + in.layout()
                                        + " along "
                                        + axis
                                        + ", the first "
                                        + to.length
                                        + ", at "
                                        + rank);
                // With the sign of zero.
                double value = x[from[sorted[i]]];
                assertEquals(0, Double.compare(value, actualValues[to[i]]), "the value there");
            }
        }
    }

    /** Few numbers, so that many are equal, and some that are special. */
    private Tensor ties(DataType type, long seed, long... shape) {
        Random random = new Random(seed);
        return of(
                type,
                i -> {
                    int number = random.nextInt(200);
                    if (!type.isFloating()) {
                        return type == DataType.BOOLEAN ? number % 2 : number - 100;
                    }
                    return switch (number) {
                        case 0 -> Double.NaN;
                        case 1 -> -0.0;
                        case 2 -> 0.0;
                        case 3 -> Double.NEGATIVE_INFINITY;
                        case 4 -> Double.POSITIVE_INFINITY;
                        default -> (number - 100) * 0.5;
                    };
                },
                shape);
    }

    @ParameterizedTest
    @MethodSource("types")
    void sortsOfLines(DataType type) {
        for (int n : new int[] {1, 2, 31, 300, 1025, 2047, 2048, 2049, 5000}) {
            Tensor in = ties(type, n, 3, n);
            for (int k : new int[] {1, 40, n / 2, n}) {
                if (k <= n && k > 0) {
                    checkSort(false, in, 1, k);
                    checkSort(true, in, 1, k);
                }
            }
            release();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 40, 1023, 1024, 1025, 5000, 60_000})
    void firstOfMany(int k) {
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64, DataType.INT32}) {
            Random random = new Random(k);
            Tensor distinct = of(type, i -> random.nextInt(), 2, 60_000);
            checkSort(true, distinct, 1, k);
            checkSort(false, ties(type, k, 1, 60_000), 1, k);
            release();
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void sortsOfAnyLayout(DataType type) {
        Tensor in = ties(type, 9, 30, 40, 50);
        Layout layout = in.layout();
        for (Layout view :
                new Layout[] {
                    layout,
                    layout.permute(2, 0, 1),
                    layout.slice(2, 1, 24, 2).slice(0, 29, 30, -1),
                    new Layout(new long[] {30, 20, 50}, new long[] {2000, 0, 1}, 3),
                }) {
            for (int axis = 0; axis < 3; axis++) {
                checkSort(true, in.with(view), axis, (int) view.size(axis) - 3);
            }
        }
        Tensor columns = ties(type, 10, 3000, 4);
        checkSort(false, columns, 0, 3000);
        checkSort(true, columns, 0, 17);
        // Outputs in any layout, too.
        double[] zeros = new double[3000 * 4];
        Tensor values = TestTensors.scattered(backend, type, zeros, new Random(1), 3000, 4);
        Tensor indices =
                TestTensors.scattered(backend, DataType.INT64, zeros, new Random(2), 3000, 4);
        own(values);
        own(indices);
        checkSort(true, columns, 0, values, indices);
    }

    /** More axes than a device's kernels tell apart. */
    @Test
    void manyAxes() {
        long[] shape = {2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 2, 2};
        int[] reversed = new int[shape.length];
        Arrays.setAll(reversed, i -> shape.length - 1 - i);
        Tensor dense = ties(DataType.FLOAT32, 13, shape);
        Tensor in = dense.with(dense.layout().permute(reversed));
        Tensor numbers = numbers(DataType.FLOAT32, ReduceOp.SUM, 14, shape);
        Tensor scanned = numbers.with(numbers.layout().permute(reversed));
        for (int axis : new int[] {0, 7, 11}) {
            checkSort(true, in, axis, 2);
            checkScan(
                    ReduceOp.SUM, scanned, axis, of(DataType.FLOAT32, i -> 1, in.layout().shape()));
        }
    }

    @Test
    void sortsInPlace() {
        for (int n : new int[] {7, 2000, 6000}) {
            Tensor in = ties(DataType.FLOAT32, n, 4, n);
            checkSort(false, in, 1, in, of(DataType.INT64, i -> -1, 4, n));
        }
    }

    @Test
    void sortsOfManyShortLines() {
        Tensor in = ties(DataType.FLOAT16, 12, 20_000, 5);
        checkSort(true, in, 1, 2);
        checkSort(false, in.with(in.layout().swap(0, 1)), 0, 5);
    }

    /** The ends of what integers can be come first and last. */
    @Test
    void sortsTheEndsOfIntegers() {
        long[] ends = {Integer.MIN_VALUE, Integer.MAX_VALUE, 0, -1, 1};
        Tensor narrow = of(DataType.INT32, i -> ends[i % 5], 1, 5003);
        checkSort(false, narrow, 1, 5003);
        checkSort(true, narrow, 1, 20);
        double[] wide = {Long.MIN_VALUE, Long.MAX_VALUE, 0, -1, 1};
        Tensor longs = of(DataType.INT64, i -> wide[i % 5], 1, 5003);
        checkSort(true, longs, 1, 5003);
        checkSort(false, longs, 1, 20);
    }
}
