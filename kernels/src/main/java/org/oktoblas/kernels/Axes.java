package org.oktoblas.kernels;

import java.util.Arrays;
import org.oktoblas.cuda.DeviceTensor;

/** Shapes and strides with some axes picked or left out. */
final class Axes {

    private Axes() {}

    /** Returns the entries of all axes but one. */
    static long[] without(long[] entries, int axis) {
        long[] rest = new long[entries.length - 1];
        System.arraycopy(entries, 0, rest, 0, axis);
        System.arraycopy(entries, axis + 1, rest, axis, rest.length - axis);
        return rest;
    }

    /** Returns the entries of the axes for which a flag is as wanted. */
    static long[] select(long[] entries, boolean[] flags, boolean wanted) {
        long[] selected = new long[entries.length];
        int count = 0;
        for (int i = 0; i < entries.length; i++) {
            if (flags[i] == wanted) {
                selected[count++] = entries[i];
            }
        }
        return Arrays.copyOf(selected, count);
    }

    /** Returns entries with one more behind them. */
    static long[] append(long[] entries, long last) {
        long[] more = Arrays.copyOf(entries, entries.length + 1);
        more[entries.length] = last;
        return more;
    }

    /** Returns entries with one more before them. */
    static long[] prepend(long first, long[] entries) {
        long[] more = new long[entries.length + 1];
        more[0] = first;
        System.arraycopy(entries, 0, more, 1, entries.length);
        return more;
    }

    /** Returns the strides of a row-major tensor without gaps. */
    static long[] denseStrides(long[] shape) {
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= Math.max(1, shape[i]);
        }
        return strides;
    }

    static long count(long[] shape) {
        long count = 1;
        for (long length : shape) {
            count *= length;
        }
        return count;
    }

    /**
     * Returns whether neighbours along an axis lie further apart than neighbours along another: a
     * row of threads then reads better along the other.
     */
    static boolean isOuter(DeviceTensor tensor, int axis) {
        long[] shape = tensor.shape();
        for (int i = 0; i < shape.length; i++) {
            if (i != axis
                    && shape[i] > 1
                    && Math.abs(tensor.strides()[i]) < Math.abs(tensor.strides()[axis])) {
                return true;
            }
        }
        return false;
    }
}
