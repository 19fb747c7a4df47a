package org.oktoblas.engine;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/**
 * Pooling of arrays (batch, channels, …). A window's sum or maximum is that along one axis after
 * the other, so that no window is ever written out.
 */
final class Pooling {

    private static final Shape ONE = new Shape(1);

    private final Operation operation;
    private final Windows windows;
    private final Tensor in;

    /** The number of windows along each spatial axis. */
    private final long[] counts;

    private Pooling(Operation operation, Windows windows, Tensor in, boolean ceilMode) {
        this.operation = operation;
        this.windows = windows;
        this.in = in;
        counts = counts(windows, in.layout(), ceilMode);
    }

    private static Pooling of(
            Operation operation,
            String name,
            Tensor in,
            Shape kernel,
            Shape stride,
            Shape padding,
            boolean ceilMode) {
        int axes = Windows.axes(name, in);
        Windows windows = Windows.of(name, axes, kernel, stride, padding, ONE);
        for (int i = 0; i < axes; i++) {
            if (windows.padding()[i] > windows.kernel()[i] / 2) {
                throw new IllegalArgumentException(
                        name
                                + " with padding "
                                + padding
                                + " and kernel "
                                + kernel
                                + ": padding can be half a kernel at most, as a window beyond"
                                + " would lie outside the array.");
            }
        }
        return new Pooling(operation, windows, in, ceilMode);
    }

    /** Returns the maxima; padding counts as nothing. */
    static Tensor max(
            Operation operation,
            Tensor in,
            Shape kernel,
            Shape stride,
            Shape padding,
            boolean ceilMode) {
        return of(operation, "maxPool", in, kernel, stride, padding, ceilMode)
                .along(BinaryOp.MAXIMUM, in);
    }

    /**
     * Returns the means; integers are divided towards zero.
     *
     * @param countIncludePad whether the zeros of padding are counted
     */
    static Tensor average(
            Operation operation,
            Tensor in,
            Shape kernel,
            Shape stride,
            Shape padding,
            boolean ceilMode,
            boolean countIncludePad) {
        Tensor wide = operation.cast(in, wide(in.dataType()));
        Pooling pooling = of(operation, "avgPool", wide, kernel, stride, padding, ceilMode);
        Tensor out = pooling.along(BinaryOp.ADD, wide);
        out = pooling.scale(out, countIncludePad, 1);
        return operation.cast(out, in.dataType());
    }

    /**
     * Returns (Σ x^p)^(1/p), where a window that ends beyond the padding counts as if its missing
     * elements were like the others.
     */
    static Tensor power(
            Operation operation,
            Tensor in,
            double p,
            Shape kernel,
            Shape stride,
            Shape padding,
            boolean ceilMode) {
        checkExponent(p, "lpPool");
        DataType type = Types.floating(in.dataType());
        Tensor wide = operation.cast(in, Types.wide(type));
        Pooling pooling = of(operation, "lpPool", wide, kernel, stride, padding, ceilMode);
        Tensor sums = pooling.along(BinaryOp.ADD, powers(operation, wide, p));
        sums = pooling.scale(sums, true, pooling.windows.volume());
        return operation.cast(root(operation, sums, p), type);
    }

    /** Reduces all spatial axes: (batch, channels, …) to (batch, channels). */
    static Tensor global(Operation operation, String name, ReduceOp op, Tensor in) {
        Windows.axes(name, in);
        long[] shape = in.layout().shape();
        for (int i = Windows.LEAD; i < shape.length; i++) {
            if (shape[i] == 0) {
                throw new IllegalArgumentException(
                        name
                                + " of an array of shape "
                                + Arrays.toString(shape)
                                + ": axis "
                                + i
                                + " is empty.");
            }
            shape[i] = 1;
        }
        Tensor out = operation.create(shape, in.dataType());
        if (out.layout().count() > 0) {
            operation.backend.reduce(op, in, out);
        }
        return out.with(out.layout().reshape(shape[0], shape[1]));
    }

    static Tensor globalPower(Operation operation, Tensor in, double p) {
        checkExponent(p, "globalLpPool");
        DataType type = Types.floating(in.dataType());
        Tensor powers = powers(operation, operation.cast(in, Types.wide(type)), p);
        Tensor sums = global(operation, "globalLpPool", ReduceOp.SUM, powers);
        return operation.cast(root(operation, sums, p), type);
    }

    private static void checkExponent(double p, String name) {
        if (p == 0 || Double.isNaN(p) || Double.isInfinite(p)) {
            throw new IllegalArgumentException(
                    name
                            + " with normType "
                            + p
                            + ": give an exponent other than 0, as 2. The limit of large ones is"
                            + " maxPool.");
        }
    }

    private static Tensor powers(Operation operation, Tensor in, double p) {
        Tensor out = operation.create(in.layout().shape(), in.dataType());
        if (p == 2) {
            operation.backend.unary(UnaryOp.SQUARE, in, out);
        } else {
            operation.backend.binary(BinaryOp.POWER, in, Scalar.of(p), out);
        }
        return out;
    }

    private static Tensor root(Operation operation, Tensor sums, double p) {
        if (p == 2) {
            operation.backend.unary(UnaryOp.SQRT, sums, sums);
        } else {
            operation.backend.binary(BinaryOp.POWER, sums, Scalar.of(1 / p), sums);
        }
        return sums;
    }

    /** Returns the type in which elements are added up. */
    private static DataType wide(DataType type) {
        return type.isFloating() ? Types.wide(type) : DataType.INT64;
    }

    private static long[] counts(Windows windows, Layout in, boolean ceilMode) {
        if (!ceilMode) {
            return windows.counts(in);
        }
        long[] counts = new long[windows.axes()];
        for (int i = 0; i < counts.length; i++) {
            long length = in.size(Windows.LEAD + i) + windows.padding()[i];
            long stride = windows.stride()[i];
            long room = length + windows.padding()[i] - windows.kernel()[i];
            counts[i] = Windows.ceilDiv(room, stride) + 1;
            // The last window must begin inside the array or before it.
            if ((counts[i] - 1) * stride >= length) {
                counts[i]--;
            }
            if (counts[i] <= 0) {
                throw windows.tooLarge(in, i);
            }
        }
        return counts;
    }

    /** Combines each window's elements, along one axis after the other. */
    private Tensor along(BinaryOp op, Tensor tensor) {
        Tensor result = tensor;
        for (int i = windows.axes() - 1; i >= 0; i--) {
            if (windows.kernel()[i] > 1 || windows.stride()[i] > 1) {
                result = along(op, result, i);
            }
        }
        return result == in ? operation.copy(in, in.dataType()) : result;
    }

    private Tensor along(BinaryOp op, Tensor tensor, int i) {
        long[] shape = tensor.layout().shape();
        shape[Windows.LEAD + i] = counts[i];
        Tensor out = operation.create(shape, tensor.dataType());
        if (out.layout().count() == 0) {
            return out;
        }
        // As few steps as possible: one for each element of a window, or one for each window.
        if (windows.kernel()[i] <= counts[i]) {
            combine(op, tensor, i, out);
        } else {
            reduce(op, tensor, i, out);
        }
        return out;
    }

    /** Adds the first elements of all windows, then all second ones, and so on. */
    private void combine(BinaryOp op, Tensor tensor, int i, Tensor out) {
        int axis = Windows.LEAD + i;
        long length = tensor.layout().size(axis);
        long stride = windows.stride()[i];
        long padding = windows.padding()[i];
        boolean whole = padding == 0 && (counts[i] - 1) * stride < length;
        if (!whole) {
            operation.backend.fill(out, identity(op, out.dataType()));
        }
        for (long k = 0; k < windows.kernel()[i]; k++) {
            long first = k - padding;
            long[] inside = Windows.inside(first, stride, counts[i], length);
            if (inside[1] == 0) {
                continue;
            }
            long place = first + inside[0] * stride;
            Tensor part = tensor.with(tensor.layout().slice(axis, place, inside[1], stride));
            Tensor target = out.with(out.layout().slice(axis, inside[0], inside[1], 1));
            if (k == 0 && whole) {
                operation.backend.copy(part, target);
            } else {
                operation.backend.binary(op, target, part, target);
            }
        }
    }

    private void reduce(BinaryOp op, Tensor tensor, int i, Tensor out) {
        int axis = Windows.LEAD + i;
        ReduceOp reduction = op == BinaryOp.ADD ? ReduceOp.SUM : ReduceOp.MAX;
        for (long o = 0; o < counts[i]; o++) {
            long first = o * windows.stride()[i] - windows.padding()[i];
            long start = Math.max(0, first);
            long end = Math.min(tensor.layout().size(axis), first + windows.kernel()[i]);
            Tensor target = out.with(out.layout().slice(axis, o, 1, 1));
            if (end <= start) {
                operation.backend.fill(target, identity(op, out.dataType()));
                continue;
            }
            Tensor part = tensor.with(tensor.layout().slice(axis, start, end - start, 1));
            operation.backend.reduce(reduction, part, target);
        }
    }

    private static Scalar identity(BinaryOp op, DataType type) {
        if (op == BinaryOp.ADD) {
            return Scalar.of(0);
        }
        long least =
                switch (type) {
                    case INT8 -> Byte.MIN_VALUE;
                    case INT32 -> Integer.MIN_VALUE;
                    case INT64 -> Long.MIN_VALUE;
                    default -> 0;
                };
        return new Scalar(Double.NEGATIVE_INFINITY, least);
    }

    /** Multiplies sums by a factor and divides them by how many elements their windows have. */
    private Tensor scale(Tensor sums, boolean countPadding, long factor) {
        int axes = windows.axes();
        long[][] sizes = new long[axes][];
        boolean equal = true;
        for (int i = 0; i < axes; i++) {
            sizes[i] = sizes(i, countPadding);
            long first = sizes[i][0];
            equal &= Arrays.stream(sizes[i]).allMatch(size -> size == first);
        }
        if (sums.layout().count() == 0) {
            return sums;
        }
        if (equal) {
            long size = 1;
            for (int i = 0; i < axes; i++) {
                size *= sizes[i][0];
            }
            if (size != factor) {
                operation.backend.binary(
                        BinaryOp.DIVIDE, sums, Scalar.of((double) size / factor), sums);
            }
            return sums;
        }
        Tensor divisor = operation.create(counts, sums.dataType());
        operation.backend.fill(divisor, Scalar.of(1));
        for (int i = 0; i < axes; i++) {
            long[] shape = TensorMath.along(axes, i, counts[i]);
            Tensor along =
                    operation.cast(HostElements.tensor(operation, sizes[i]), sums.dataType());
            along = ArrayArithmetic.stretch(operation.reshape(along, shape), counts);
            operation.backend.binary(BinaryOp.MULTIPLY, divisor, along, divisor);
        }
        divisor = ArrayArithmetic.stretch(divisor, sums.layout().shape());
        operation.backend.binary(BinaryOp.DIVIDE, sums, divisor, sums);
        if (factor != 1) {
            operation.backend.binary(BinaryOp.MULTIPLY, sums, Scalar.of(factor), sums);
        }
        return sums;
    }

    /** Returns the number of elements that each window has along an axis. */
    private long[] sizes(int i, boolean countPadding) {
        long length = in.layout().size(Windows.LEAD + i);
        long padding = windows.padding()[i];
        long[] sizes = new long[(int) counts[i]];
        for (int o = 0; o < sizes.length; o++) {
            long first = o * windows.stride()[i] - padding;
            long end = Math.min(first + windows.kernel()[i], length + padding);
            sizes[o] = countPadding ? end - first : Math.min(end, length) - Math.max(0, first);
        }
        return sizes;
    }
}
