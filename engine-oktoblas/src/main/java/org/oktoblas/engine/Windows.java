package org.oktoblas.engine;

import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/**
 * How a layer's windows lie over the last axes of an array (batch, channels, …): one number for
 * each of these axes, the spatial ones.
 *
 * @param operation the caller's operation, for messages
 * @param kernel the windows' lengths
 * @param stride the distances between windows
 * @param padding how far the windows reach beyond both ends
 * @param dilation the distances between a window's elements
 */
record Windows(String operation, long[] kernel, long[] stride, long[] padding, long[] dilation) {

    /** The axes before the spatial ones: batch and channels. */
    static final int LEAD = 2;

    /**
     * Takes the arguments of a layer, each with a number for every axis or one for all.
     *
     * @throws IllegalArgumentException if an argument has other axes or a number out of range
     */
    static Windows of(
            String operation, int axes, Shape kernel, Shape stride, Shape padding, Shape dilation) {
        return new Windows(
                operation,
                each(operation, "kernel", kernel, axes, 1),
                each(operation, "stride", stride, axes, 1),
                each(operation, "padding", padding, axes, 0),
                each(operation, "dilation", dilation, axes, 1));
    }

    /** Returns an argument's number for every axis. */
    static long[] each(String operation, String name, Shape shape, int axes, long least) {
        int given = shape == null ? -1 : shape.dimension();
        if (given != axes && given != 1) {
            throw new IllegalArgumentException(
                    operation
                            + " with "
                            + name
                            + " "
                            + shape
                            + ": give one number for each of the "
                            + axes
                            + " axes behind batch and channels, or one for all.");
        }
        long[] values = new long[axes];
        for (int i = 0; i < axes; i++) {
            values[i] = shape.get(given == 1 ? 0 : i);
            if (values[i] < least) {
                throw new IllegalArgumentException(
                        operation
                                + " with "
                                + name
                                + " "
                                + shape
                                + ": numbers must be "
                                + least
                                + " or larger.");
            }
        }
        return values;
    }

    /**
     * Returns the number of an array's spatial axes.
     *
     * @throws IllegalArgumentException if there are not one to three, behind batch and channels
     */
    static int axes(String operation, Tensor in) {
        int axes = in.layout().rank() - LEAD;
        if (axes < 1 || axes > 3) {
            throw new IllegalArgumentException(
                    operation
                            + " of an array of shape "
                            + Arrays.toString(in.layout().shape())
                            + ": it needs shape (batch, channels, …) with one to three axes more.");
        }
        return axes;
    }

    int axes() {
        return kernel.length;
    }

    /** Returns the number of elements that a whole window has. */
    long volume() {
        return product(kernel);
    }

    /** Returns from a window's first element to its last, both included. */
    long extent(int axis) {
        return dilation[axis] * (kernel[axis] - 1) + 1;
    }

    /**
     * Returns how many whole windows each axis has room for.
     *
     * @throws IllegalArgumentException if there is one with less room than a window
     */
    long[] counts(Layout in) {
        long[] counts = new long[axes()];
        for (int i = 0; i < counts.length; i++) {
            long room = in.size(LEAD + i) + 2 * padding[i] - extent(i);
            if (room < 0) {
                throw tooLarge(in, i);
            }
            counts[i] = room / stride[i] + 1;
        }
        return counts;
    }

    IllegalArgumentException tooLarge(Layout in, int axis) {
        return new IllegalArgumentException(
                operation
                        + " of an array of shape "
                        + Arrays.toString(in.shape())
                        + ": a window of "
                        + extent(axis)
                        + " elements does not fit axis "
                        + (LEAD + axis)
                        + " with padding "
                        + padding[axis]
                        + " at both ends. Use a smaller kernel or more padding.");
    }

    /** Returns the elements with zeros around the spatial axes, as far as the windows reach. */
    Tensor pad(Operation operation, Tensor in) {
        if (Arrays.stream(padding).allMatch(length -> length == 0)) {
            return in;
        }
        long[] shape = in.layout().shape();
        for (int i = 0; i < axes(); i++) {
            shape[LEAD + i] += 2 * padding[i];
        }
        Tensor padded = operation.create(shape, in.dataType());
        operation.backend.fill(padded, Scalar.of(0));
        Layout inner = padded.layout();
        for (int i = 0; i < axes(); i++) {
            inner = inner.slice(LEAD + i, padding[i], in.layout().size(LEAD + i), 1);
        }
        operation.backend.copy(in, padded.with(inner));
        return padded;
    }

    /**
     * Returns the windows of a padded array as a view (batch, channels, kernel…, windows…), in
     * which elements repeat where windows overlap.
     */
    Layout over(Layout padded, long[] counts) {
        int axes = axes();
        long[] shape = Arrays.copyOf(padded.shape(), LEAD + 2 * axes);
        long[] strides = Arrays.copyOf(padded.strides(), LEAD + 2 * axes);
        for (int i = 0; i < axes; i++) {
            long step = padded.stride(LEAD + i);
            shape[LEAD + i] = kernel[i];
            strides[LEAD + i] = dilation[i] * step;
            shape[LEAD + axes + i] = counts[i];
            strides[LEAD + axes + i] = stride[i] * step;
        }
        return new Layout(shape, strides, padded.offset());
    }

    /**
     * Returns the first of the places first, first + stride, … that is inside an axis, and the
     * number of those that are.
     */
    static long[] inside(long first, long stride, long places, long length) {
        long start = Math.max(0, ceilDiv(-first, stride));
        long end = Math.min(places, ceilDiv(length - first, stride));
        return new long[] {start, Math.max(0, end - start)};
    }

    /** Divides, rounding up. */
    static long ceilDiv(long a, long b) {
        return -Math.floorDiv(-a, b);
    }

    static long product(long... values) {
        long product = 1;
        for (long value : values) {
            product = Math.multiplyExact(product, value);
        }
        return product;
    }
}
