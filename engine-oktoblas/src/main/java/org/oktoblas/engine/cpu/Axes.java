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
        int rank = layout.rank();
        if (rank == 1) {
            for (int i = 0; i < n; i++) {
                target[i] = layout.offset() + (start + i) * layout.stride(0);
            }
            return;
        }
        long[] index = new long[rank];
        long rest = start;
        long element = layout.offset();
        for (int i = rank - 1; i >= 0; i--) {
            index[i] = rest % layout.size(i);
            rest /= layout.size(i);
            element += index[i] * layout.stride(i);
        }
        for (int i = 0; i < n; i++) {
            target[i] = element;
            for (int axis = rank - 1; axis >= 0; axis--) {
                element += layout.stride(axis);
                if (++index[axis] < layout.size(axis)) {
                    break;
                }
                element -= layout.size(axis) * layout.stride(axis);
                index[axis] = 0;
            }
        }
    }
}
