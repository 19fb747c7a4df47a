package org.oktoblas.cuda;

import java.util.Arrays;
import java.util.Locale;

/**
 * A strided view of device memory. It owns nothing.
 *
 * @param address where the element of index 0 lies, in bytes
 * @param type the element type
 * @param shape the length of each axis
 * @param strides the elements from one index of an axis to the next; 0 repeats, negative walks back
 */
public record DeviceTensor(long address, ElementType type, long[] shape, long[] strides)
        implements Operand {

    /** Makes a row-major tensor without gaps. */
    public static DeviceTensor dense(long address, ElementType type, long... shape) {
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= Math.max(1, shape[i]);
        }
        return new DeviceTensor(address, type, shape, strides);
    }

    /** Returns the number of axes. */
    public int rank() {
        return shape.length;
    }

    /** Returns the number of elements. */
    public long count() {
        long count = 1;
        for (long length : shape) {
            count *= length;
        }
        return count;
    }

    /** Returns whether the elements lie in row-major order without gaps. */
    public boolean isDense() {
        long expected = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            if (shape[i] != 1 && strides[i] != expected) {
                return shape[i] == 0 || count() == 0;
            }
            expected *= shape[i];
        }
        return true;
    }

    /** Returns this view under another shape and strides, some elements further on. */
    public DeviceTensor with(long elementOffset, long[] newShape, long[] newStrides) {
        return new DeviceTensor(address + elementOffset * type.bytes(), type, newShape, newStrides);
    }

    /** Describes type, shape and strides, for messages. */
    @Override
    public String toString() {
        String text = type.name().toLowerCase(Locale.ROOT) + Arrays.toString(shape);
        return isDense() ? text : text + " strides " + Arrays.toString(strides);
    }
}
