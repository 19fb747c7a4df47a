package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Layout;

/** Layouts with their axes in the order in which a primitive walks them. */
final class Axes {

    private Axes() {}

    /** Returns the layout with one axis moved behind all others: a sequence of rows along it. */
    static Layout toLast(Layout layout, int axis) {
        int rank = layout.rank();
        int[] order = new int[rank];
        int at = 0;
        for (int i = 0; i < rank; i++) {
            if (i != axis) {
                order[at++] = i;
            }
        }
        order[at] = axis;
        return select(layout, order, rank);
    }

    /** Returns the layout with an axis moved behind all others but the last. */
    static Layout toLastButOne(Layout layout, int axis) {
        return toLast(toLast(layout, axis), layout.rank() - 2);
    }

    /** Returns the layout with an axis left out, at index 0 of it. */
    static Layout without(Layout layout, int axis) {
        int rank = layout.rank();
        int[] order = new int[rank];
        int at = 0;
        for (int i = 0; i < rank; i++) {
            if (i != axis) {
                order[at++] = i;
            }
        }
        return select(layout, order, at);
    }

    /** Returns the layout with the first n axes of an order, and those alone. */
    static Layout select(Layout layout, int[] order, int n) {
        long[] shape = new long[n];
        long[] strides = new long[n];
        for (int i = 0; i < n; i++) {
            shape[i] = layout.size(order[i]);
            strides[i] = layout.stride(order[i]);
        }
        return new Layout(shape, strides, layout.offset());
    }

    /** Writes the element index of each of n places, from a row-major index on. */
    static void offsets(Layout layout, long start, int n, long[] target) {
        int last = layout.rank() - 1;
        long[] index = new long[last + 1];
        long rest = start;
        long element = layout.offset();
        for (int i = last; i >= 0; i--) {
            index[i] = rest % layout.size(i);
            rest /= layout.size(i);
            element += index[i] * layout.stride(i);
        }
        long size = layout.size(last);
        long stride = layout.stride(last);
        for (int done = 0; done < n; ) {
            // Along the last axis, and then on to its next row.
            int run = (int) Math.min(size - index[last], n - done);
            for (int i = 0; i < run; i++) {
                target[done + i] = element + i * stride;
            }
            done += run;
            index[last] += run;
            element += run * stride;
            for (int axis = last; axis > 0 && index[axis] == layout.size(axis); axis--) {
                element += layout.stride(axis - 1) - layout.size(axis) * layout.stride(axis);
                index[axis] = 0;
                index[axis - 1]++;
            }
        }
    }
}
