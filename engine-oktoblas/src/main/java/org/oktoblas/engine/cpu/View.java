package org.oktoblas.engine.cpu;

import java.nio.LongBuffer;
import java.util.Arrays;
import org.oktoblas.engine.backend.Layout;

/**
 * A tensor as a sequence in row-major order, of which any stretch can be copied to or from a heap
 * array. Neighbouring dimensions that lie behind each other in memory are merged, so that a
 * contiguous tensor is one run.
 */
final class View<A> {

    private final Elements<A, ?> elements;
    private final long offset;
    private final long count;

    /** Merged dimensions; at least one. */
    private final long[] sizes;

    private final long[] strides;

    View(Elements<A, ?> elements, Layout layout) {
        this.elements = elements;
        offset = layout.offset();
        count = layout.count();
        int rank = layout.rank();
        long[] mergedSizes = new long[Math.max(1, rank)];
        long[] mergedStrides = new long[mergedSizes.length];
        int merged = 0;
        for (int i = 0; i < rank; i++) {
            long size = layout.size(i);
            long stride = layout.stride(i);
            if (size == 1) {
                continue;
            }
            if (merged > 0 && mergedStrides[merged - 1] == stride * size) {
                mergedSizes[merged - 1] *= size;
                mergedStrides[merged - 1] = stride;
            } else {
                mergedSizes[merged] = size;
                mergedStrides[merged] = stride;
                merged++;
            }
        }
        if (merged == 0) {
            mergedSizes[0] = 1;
            mergedStrides[0] = 1;
            merged = 1;
        }
        sizes = Arrays.copyOf(mergedSizes, merged);
        strides = Arrays.copyOf(mergedStrides, merged);
    }

    /** Returns the number of elements. */
    long count() {
        return count;
    }

    /** Copies the n elements from a row-major index on to the beginning of an array. */
    void load(long start, int n, A target) {
        load(start, n, target, 0);
    }

    /** Copies the n elements from a row-major index on to a place in an array. */
    void load(long start, int n, A target, int at) {
        int last = sizes.length - 1;
        if (last == 0) {
            elements.load(offset + start * strides[0], strides[0], target, at, n);
            return;
        }
        long size = sizes[last];
        long stride = strides[last];
        long row = start / size;
        long column = start - row * size;
        for (int done = 0; done < n; row++, column = 0) {
            int run = (int) Math.min(size - column, n - done);
            elements.load(rowStart(row) + column * stride, stride, target, at + done, run);
            done += run;
        }
    }

    /**
     * Returns the n elements from a row-major index on where they are, or null unless these are
     * INT64 and neighbours.
     */
    LongBuffer longs(long start, int n) {
        boolean neighbours = sizes.length == 1 && strides[0] == 1;
        return neighbours && elements instanceof IntegralElements.Longs longs
                ? longs.slice(offset + start, n)
                : null;
    }

    /** Copies the first n elements of an array to where {@link #load} would find them. */
    void store(long start, int n, A source) {
        int last = sizes.length - 1;
        if (last == 0) {
            elements.store(offset + start * strides[0], strides[0], source, 0, n);
            return;
        }
        long size = sizes[last];
        long stride = strides[last];
        long row = start / size;
        long column = start - row * size;
        for (int done = 0; done < n; row++, column = 0) {
            int run = (int) Math.min(size - column, n - done);
            elements.store(rowStart(row) + column * stride, stride, source, done, run);
            done += run;
        }
    }

    /** Returns the element where a row, counted over all dimensions but the last, begins. */
    private long rowStart(long row) {
        if (sizes.length == 2) {
            return offset + row * strides[0];
        }
        long start = offset;
        long rest = row;
        for (int i = sizes.length - 2; i > 0; i--) {
            long above = rest / sizes[i];
            start += (rest - above * sizes[i]) * strides[i];
            rest = above;
        }
        return start + rest * strides[0];
    }
}
