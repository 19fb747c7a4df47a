package org.oktoblas.engine;

import ai.djl.modality.cv.Image;
import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/**
 * Resampling to another size, axis by axis: every element of the result is a weighted sum of some
 * neighbours in the source. The rules are those of PyTorch's {@code interpolate}, with
 * anti-aliasing where it can be had: nearest takes the element at floor(i · in / out); bilinear and
 * bicubic (a = −0.5) are convolutions with the triangle and Keys' kernel, stretched by in / out
 * when shrinking and normalised at the borders; area is the mean of all elements that a pixel of
 * the result touches. Coordinates and weights are computed in double precision.
 */
final class Interpolation {

    /** Keys' parameter, "Cubic Convolution Interpolation for Digital Image Processing", 1981. */
    private static final double CUBIC = -0.5;

    /** From how many elements behind an axis on these are worth to be picked where they are. */
    private static final int ROW = 64;

    private final Operation operation;
    private final TensorMath math;
    private final Image.Interpolation mode;
    private final boolean alignCorners;

    Interpolation(Operation operation, Image.Interpolation mode, boolean alignCorners) {
        this.operation = operation;
        this.math = new TensorMath(operation);
        this.mode = mode;
        this.alignCorners = alignCorners;
    }

    /**
     * Returns the mode that DJL names by a number.
     *
     * @throws IllegalArgumentException if there is none
     */
    static Image.Interpolation mode(int number) {
        Image.Interpolation[] modes = Image.Interpolation.values();
        if (number < 0 || number >= modes.length) {
            throw new IllegalArgumentException(
                    "There is no interpolation "
                            + number
                            + ": give the ordinal of one of "
                            + Arrays.toString(modes)
                            + ".");
        }
        return modes[number];
    }

    /**
     * Returns the data type to compute in. Integers are computed in double precision, so that the
     * weights of a constant image add up to it before what is behind the point is cut off.
     */
    DataType workingType(DataType type) {
        if (mode == Image.Interpolation.NEAREST || type == DataType.FLOAT64) {
            return type;
        }
        return type.isFloating() ? DataType.FLOAT32 : DataType.FLOAT64;
    }

    /**
     * Resamples axes of a tensor of {@link #workingType}; the result is a new tensor of that type.
     *
     * @param first the first axis to resample
     * @param size the new lengths of that axis and those behind it
     */
    Tensor resample(Tensor in, int first, long[] size) {
        Tensor result = in;
        Tensor divisor = null;
        for (int axis : order(in, first, size)) {
            int from = Math.toIntExact(in.layout().size(axis));
            int to = Math.toIntExact(size[axis - first]);
            if (from == to) {
                continue;
            }
            Taps taps = taps(from, to);
            result = resample(result, axis, taps);
            if (taps.divisors() != null) {
                long[] shape = TensorMath.along(result.layout().rank(), axis, to);
                Tensor more = math.tensor(taps.divisors(), result.dataType(), shape);
                divisor = divisor == null ? more : math.multiply(divisor, more);
            }
        }
        if (divisor != null) {
            // Once for all axes: sums of whole numbers stay exact until here.
            math.into(BinaryOp.DIVIDE, result, divisor, result);
        }
        return result == in ? operation.copy(in, in.dataType()) : result;
    }

    /** Returns the axes to resample, those that shrink most first, which leaves the least to do. */
    private static int[] order(Tensor in, int first, long[] size) {
        return IntStream.range(first, first + size.length)
                .boxed()
                .sorted(
                        Comparator.comparing(
                                axis -> (double) size[axis - first] / in.layout().size(axis)))
                .mapToInt(axis -> axis)
                .toArray();
    }

    /** Resamples one axis: the axes before and behind it are taken as one each. */
    private Tensor resample(Tensor in, int axis, Taps taps) {
        long[] shape = in.layout().shape();
        long outer = 1;
        for (int i = 0; i < axis; i++) {
            outer *= shape[i];
        }
        long inner = 1;
        for (int i = axis + 1; i < shape.length; i++) {
            inner *= shape[i];
        }
        long from = shape[axis];
        long to = taps.length();
        shape[axis] = to;
        Tensor result;
        if (outer * inner == 0) {
            result = operation.create(shape, in.dataType());
        } else if (taps.count() == 1 || outer == 1 || inner >= ROW) {
            result = weigh(operation.reshape(in, outer, from, inner), taps);
        } else {
            // Long rows are much faster to pick than short ones: make the axis the first.
            Tensor view = operation.reshape(in, outer, from, inner);
            view = operation.copy(view.with(view.layout().swap(0, 1)), in.dataType());
            view = weigh(operation.reshape(view, 1, from, outer * inner), taps);
            view = operation.reshape(view, to, outer, inner);
            result = operation.dense(view.with(view.layout().swap(0, 1)));
        }
        return operation.reshape(result, shape);
    }

    /** Adds up the neighbours that taps name along the middle one of three axes. */
    private Tensor weigh(Tensor in, Taps taps) {
        long[] shape = in.layout().shape();
        shape[1] = taps.length();
        Tensor sum = operation.create(shape, in.dataType());
        Tensor part = taps.count() == 1 ? sum : operation.create(shape, in.dataType());
        Tensor indices = HostElements.tensor(operation, taps.indices());
        Tensor weights =
                taps.weights() == null
                        ? null
                        : math.tensor(taps.weights(), in.dataType(), taps.weights().length);
        for (int tap = 0; tap < taps.count(); tap++) {
            Tensor to = tap == 0 ? sum : part;
            operation.backend.gather(in, 1, row(indices, tap, shape), to);
            if (weights != null) {
                math.into(BinaryOp.MULTIPLY, to, row(weights, tap, shape), to);
            }
            if (tap > 0) {
                math.into(BinaryOp.ADD, sum, part, sum);
            }
        }
        return sum;
    }

    /** Returns a row of a table, in which each number stands for all that share an index. */
    private static Tensor row(Tensor table, int row, long[] shape) {
        long offset = table.layout().offset() + row * shape[1];
        return table.with(new Layout(shape.clone(), new long[] {0, 1, 0}, offset));
    }

    private Taps taps(int from, int to) {
        switch (mode) {
            case NEAREST:
                return nearest(from, to);
            case AREA:
                return area(from, to);
            default:
                return convolution(from, to);
        }
    }

    private static Taps nearest(int from, int to) {
        // In single precision, as the rule has it: it decides which of two neighbours is taken.
        float scale = (float) from / to;
        long[] index = new long[to];
        for (int i = 0; i < to; i++) {
            index[i] = Math.min((long) (i * scale), from - 1);
        }
        return new Taps(1, to, index, null, null);
    }

    private static Taps area(int from, int to) {
        double[] divisors = new double[to];
        int[] start = new int[to];
        double[][] weights = new double[to][];
        for (int i = 0; i < to; i++) {
            start[i] = (int) ((long) i * from / to);
            int end = (int) (((i + 1L) * from + to - 1) / to);
            weights[i] = new double[end - start[i]];
            Arrays.fill(weights[i], 1);
            divisors[i] = weights[i].length;
        }
        return Taps.of(start, weights, divisors);
    }

    private Taps convolution(int from, int to) {
        double scale = (double) from / to;
        if (alignCorners) {
            scale = to > 1 ? (from - 1.0) / (to - 1) : 0;
        }
        double stretch = Math.max(1, scale);
        double support = (mode == Image.Interpolation.BICUBIC ? 2 : 1) * stretch;
        int[] start = new int[to];
        double[][] weights = new double[to][];
        for (int i = 0; i < to; i++) {
            // The place in the source, where pixel j lies from j to j + 1.
            double center = alignCorners ? scale * i + 0.5 : scale * (i + 0.5);
            start[i] = Math.max((int) (center - support + 0.5), 0);
            int end = Math.min((int) (center + support + 0.5), from);
            weights[i] = new double[end - start[i]];
            double total = 0;
            for (int j = 0; j < weights[i].length; j++) {
                weights[i][j] = kernel((j + start[i] - center + 0.5) / stretch);
                total += weights[i][j];
            }
            for (int j = 0; j < weights[i].length; j++) {
                weights[i][j] /= total;
            }
        }
        return Taps.of(start, weights, null);
    }

    private double kernel(double distance) {
        double x = Math.abs(distance);
        if (mode == Image.Interpolation.BILINEAR) {
            return Math.max(0, 1 - x);
        }
        if (x < 1) {
            return ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1;
        }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * CUBIC : 0;
    }

    /**
     * What each place of a result is summed up from. Places of fewer neighbours than others name
     * their last one again, in halves of its weight, so that no infinity meets a weight of 0.
     *
     * @param count the number of neighbours
     * @param length the number of places
     * @param indices (count, length) places in the source
     * @param weights (count, length), or null if all are 1
     * @param divisors (length) what the sums are to be divided by, or null
     */
    private record Taps(
            int count, int length, long[] indices, double[] weights, double[] divisors) {

        static Taps of(int[] start, double[][] rows, double[] divisors) {
            int length = rows.length;
            int count = 0;
            for (double[] row : rows) {
                count = Math.max(count, row.length);
            }
            long[] indices = new long[count * length];
            double[] weights = new double[count * length];
            for (int i = 0; i < length; i++) {
                int last = rows[i].length - 1;
                double rest = rows[i][last];
                for (int tap = 0; tap < count; tap++) {
                    indices[tap * length + i] = start[i] + Math.min(tap, last);
                    double weight = tap < last ? rows[i][tap] : tap < count - 1 ? rest / 2 : rest;
                    weights[tap * length + i] = weight;
                    rest -= tap < last ? 0 : weight;
                }
            }
            boolean equal = Arrays.stream(weights).allMatch(weight -> weight == 1);
            return new Taps(count, length, indices, equal ? null : weights, divisors);
        }
    }
}
