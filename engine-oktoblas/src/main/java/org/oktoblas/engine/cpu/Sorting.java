package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import org.oktoblas.engine.backend.Tensor;

/**
 * Stable sorting and top-k. Elements become keys, longs in the wanted order, so that one routine
 * serves all data types; keys of 32 bits carry their index in the lower half.
 */
final class Sorting {

    private static final long GRAIN = 1 << 12;

    private Sorting() {}

    static <A> void sort(
            Arithmetic<A> kind,
            boolean descending,
            Tensor in,
            int axis,
            Tensor values,
            Tensor indices) {
        long length = in.layout().size(axis);
        long kept = values.layout().size(axis);
        if (values.layout().count() == 0) {
            return;
        }
        if (length > Integer.MAX_VALUE - 8) {
            throw new UnsupportedOperationException(
                    "Cannot sort along an axis of " + length + " elements; 2^31 are the most.");
        }
        int n = (int) length;
        int k = (int) kept;
        View<A> source = rows(kind, in, axis);
        View<A> target = rows(kind, values, axis);
        View<long[]> positions = rows(LongArithmetic.INSTANCE, indices, axis);
        boolean wide = in.dataType() == DataType.FLOAT64 || in.dataType() == DataType.INT64;
        Parallel.run(
                target.count() / k,
                Math.max(1, GRAIN / n),
                (start, end) -> {
                    long[] keys = new long[n];
                    A x = kind.scratch(0, n);
                    A sorted = kind.scratch(1, k);
                    for (long row = start; row < end; row++) {
                        source.load(row * n, n, x);
                        long[] order =
                                wide
                                        ? wideOrder(x, keys, n, descending)
                                        : narrowOrder(x, keys, n, k, descending);
                        for (int i = 0; i < k; i++) {
                            System.arraycopy(x, (int) order[i], sorted, i, 1);
                        }
                        target.store(row * k, k, sorted);
                        positions.store(row * k, k, order);
                    }
                });
    }

    private static <A> View<A> rows(Arithmetic<A> kind, Tensor tensor, int axis) {
        return kind.view(tensor.with(Axes.toLast(tensor.layout(), axis)));
    }

    /** Orders elements of at most 32 bits; returns their indices, the first k of them in order. */
    private static <A> long[] narrowOrder(A x, long[] keys, int n, int k, boolean descending) {
        for (int i = 0; i < n; i++) {
            int key = x instanceof float[] floats ? orderedBits(floats[i]) : (int) ((long[]) x)[i];
            keys[i] = (long) (descending ? ~key : key) << 32 | i;
        }
        if (k < n / 8) {
            smallest(keys, n, k);
        } else {
            Arrays.sort(keys, 0, n);
        }
        for (int i = 0; i < k; i++) {
            keys[i] &= 0xffffffffL;
        }
        return keys;
    }

    /** Brings the k smallest keys to the front, in order, by a heap whose top is the largest. */
    private static void smallest(long[] keys, int n, int k) {
        for (int i = k / 2 - 1; i >= 0; i--) {
            sink(keys, i, k);
        }
        for (int i = k; i < n; i++) {
            if (keys[i] < keys[0]) {
                long swapped = keys[0];
                keys[0] = keys[i];
                keys[i] = swapped;
                sink(keys, 0, k);
            }
        }
        Arrays.sort(keys, 0, k);
    }

    private static void sink(long[] heap, int from, int size) {
        int at = from;
        long key = heap[at];
        for (int child = 2 * at + 1; child < size; child = 2 * at + 1) {
            if (child + 1 < size && heap[child + 1] > heap[child]) {
                child++;
            }
            if (heap[child] <= key) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = key;
    }

    /** Orders elements of 64 bits by merging ever longer ordered runs of indices. */
    private static <A> long[] wideOrder(A x, long[] keys, int n, boolean descending) {
        for (int i = 0; i < n; i++) {
            long key = x instanceof double[] doubles ? orderedBits(doubles[i]) : ((long[]) x)[i];
            keys[i] = descending ? ~key : key;
        }
        long[] order = new long[n];
        long[] merged = new long[n];
        for (int i = 0; i < n; i++) {
            order[i] = i;
        }
        for (int width = 1; width < n; width = width > n / 2 ? n : 2 * width) {
            for (int low = 0; low < n; ) {
                int middle = Math.min(n - low, width) + low;
                int high = Math.min(n - middle, width) + middle;
                int left = low;
                int right = middle;
                for (int i = low; i < high; i++) {
                    boolean takeLeft =
                            right >= high
                                    || left < middle
                                            && keys[(int) order[left]] <= keys[(int) order[right]];
                    merged[i] = takeLeft ? order[left++] : order[right++];
                }
                low = high;
            }
            long[] swapped = order;
            order = merged;
            merged = swapped;
        }
        return order;
    }

    /** Maps floats to ints of the same order: zeros equal, NaN the largest. */
    private static int orderedBits(float value) {
        int bits = Float.floatToIntBits(value + 0f);
        return bits < 0 ? bits ^ 0x7fffffff : bits;
    }

    private static long orderedBits(double value) {
        long bits = Double.doubleToLongBits(value + 0.0);
        return bits < 0 ? bits ^ 0x7fffffffffffffffL : bits;
    }
}
