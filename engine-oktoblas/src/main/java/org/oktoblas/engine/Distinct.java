package org.oktoblas.engine;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/** Finds the distinct elements of an array, and the distinct slices of an axis. */
final class Distinct {

    private final Operation operation;

    Distinct(Operation operation) {
        this.operation = operation;
    }

    /**
     * Returns the distinct elements in ascending order, where each element is among them, in the
     * shape of the tensor, and how often each is there; of shape (0) what is not wanted.
     */
    Tensor[] elements(Tensor in, boolean inverse, boolean counts) {
        long n = in.layout().count();
        Tensor nothing = operation.create(new long[] {0}, DataType.INT64);
        if (n == 0) {
            Tensor none = operation.create(new long[] {0}, in.dataType());
            Tensor places = operation.create(in.layout().shape(), DataType.INT64);
            return new Tensor[] {none, inverse ? places : nothing, nothing};
        }
        Tensor flat = operation.reshape(in, n);
        Tensor values = operation.create(new long[] {n}, in.dataType());
        Tensor order = operation.create(new long[] {n}, DataType.INT64);
        operation.backend.sort(false, flat, 0, values, order);
        Tensor first = operation.create(new long[] {n}, DataType.BOOLEAN);
        operation.backend.fill(first, Scalar.of(1));
        if (n > 1) {
            operation.backend.binary(
                    BinaryOp.NOT_EQUAL,
                    values.with(values.layout().slice(0, 1, n - 1, 1)),
                    values.with(values.layout().slice(0, 0, n - 1, 1)),
                    first.with(first.layout().slice(0, 1, n - 1, 1)));
        }
        long[] starts = HostElements.positions(operation, first);
        Tensor found =
                Selection.gather(operation, values, 0, HostElements.tensor(operation, starts));
        return new Tensor[] {
            found,
            inverse ? places(first, order, in.layout()) : nothing,
            counts ? HostElements.tensor(operation, lengths(starts, n)) : nothing
        };
    }

    /** Returns for each element, in its old place, the number of the run that it is in. */
    private Tensor places(Tensor first, Tensor order, Layout layout) {
        Tensor ones = operation.copy(first, DataType.INT64);
        Tensor runs = operation.create(ones.layout().shape(), DataType.INT64);
        operation.backend.scan(ReduceOp.SUM, ones, 0, runs);
        operation.backend.binary(BinaryOp.SUBTRACT, runs, Scalar.of(1), runs);
        Tensor places = operation.create(ones.layout().shape(), DataType.INT64);
        operation.backend.scatter(false, runs, 0, order, places);
        return places.with(places.layout().reshape(layout.shape()));
    }

    private static long[] lengths(long[] starts, long n) {
        long[] lengths = new long[starts.length];
        for (int i = 0; i < starts.length; i++) {
            lengths[i] = (i + 1 < starts.length ? starts[i + 1] : n) - starts[i];
        }
        return lengths;
    }

    /**
     * Returns the distinct slices of an axis in lexicographic order, where each slice is among them
     * and how often each is there. The order is worked out in Java.
     */
    Tensor[] slices(Tensor in, int axis) {
        if (in.layout().rank() == 0) {
            return elements(in.with(in.layout().reshape(1)), true, true);
        }
        int n = Math.toIntExact(in.layout().size(axis));
        Tensor rows = in.with(in.layout().permute(front(axis, in.layout().rank())));
        Integer[] order = IntStream.range(0, n).boxed().toArray(Integer[]::new);
        Rows content = in.dataType().isFloating() ? doubles(rows, n) : longs(rows, n);
        Arrays.sort(order, content::compare);
        long[] starts = new long[n];
        long[] places = new long[n];
        int count = 0;
        for (int i = 0; i < n; i++) {
            if (i == 0 || content.differ(order[i - 1], order[i])) {
                starts[count++] = i;
            }
            places[order[i]] = count - 1;
        }
        starts = Arrays.copyOf(starts, count);
        long[] chosen = new long[count];
        for (int i = 0; i < count; i++) {
            chosen[i] = order[(int) starts[i]];
        }
        Tensor index = HostElements.tensor(operation, chosen);
        return new Tensor[] {
            Selection.gather(operation, in, axis, index),
            HostElements.tensor(operation, places),
            HostElements.tensor(operation, lengths(starts, n))
        };
    }

    /** Returns the order of axes that has one of them in front of the others. */
    private static int[] front(int axis, int rank) {
        return IntStream.concat(IntStream.of(axis), IntStream.range(0, rank).filter(i -> i != axis))
                .toArray();
    }

    /** Rows of equal length. */
    private interface Rows {

        /** Orders two rows lexicographically. */
        int compare(int a, int b);

        /** Returns whether two rows that lie side by side in order are not equal. */
        boolean differ(int a, int b);
    }

    private Rows doubles(Tensor rows, int n) {
        double[] values = HostElements.doubles(operation, rows);
        int width = n == 0 ? 0 : values.length / n;
        // Zeros of either sign are equal.
        Arrays.setAll(values, i -> values[i] + 0.0);
        return new Rows() {
            @Override
            public int compare(int a, int b) {
                return Arrays.compare(
                        values, a * width, (a + 1) * width, values, b * width, (b + 1) * width);
            }

            @Override
            public boolean differ(int a, int b) {
                for (int i = 0; i < width; i++) {
                    // So that NaN differs from itself.
                    if (values[a * width + i] != values[b * width + i]) {
                        return true;
                    }
                }
                return false;
            }
        };
    }

    private Rows longs(Tensor rows, int n) {
        long[] values = HostElements.longs(operation, operation.cast(rows, DataType.INT64));
        int width = n == 0 ? 0 : values.length / n;
        return new Rows() {
            @Override
            public int compare(int a, int b) {
                return Arrays.compare(
                        values, a * width, (a + 1) * width, values, b * width, (b + 1) * width);
            }

            @Override
            public boolean differ(int a, int b) {
                return compare(a, b) != 0;
            }
        };
    }
}
