package org.oktoblas.engine;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/**
 * Convolution and transposed convolution, by matrix products. A convolution multiplies the weights
 * by the windows written side by side as columns; a transposed one multiplies the transposed
 * weights by the input and adds the columns up where their windows lie.
 */
final class Convolution {

    /** Columns are written in parts of about so many bytes. */
    private static final long PART_BYTES = 64 << 20;

    /** Matrices of so few rows, of one channel's filters, gain nothing over sums. */
    private static final long FEW_FILTERS = 2;

    private final Operation operation;
    private final Windows windows;
    private final int groups;
    private final DataType type;
    private final Tensor in;

    /** Weights (out channels, in channels / groups, kernel…), of the input's type. */
    private final Tensor weight;

    private final int axes;
    private final long batch;
    private final long channels;
    private final long filters;

    private Convolution(
            Operation operation,
            Windows windows,
            int groups,
            DataType type,
            Tensor input,
            Tensor weights) {
        this.operation = operation;
        this.windows = windows;
        this.groups = groups;
        this.type = type;
        in = operation.cast(input, type);
        weight = operation.cast(weights, type);
        axes = windows.axes();
        batch = in.layout().size(0);
        channels = in.layout().size(1);
        filters = weight.layout().size(0);
    }

    /**
     * Convolves.
     *
     * @param input (batch, channels, …)
     * @param weight (out channels, channels / groups, kernel…)
     * @param bias (out channels) or null
     * @return (batch, out channels, …), of the wider type of input and weight
     */
    static Tensor convolve(
            Operation operation,
            Windows windows,
            int groups,
            Tensor input,
            Tensor weight,
            Tensor bias) {
        check(windows, groups, input, weight, bias);
        DataType type = Types.widest(input.dataType(), weight.dataType());
        // A depthwise convolution adds up in memory, where 16 bits would round each time.
        boolean depthwise =
                input.layout().size(1) == groups && weight.layout().size(0) / groups <= FEW_FILTERS;
        DataType summed = depthwise ? Types.wide(type) : type;
        Convolution convolution =
                new Convolution(operation, windows, groups, summed, input, weight);
        Tensor out = convolution.convolve(depthwise);
        convolution.add(bias, out);
        return operation.cast(out, type);
    }

    /**
     * Convolves the other way: each element of the input adds a window to the output.
     *
     * @param input (batch, channels, …)
     * @param weight (out channels, channels / groups, kernel…)
     * @param bias (out channels) or null
     * @param outPadding how much longer than the windows need each axis of the output is
     * @return (batch, out channels, …), of the wider type of input and weight
     */
    static Tensor transposed(
            Operation operation,
            Windows windows,
            long[] outPadding,
            int groups,
            Tensor input,
            Tensor weight,
            Tensor bias) {
        check(windows, groups, input, weight, bias);
        DataType type = Types.widest(input.dataType(), weight.dataType());
        // Up to a kernel's volume of columns meet in one element: 16 bits would round each time.
        Convolution convolution =
                new Convolution(operation, windows, groups, Types.wide(type), input, weight);
        Tensor out = convolution.transposed(convolution.lengths(outPadding));
        convolution.add(bias, out);
        return operation.cast(out, type);
    }

    private static void check(
            Windows windows, int groups, Tensor input, Tensor weight, Tensor bias) {
        long[] in = input.layout().shape();
        long[] shape = weight.layout().shape();
        boolean fits =
                groups >= 1
                        && in.length == shape.length
                        && shape[0] % groups == 0
                        && in[1] % groups == 0
                        && in[1] / groups == shape[1];
        if (!fits) {
            throw new IllegalArgumentException(
                    windows.operation()
                            + " of an array of shape "
                            + Arrays.toString(in)
                            + " with a weight of shape "
                            + Arrays.toString(shape)
                            + " in "
                            + groups
                            + " groups: the input is (batch, channels, …), the weight (out channels,"
                            + " channels / groups, …) with as many axes, and the groups must divide"
                            + " both numbers of channels.");
        }
        if (bias != null && (bias.layout().rank() != 1 || bias.layout().size(0) != shape[0])) {
            throw new IllegalArgumentException(
                    windows.operation()
                            + " to "
                            + shape[0]
                            + " channels needs a bias of shape ("
                            + shape[0]
                            + "), not "
                            + Arrays.toString(bias.layout().shape())
                            + ".");
        }
    }

    private void add(Tensor bias, Tensor out) {
        if (bias == null || out.layout().count() == 0) {
            return;
        }
        long[] shape = TensorMath.along(1 + axes, 0, filters);
        Tensor shift = operation.reshape(operation.cast(bias, out.dataType()), shape);
        shift = ArrayArithmetic.stretch(shift, out.layout().shape());
        operation.backend.binary(BinaryOp.ADD, out, shift, out);
    }

    private long[] shape(long[] spatial) {
        long[] shape = new long[Windows.LEAD + axes];
        shape[0] = batch;
        shape[1] = filters;
        System.arraycopy(spatial, 0, shape, Windows.LEAD, axes);
        return shape;
    }

    private Tensor convolve(boolean depthwise) {
        long[] counts = windows.counts(in.layout());
        Tensor out = operation.create(shape(counts), type);
        long depth = channels / groups * windows.volume();
        if (out.layout().count() == 0 || depth == 0) {
            zero(out);
            return out;
        }
        Tensor padded = windows.pad(operation, in);
        if (depthwise) {
            depthwise(padded, counts, out);
            return out;
        }
        Tensor columns = padded.with(windows.over(padded.layout(), counts));
        Tensor matrices = operation.reshape(weight, groups, filters / groups, depth);
        Layout target =
                out.layout().reshape(batch, groups, filters / groups, Windows.product(counts));
        Layout whole = columns.layout().reshape(batch, groups, depth, Windows.product(counts));
        if (whole != null) {
            multiply(matrices, columns.with(whole), out.with(target));
            return out;
        }
        Parts parts = parts(columns.layout(), Windows.LEAD + axes);
        long row = Windows.product(counts) / counts[0];
        Tensor space = operation.create(parts.shape(columns.layout()), type);
        for (long n = 0; n < batch; n += parts.samples) {
            long samples = Math.min(parts.samples, batch - n);
            for (long r = 0; r < counts[0]; r += parts.rows) {
                long rows = Math.min(parts.rows, counts[0] - r);
                Layout part = columns.layout().slice(0, n, samples, 1);
                part = part.slice(parts.axis, r, rows, 1);
                operation.backend.copy(
                        columns.with(part), space.with(Layout.contiguous(part.shape())));
                multiply(
                        matrices,
                        space.with(Layout.contiguous(samples, groups, depth, rows * row)),
                        out.with(target.slice(0, n, samples, 1).slice(3, r * row, rows * row, 1)));
            }
        }
        return out;
    }

    /**
     * Convolves each channel by itself: the input is scaled and added for each of a window's
     * elements.
     */
    private void depthwise(Tensor padded, long[] counts, Tensor out) {
        long each = filters / groups;
        Tensor over = padded.with(windows.over(padded.layout(), counts));
        // (batch, channels, 1, kernel…, windows…) beside (batch, channels, filters, windows…).
        long[] shape = new long[3 + axes];
        shape[0] = batch;
        shape[1] = channels;
        shape[2] = each;
        System.arraycopy(counts, 0, shape, 3, axes);
        Tensor sum = out.with(out.layout().reshape(shape));
        Tensor factors = operation.reshape(weight, channels, each, windows.volume());
        Tensor product = operation.create(shape, type);
        for (int k = 0; k < windows.volume(); k++) {
            Layout part = over.layout();
            long rest = k;
            for (int i = axes - 1; i >= 0; i--) {
                part = part.select(Windows.LEAD + i, rest % windows.kernel()[i]);
                rest /= windows.kernel()[i];
            }
            Layout factor = factors.layout().select(2, k);
            for (int i = 0; i < axes; i++) {
                factor = factor.insertAxis(factor.rank());
            }
            operation.backend.binary(
                    BinaryOp.MULTIPLY,
                    over.with(part.insertAxis(2).broadcastTo(shape)),
                    factors.with(factor.broadcastTo(shape)),
                    k == 0 ? sum : product);
            if (k > 0) {
                operation.backend.binary(BinaryOp.ADD, sum, product, sum);
            }
        }
    }

    /** Multiplies the groups' matrices (groups, M, K) by columns (batch, groups, K, N). */
    private void multiply(Tensor matrices, Tensor columns, Tensor out) {
        long[] shape = out.layout().shape();
        shape[3] = matrices.layout().size(2);
        operation.backend.matmul(ArrayArithmetic.stretch(matrices, shape), columns, out);
    }

    private void zero(Tensor out) {
        if (out.layout().count() > 0) {
            operation.backend.fill(out, Scalar.of(0));
        }
    }

    /** How many samples, or else rows of one sample, are written as columns at a time. */
    private record Parts(int axis, long samples, long rows) {

        long[] shape(Layout columns) {
            long[] shape = columns.shape();
            shape[0] = samples;
            shape[axis] = rows;
            return shape;
        }
    }

    /** Divides columns (batch, …), of which an axis counts the rows. */
    private Parts parts(Layout columns, int axis) {
        long rows = columns.size(axis);
        long sample = columns.count() / batch * type.getNumOfBytes();
        if (sample <= PART_BYTES) {
            return new Parts(axis, Math.min(batch, PART_BYTES / sample), rows);
        }
        return new Parts(axis, 1, Math.max(1, PART_BYTES / (sample / rows)));
    }

    /** Returns the lengths of a transposed convolution's spatial axes. */
    private long[] lengths(long[] outPadding) {
        long[] lengths = new long[axes];
        for (int i = 0; i < axes; i++) {
            if (outPadding[i] >= Math.max(windows.stride()[i], windows.dilation()[i])) {
                throw new IllegalArgumentException(
                        windows.operation()
                                + " with outPadding "
                                + outPadding[i]
                                + " for axis "
                                + (Windows.LEAD + i)
                                + ": it must be smaller than the stride, "
                                + windows.stride()[i]
                                + ", or the dilation, "
                                + windows.dilation()[i]
                                + ".");
            }
            long length = in.layout().size(Windows.LEAD + i);
            lengths[i] =
                    (length - 1) * windows.stride()[i]
                            + windows.extent(i)
                            + outPadding[i]
                            - 2 * windows.padding()[i];
            if (length == 0 || lengths[i] <= 0) {
                throw new IllegalArgumentException(
                        windows.operation()
                                + " of an array of shape "
                                + Arrays.toString(in.layout().shape())
                                + " leaves nothing of axis "
                                + (Windows.LEAD + i)
                                + ": its length would be "
                                + lengths[i]
                                + ". Use less padding.");
            }
        }
        return lengths;
    }

    private Tensor transposed(long[] lengths) {
        Tensor out = operation.create(shape(lengths), type);
        zero(out);
        long depth = channels / groups;
        if (out.layout().count() == 0 || depth == 0) {
            return out;
        }
        // (groups, M, depth, volume) to (groups, M · volume, depth).
        long volume = windows.volume();
        Tensor split = operation.reshape(weight, groups, filters / groups, depth, volume);
        split = split.with(split.layout().swap(2, 3));
        Tensor matrices = operation.reshape(split, groups, filters / groups * volume, depth);

        Layout layout = in.layout();
        long[] columns = new long[Windows.LEAD + 2 * axes];
        columns[0] = batch;
        columns[1] = filters;
        for (int i = 0; i < axes; i++) {
            columns[Windows.LEAD + i] = windows.kernel()[i];
            columns[Windows.LEAD + axes + i] = layout.size(Windows.LEAD + i);
        }
        Parts parts = parts(Layout.contiguous(columns), Windows.LEAD + axes);
        Tensor space = operation.create(parts.shape(Layout.contiguous(columns)), type);
        for (long n = 0; n < batch; n += parts.samples) {
            long samples = Math.min(parts.samples, batch - n);
            for (long r = 0; r < layout.size(2); r += parts.rows) {
                long rows = Math.min(parts.rows, layout.size(2) - r);
                Tensor part =
                        operation.dense(
                                in.with(layout.slice(0, n, samples, 1).slice(2, r, rows, 1)));
                long count = part.layout().count() / samples / channels;
                multiply(
                        matrices,
                        part.with(part.layout().reshape(samples, groups, depth, count)),
                        space.with(
                                Layout.contiguous(
                                        samples, groups, filters / groups * volume, count)));
                columns[0] = samples;
                columns[parts.axis] = rows;
                scatter(
                        space.with(Layout.contiguous(columns)),
                        r,
                        out.with(out.layout().slice(0, n, samples, 1)));
            }
        }
        return out;
    }

    /** Adds columns (batch, filters, kernel…, input…) to the output, from a row of input on. */
    private void scatter(Tensor columns, long row, Tensor out) {
        long volume = windows.volume();
        for (long k = 0; k < volume; k++) {
            Layout from = columns.layout();
            Layout to = out.layout();
            long rest = k;
            for (int i = axes - 1; i >= 0; i--) {
                long at = rest % windows.kernel()[i];
                rest /= windows.kernel()[i];
                long stride = windows.stride()[i];
                long first = at * windows.dilation()[i] - windows.padding()[i];
                int axis = Windows.LEAD + axes + i;
                if (i == 0) {
                    first += row * stride;
                }
                long[] inside =
                        Windows.inside(first, stride, from.size(axis), to.size(Windows.LEAD + i));
                from = from.slice(axis, inside[0], inside[1], 1);
                from = from.slice(Windows.LEAD + i, at, 1, 1);
                long place = first + inside[0] * stride;
                to = to.slice(Windows.LEAD + i, place, inside[1], stride);
            }
            for (int i = 0; i < axes; i++) {
                from = from.dropAxis(Windows.LEAD);
            }
            if (to.count() > 0) {
                Tensor sum = out.with(to);
                operation.backend.binary(BinaryOp.ADD, sum, columns.with(from), sum);
            }
        }
    }
}
