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

    /** Returns the row-major layout of a shape, at offset 0. */
    public static Layout contiguous(long... shape) {
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
