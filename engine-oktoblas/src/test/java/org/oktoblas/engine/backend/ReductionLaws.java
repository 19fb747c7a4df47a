package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Reductions, scans, sorting, gather and scatter over random shapes, types and layouts. */
public abstract class ReductionLaws {

    private final Backend backend = backend();

    /** Returns what is held to these laws. */
    protected abstract Backend backend();

    private static double[] content(DataType type, int count, Random random) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] =
                    TestTensors.round(
                            type,
                            type.isFloating()
                                    ? random.nextGaussian()
                                    : random.nextInt(type == DataType.BOOLEAN ? 2 : 7));
        }
        return values;
    }

    private static long[] shape(List<Integer> sizes) {
        return sizes.stream().mapToLong(i -> i).toArray();
    }

    private static int[] index(long[] shape, int linear) {
        int[] index = new int[shape.length];
        int rest = linear;
        for (int i = shape.length - 1; i >= 0; i--) {
            index[i] = (int) (rest % shape[i]);
            rest /= (int) shape[i];
        }
        return index;
    }

    private static int linear(long[] shape, int[] index) {
        int linear = 0;
        for (int i = 0; i < shape.length; i++) {
            linear = linear * (int) shape[i] + (shape[i] == 1 ? 0 : index[i]);
        }
        return linear;
    }

    @Property(tries = 300)
    void reductionsOfAnyAxes(
            @ForAll @Size(min = 1, max = 4) List<@IntRange(min = 1, max = 40) Integer> sizes,
            @ForAll @IntRange(min = 0, max = 15) int axes,
            @ForAll ReduceOp op,
            @ForAll @IntRange(max = 8) int typeIndex,
            @ForAll long seed) {
        DataType type = TestTensors.ALL[typeIndex];
        if (type == DataType.BOOLEAN && op != ReduceOp.ANY && op != ReduceOp.ALL) {
            return;
        }
        Random random = new Random(seed);
        long[] shape = shape(sizes);
        long[] results = shape.clone();
        for (int i = 0; i < shape.length; i++) {
            if ((axes >> i & 1) != 0) {
                results[i] = 1;
            }
        }
        int count = (int) Layout.contiguous(shape).count();
        int resultCount = (int) Layout.contiguous(results).count();
        if (count > 20_000) {
            return;
        }
        double[] x = content(type, count, random);
        double[] expected = new double[resultCount];
        double[] magnitude = new double[resultCount];
        Arrays.fill(expected, identity(op));
        for (int i = 0; i < count; i++) {
            int at = linear(results, index(shape, i));
            magnitude[at] += Math.abs(x[i]);
            expected[at] =
                    switch (op) {
                        case SUM, MEAN -> expected[at] + x[i];
                        // Integers wrap; long arithmetic keeps what a double would lose.
                        case PRODUCT ->
                                type.isFloating()
                                        ? expected[at] * x[i]
                                        : TestTensors.round(
                                                type, (long) expected[at] * (long) x[i]);
                        case MAX -> Math.max(expected[at], x[i]);
                        case MIN -> Math.min(expected[at], x[i]);
                        case ANY -> x[i] != 0 ? 1 : expected[at];
                        case ALL -> x[i] == 0 ? 0 : expected[at];
                    };
        }
        if (op == ReduceOp.PRODUCT && type == DataType.INT64) {
            return; // Overflow of doubles: INT32 has tested the same code.
        }
        for (int i = 0; i < resultCount && op == ReduceOp.MEAN; i++) {
            double n = count / (double) resultCount;
            expected[i] = type.isFloating() ? expected[i] / n : (long) expected[i] / (long) n;
            magnitude[i] /= n;
        }
        Tensor in = TestTensors.scattered(backend, type, x, random, shape);
        DataType resultType = op == ReduceOp.ANY || op == ReduceOp.ALL ? DataType.BOOLEAN : type;
        Tensor out =
                TestTensors.scattered(
                        backend, resultType, new double[resultCount], random, results);
        backend.reduce(op, in, out);
        double[] actual = TestTensors.read(backend, out);
        for (int i = 0; i < resultCount; i++) {
            String what =
                    op
                            + " "
                            + type
                            + " "
                            + Arrays.toString(shape)
                            + " to "
                            + Arrays.toString(results);
            if (type.isFloating() && op != ReduceOp.ANY && op != ReduceOp.ALL) {
                // Sums are in double: one rounding to the data type at the end.
                double wanted = TestTensors.round(type, expected[i]);
                double slack =
                        Double.isInfinite(wanted)
                                ? 0
                                : TestTensors.epsilon(type) * Math.abs(expected[i])
                                        + 1e-14 * magnitude[i]
                                        + (type == DataType.FLOAT16 ? 0x1p-25 : 0)
                                        + Float.MIN_VALUE;
                assertEquals(wanted, actual[i], slack, what);
            } else {
                assertEquals(
                        resultType == DataType.BOOLEAN
                                ? expected[i]
                                : TestTensors.round(type, expected[i]),
                        actual[i],
                        what);
            }
        }
        in.storage().release();
        out.storage().release();
    }

    @Property(tries = 200)
    void alongAnAxis(
            @ForAll @Size(min = 1, max = 3) List<@IntRange(min = 1, max = 70) Integer> sizes,
            @ForAll @IntRange(max = 2) int axisChoice,
            @ForAll @IntRange(max = 7) int typeIndex,
            @ForAll boolean descending,
            @ForAll long seed) {
        DataType type = TestTensors.ALL[typeIndex];
        Random random = new Random(seed);
        long[] shape = shape(sizes);
        int axis = axisChoice % shape.length;
        int count = (int) Layout.contiguous(shape).count();
        if (count > 30_000) {
            return;
        }
        double[] x = content(type, count, random);
        if (type.isFloating() && count > 5) {
            x[count / 2] = Double.NaN;
            x[count / 3] = -0.0;
            x[count / 4] = 0.0;
            x[count / 5] = Double.NEGATIVE_INFINITY;
        }
        Tensor in = TestTensors.scattered(backend, type, x, random, shape);
        int n = (int) shape[axis];
        int k = 1 + random.nextInt(n);
        long[] kept = shape.clone();
        kept[axis] = k;
        long[] one = shape.clone();
        one[axis] = 1;
        int rows = count / n;
        Tensor values = TestTensors.scattered(backend, type, new double[rows * k], random, kept);
        Tensor indices =
                TestTensors.scattered(backend, DataType.INT64, new double[rows * k], random, kept);
        Tensor best = TestTensors.scattered(backend, DataType.INT64, new double[rows], random, one);
        Tensor sums = TestTensors.scattered(backend, type, new double[count], random, shape);
        backend.sort(descending, in, axis, values, indices);
        backend.argReduce(descending, in, axis, best);
        backend.scan(ReduceOp.SUM, in, axis, sums);
        double[] actualValues = TestTensors.read(backend, values);
        double[] actualIndices = TestTensors.read(backend, indices);
        double[] actualBest = TestTensors.read(backend, best);
        double[] actualSums = TestTensors.read(backend, sums);
        // NaN is the largest, zeros are equal, equals keep their order.
        Comparator<Integer> order = Comparator.comparingDouble(i -> x[i] == 0 ? 0.0 : x[i]);
        for (int row = 0; row < rows; row++) {
            int[] index = index(one, row);
            int[] places = new int[n];
            for (int i = 0; i < n; i++) {
                index[axis] = i;
                places[i] = linear(shape, index);
            }
            int[] sorted =
                    IntStream.range(0, n)
                            .boxed()
                            .sorted(
                                    (i, j) ->
                                            descending
                                                    ? order.compare(places[j], places[i])
                                                    : order.compare(places[i], places[j]))
                            .mapToInt(i -> i)
                            .toArray();
            String what = type + " axis " + axis + " of " + Arrays.toString(shape) + " k " + k;
            for (int i = 0; i < k; i++) {
                index[axis] = i;
                int at = linear(kept, index);
                assertEquals(sorted[i], actualIndices[at], what);
                assertEquals(x[places[sorted[i]]], actualValues[at], what);
            }
            int first = sorted[0];
            for (int i = 0; i < n; i++) {
                if (Double.isNaN(x[places[i]])) {
                    first = i;
                    break;
                }
            }
            assertEquals(first, actualBest[row], what);
            double sum = 0;
            double magnitude = 0;
            for (int i = 0; i < n; i++) {
                sum += x[places[i]];
                magnitude += Math.abs(x[places[i]]);
                double wanted = TestTensors.round(type, sum);
                double slack = TestTensors.epsilon(type) * Math.abs(sum) + 1e-14 * magnitude;
                assertEquals(
                        wanted,
                        actualSums[places[i]],
                        Double.isFinite(slack)
                                ? slack + (type == DataType.FLOAT16 ? 0x1p-25 : 0)
                                : 0,
                        what);
            }
        }
        for (Tensor tensor : new Tensor[] {in, values, indices, best, sums}) {
            tensor.storage().release();
        }
    }

    @Property(tries = 200)
    void gatherAndScatter(
            @ForAll @Size(min = 1, max = 3) List<@IntRange(min = 1, max = 20) Integer> sizes,
            @ForAll @IntRange(max = 2) int axisChoice,
            @ForAll @IntRange(min = 1, max = 30) int length,
            @ForAll @IntRange(max = 8) int typeIndex,
            @ForAll boolean rowIndex,
            @ForAll boolean accumulate,
            @ForAll long seed) {
        DataType type = TestTensors.ALL[typeIndex];
        Random random = new Random(seed);
        long[] shape = shape(sizes);
        int axis = axisChoice % shape.length;
        long[] picked = shape.clone();
        picked[axis] = length;
        int count = (int) Layout.contiguous(shape).count();
        int pickedCount = (int) Layout.contiguous(picked).count();
        int n = (int) shape[axis];
        double[] x = content(type, count, random);
        // Either an index of its own for each element, or one for each place along the axis.
        double[] at = new double[pickedCount];
        double[] shared = random.ints(length, -n, n).asDoubleStream().toArray();
        for (int i = 0; i < pickedCount; i++) {
            at[i] = rowIndex ? shared[index(picked, i)[axis]] : random.nextInt(2 * n) - n;
        }
        Tensor index;
        if (rowIndex) {
            long[] strides = new long[shape.length];
            strides[axis] = 1;
            index =
                    TestTensors.of(backend, DataType.INT64, shared, length)
                            .with(new Layout(picked.clone(), strides, 0));
        } else {
            index = TestTensors.scattered(backend, DataType.INT64, at, random, picked);
        }
        Tensor in = TestTensors.scattered(backend, type, x, random, shape);
        Tensor out = TestTensors.scattered(backend, type, new double[pickedCount], random, picked);
        backend.gather(in, axis, index, out);
        double[] expected = new double[pickedCount];
        for (int i = 0; i < pickedCount; i++) {
            int[] place = index(picked, i);
            place[axis] = (int) (at[i] < 0 ? at[i] + n : at[i]);
            expected[i] = x[linear(shape, place)];
        }
        assertArrayEquals(expected, TestTensors.read(backend, out));

        double[] y = content(type, pickedCount, random);
        Tensor source = TestTensors.scattered(backend, type, y, random, picked);
        double[] target = x.clone();
        for (int i = 0; i < pickedCount; i++) {
            int[] place = index(picked, i);
            place[axis] = (int) (at[i] < 0 ? at[i] + n : at[i]);
            int to = linear(shape, place);
            target[to] = accumulate ? TestTensors.round(type, target[to] + y[i]) : y[i];
        }
        backend.scatter(accumulate, source, axis, index, in);
        assertArrayEquals(target, TestTensors.read(backend, in));
        for (Tensor tensor : new Tensor[] {in, index, out, source}) {
            tensor.storage().release();
        }
    }

    @Test
    void anIndexOutsideIsNamed() {
        Tensor in = TestTensors.of(backend, DataType.FLOAT32, i -> i, 4);
        Tensor index = TestTensors.of(backend, DataType.INT64, new double[] {0, 4}, 2);
        Tensor out = TestTensors.empty(backend, DataType.FLOAT32, 2);
        IndexOutOfBoundsException e =
                assertThrows(
                        IndexOutOfBoundsException.class, () -> backend.gather(in, 0, index, out));
        assertEquals("Index 4 is outside axis 0 of size 4 (allowed: -4 to 3).", e.getMessage());
        for (Tensor tensor : new Tensor[] {in, index, out}) {
            tensor.storage().release();
        }
    }

    @Test
    void topOfManyNeedsNoFullSort() {
        int n = 50257;
        Random random = new Random(5);
        double[] x = random.doubles(n).map(v -> Math.rint(v * 1000)).toArray();
        Tensor in = TestTensors.of(backend, DataType.FLOAT32, x, 1, n);
        Tensor values = TestTensors.empty(backend, DataType.FLOAT32, 1, 40);
        Tensor indices = TestTensors.empty(backend, DataType.INT64, 1, 40);
        backend.sort(true, in, 1, values, indices);
        double[] expected =
                IntStream.range(0, n)
                        .boxed()
                        .sorted(Comparator.comparingDouble(i -> -x[i]))
                        .limit(40)
                        .mapToDouble(i -> i)
                        .toArray();
        assertArrayEquals(expected, TestTensors.read(backend, indices));
        for (Tensor tensor : new Tensor[] {in, values, indices}) {
            tensor.storage().release();
        }
    }

    @Test
    void emptyReductions() {
        Tensor in = TestTensors.empty(backend, DataType.FLOAT32, 0, 3);
        Tensor out = TestTensors.empty(backend, DataType.FLOAT32, 1, 3);
        backend.reduce(ReduceOp.SUM, in, out);
        assertArrayEquals(new double[] {0, 0, 0}, TestTensors.read(backend, out));
        backend.reduce(ReduceOp.PRODUCT, in, out);
        assertArrayEquals(new double[] {1, 1, 1}, TestTensors.read(backend, out));
        backend.reduce(ReduceOp.MEAN, in, out);
        double[] none = {Double.NaN, Double.NaN, Double.NaN};
        assertArrayEquals(none, TestTensors.read(backend, out));
        assertThrows(IllegalArgumentException.class, () -> backend.reduce(ReduceOp.MAX, in, out));
        in.storage().release();
        out.storage().release();
    }

    /** Returns what a reduction of nothing begins with. */
    static double identity(ReduceOp op) {
        return switch (op) {
            case SUM, MEAN, ANY -> 0;
            case PRODUCT, ALL -> 1;
            case MAX -> Double.NEGATIVE_INFINITY;
            case MIN -> Double.POSITIVE_INFINITY;
        };
    }
}
