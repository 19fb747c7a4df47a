package org.oktoblas.engine.backend;

import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/**
 * Shape, strides and offset of a view, all counted in elements. Immutable; every method that
 * changes a view returns a new one and copies no data.
 */
public final class Layout {

    private final long[] shape;
    private final long[] strides;
    private final long offset;

    /** Makes a layout from arrays that the caller gives away. */
    public Layout(long[] shape, long[] strides, long offset) {
        if (shape.length != strides.length) {
            throw new IllegalArgumentException(
                    "A layout needs one stride a dimension: shape "
                            + Arrays.toString(shape)
                            + ", strides "
                            + Arrays.toString(strides));
        }
        this.shape = shape;
        this.strides = strides;
        this.offset = offset;
    }

    /**
     * Returns the row-major layout of a shape, at offset 0.
     *
     * @throws IllegalArgumentException if a length is negative
     */
    public static Layout contiguous(long... shape) {
        checkLengths(shape);
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride = Math.multiplyExact(stride, Math.max(1, shape[i]));
        }
        return new Layout(shape.clone(), strides, 0);
    }

    /** Returns the row-major layout of a shape, at offset 0. */
    public static Layout contiguous(Shape shape) {
        return contiguous(shape.getShape());
    }

    private static void checkLengths(long[] shape) {
        for (long length : shape) {
            if (length < 0) {
                throw new IllegalArgumentException(
                        "Shape "
                                + Arrays.toString(shape)
                                + " has a negative length: give every axis a length from 0 up.");
            }
        }
    }

    public int rank() {
        return shape.length;
    }

    public long size(int axis) {
        return shape[axis];
    }

    public long stride(int axis) {
        return strides[axis];
    }

    public long offset() {
        return offset;
    }

    public long[] shape() {
        return shape.clone();
    }

    public long[] strides() {
        return strides.clone();
    }

    /** Returns the number of elements. */
    public long count() {
        long count = 1;
        for (long n : shape) {
            count = Math.multiplyExact(count, n);
        }
        return count;
    }

    /** Returns whether the elements lie in row-major order without gaps (at any offset). */
    public boolean isContiguous() {
        long expected = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            if (shape[i] == 0) {
                return true;
            }
            if (shape[i] != 1) {
                if (strides[i] != expected) {
                    return false;
                }
                expected *= shape[i];
            }
        }
        return true;
    }

    /**
     * Returns this layout with an axis of length {@code length}: the elements at start, start +
     * step, …; a negative step walks backwards.
     */
    public Layout slice(int axis, long start, long length, long step) {
        long[] newShape = shape.clone();
        long[] newStrides = strides.clone();
        newShape[axis] = length;
        newStrides[axis] = strides[axis] * step;
        return new Layout(newShape, newStrides, offset + (length == 0 ? 0 : start * strides[axis]));
    }

    /** Returns this layout with an axis walked backwards. */
    public Layout reverse(int axis) {
        return slice(axis, shape[axis] - 1, shape[axis], -1);
    }

    /** Returns the layout at one index of an axis, without that axis. */
    public Layout select(int axis, long index) {
        return new Layout(
                without(shape, axis), without(strides, axis), offset + index * strides[axis]);
    }

    /** Returns this layout without an axis of length 1. */
    public Layout dropAxis(int axis) {
        return new Layout(without(shape, axis), without(strides, axis), offset);
    }

    /** Returns this layout with a new axis of length 1 before the given one. */
    public Layout insertAxis(int axis) {
        long stride = axis < shape.length ? strides[axis] * shape[axis] : 1;
        return new Layout(with(shape, axis, 1), with(strides, axis, stride), offset);
    }

    /** Returns this layout with its axes in another order: axis i is the old axis order[i]. */
    public Layout permute(int... order) {
        long[] newShape = new long[order.length];
        long[] newStrides = new long[order.length];
        for (int i = 0; i < order.length; i++) {
            newShape[i] = shape[order[i]];
            newStrides[i] = strides[order[i]];
        }
        return new Layout(newShape, newStrides, offset);
    }

    /** Returns this layout with two axes exchanged. */
    public Layout swap(int axis1, int axis2) {
        int[] order = new int[shape.length];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        order[axis1] = axis2;
        order[axis2] = axis1;
        return permute(order);
    }

    /**
     * Returns this layout seen as a larger shape: axes of length 1 repeat, and axes are added in
     * front.
     *
     * @throws IllegalArgumentException if the shape cannot be broadcast so, or a length is negative
     */
    public Layout broadcastTo(long... target) {
        if (Arrays.equals(shape, target)) {
            return this;
        }
        checkLengths(target);
        int added = target.length - shape.length;
        long[] newStrides = new long[target.length];
        boolean fits = added >= 0;
        for (int i = 0; fits && i < shape.length; i++) {
            if (shape[i] == target[added + i]) {
                newStrides[added + i] = strides[i];
            } else if (shape[i] != 1) {
                fits = false;
            }
        }
        if (!fits) {
            throw new IllegalArgumentException(
                    "Shape "
                            + Arrays.toString(shape)
                            + " cannot be broadcast to "
                            + Arrays.toString(target)
                            + ": aligned at the last axis, lengths must be equal or 1.");
        }
        return new Layout(target.clone(), newStrides, offset);
    }

    /**
     * Returns the shape that two shapes broadcast to.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static long[] broadcast(Layout a, Layout b) {
        if (Arrays.equals(a.shape, b.shape)) {
            return a.shape;
        }
        int rank = Math.max(a.shape.length, b.shape.length);
        long[] result = new long[rank];
        for (int i = 1; i <= rank; i++) {
            long m = i <= a.shape.length ? a.shape[a.shape.length - i] : 1;
            long n = i <= b.shape.length ? b.shape[b.shape.length - i] : 1;
            if (m != n && m != 1 && n != 1) {
                throw new IllegalArgumentException(
                        "Shapes "
                                + Arrays.toString(a.shape)
                                + " and "
                                + Arrays.toString(b.shape)
                                + " do not go together: aligned at the last axis, lengths must be"
                                + " equal or 1.");
            }
            result[rank - i] = m == 1 ? n : m;
        }
        return result;
    }

    /**
     * Returns a view of the same elements, in the same row-major order, under another shape; null
     * if no strides can express it and the elements must be copied first.
     *
     * @throws IllegalArgumentException if the number of elements differs
     */
    public Layout reshape(long... target) {
        Layout dense = contiguous(target);
        long count = count();
        if (dense.count() != count) {
            throw new IllegalArgumentException(
                    "Shape "
                            + Arrays.toString(shape)
                            + " cannot be reshaped to "
                            + Arrays.toString(target)
                            + ": the number of elements differs.");
        }
        if (count == 0 || isContiguous()) {
            return new Layout(dense.shape, dense.strides, offset);
        }
        // Walk both shapes from the last axis, taking old axes that lie densely as one run.
        long[] newStrides = new long[target.length];
        int axis = shape.length - 1;
        long run = 1;
        long runStride = 1;
        long used = 1;
        for (int j = target.length - 1; j >= 0; j--) {
            if (target[j] != 1 && used == run) {
                while (shape[axis] == 1) {
                    axis--;
                }
                runStride = strides[axis];
                run = shape[axis--];
                while (axis >= 0 && (shape[axis] == 1 || strides[axis] == runStride * run)) {
                    run *= shape[axis--];
                }
                used = 1;
            }
            newStrides[j] = runStride * used;
            used *= target[j];
            if (run % used != 0) {
                return null;
            }
        }
        return new Layout(dense.shape, newStrides, offset);
    }

    /** Returns whether two indices may name one element, as after broadcasting. */
    public boolean repeatsElements() {
        for (int i = 0; i < shape.length; i++) {
            if (strides[i] == 0 && shape[i] > 1) {
                return true;
            }
        }
        return false;
    }

    /** Returns whether two layouts have one shape. */
    public boolean sameShape(Layout other) {
        return Arrays.equals(shape, other.shape);
    }

    private static long[] without(long[] values, int axis) {
        long[] result = new long[values.length - 1];
        System.arraycopy(values, 0, result, 0, axis);
        System.arraycopy(values, axis + 1, result, axis, result.length - axis);
        return result;
    }

    private static long[] with(long[] values, int axis, long value) {
        long[] result = new long[values.length + 1];
        System.arraycopy(values, 0, result, 0, axis);
        result[axis] = value;
        System.arraycopy(values, axis, result, axis + 1, values.length - axis);
        return result;
    }

    @Override
    public boolean equals(Object other) {
        if (!(other instanceof Layout)) {
            return false;
        }
        Layout that = (Layout) other;
        return offset == that.offset
                && Arrays.equals(shape, that.shape)
                && Arrays.equals(strides, that.strides);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * Arrays.hashCode(shape) + Arrays.hashCode(strides))
                + Long.hashCode(offset);
    }

    @Override
    public String toString() {
        return "shape "
                + Arrays.toString(shape)
                + " strides "
                + Arrays.toString(strides)
                + " offset "
                + offset;
    }
}
