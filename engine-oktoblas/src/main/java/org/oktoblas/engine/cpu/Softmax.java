package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/** Softmax and its logarithm: sums in double, or as exact. */
final class Softmax {

    private static final long GRAIN = 1 << 14;

    /** So many columns of a single matrix are computed at a time. */
    private static final int COLUMNS = 128;

    /** From so many on, columns are computed beside each other. */
    private static final int FEWEST_COLUMNS = 16;

    private Softmax() {}

    static <A> void run(Arithmetic<A> kind, boolean logarithm, Tensor in, int axis, Tensor out) {
        Layout layout = in.layout();
        int n = Normalization.rowLength(layout.size(axis));
        if (layout.count() == 0) {
            return;
        }
        int last = layout.rank() - 1;
        // Columns keep what is not yet divided in the output, which rounds it if it has 16 bits.
        if (in.dataType() == DataType.FLOAT32
                && out.dataType() == DataType.FLOAT32
                && axis != last
                && layout.size(last) >= FEWEST_COLUMNS) {
            columns(logarithm, in, axis, out);
            return;
        }
        View<A> source = kind.view(in.with(Axes.toLast(in.layout(), axis)));
        View<A> target = kind.view(out.with(Axes.toLast(out.layout(), axis)));
        // Short rows are computed several at a time.
        int most = Math.max(1, Scratch.CHUNK / n);
        Parallel.run(
                target.count() / n,
                Math.max(1, GRAIN / n),
                (start, end) -> {
                    A x = kind.scratch(0, n * most);
                    for (long row = start; row < end; row += most) {
                        int rows = (int) Math.min(most, end - row);
                        source.load(row * n, n * rows, x);
                        if (x instanceof float[] floats) {
                            rows(logarithm, floats, rows, n);
                        } else if (x instanceof double[] doubles) {
                            for (int i = 0; i < rows; i++) {
                                row(logarithm, doubles, i * n, n);
                            }
                        } else {
                            throw Arithmetic.unsupported("Softmax", "integer");
                        }
                        target.store(row * n, n * rows, x);
                    }
                });
    }

    /** Softmax of the first rows of n elements, in place. */
    static void rows(boolean logarithm, float[] x, int rows, int n) {
        int count = rows * n;
        float[] powers = logarithm ? Scratch.get().floats(5, count) : x;
        for (int start = 0; start < count; start += n) {
            float max = FloatReductions.max(x, start, n);
            if (logarithm) {
                for (int i = start; i < start + n; i++) {
                    x[i] -= max;
                }
            } else {
                for (int i = start; i < start + n; i++) {
                    x[i] = Math.max(FloatFunctions.LEAST_EXPONENT, x[i] - max);
                }
            }
        }
        if (logarithm) {
            clamp(x, powers, count);
        }
        FloatFunctions.expOfModerate(powers, count);
        for (int start = 0; start < count; start += n) {
            double sum = FloatReductions.sum(powers, start, n);
            if (logarithm) {
                float log = (float) Math.log(sum);
                for (int i = start; i < start + n; i++) {
                    x[i] -= log;
                }
            } else {
                float factor = (float) (1 / sum);
                for (int i = start; i < start + n; i++) {
                    x[i] *= factor;
                }
            }
        }
    }

    private static void clamp(float[] x, float[] out, int n) {
        for (int i = 0; i < n; i++) {
            out[i] = Math.max(FloatFunctions.LEAST_EXPONENT, x[i]);
        }
    }

    private static void row(boolean logarithm, double[] x, int start, int n) {
        int end = start + n;
        double max = Double.NEGATIVE_INFINITY;
        for (int i = start; i < end; i++) {
            max = Math.max(max, x[i]);
        }
        double sum = 0;
        for (int i = start; i < end; i++) {
            sum += Math.exp(x[i] - max);
        }
        double log = Math.log(sum);
        for (int i = start; i < end; i++) {
            x[i] = logarithm ? x[i] - max - log : Math.exp(x[i] - max) / sum;
        }
    }

    /**
     * Softmax of columns beside each other, row by row; a sum is a pair of floats, the second of
     * which takes up what rounding takes from the first.
     */
    private static void columns(boolean logarithm, Tensor in, int axis, Tensor out) {
        long length = in.layout().size(axis);
        long width = in.layout().size(in.layout().rank() - 1);
        View<float[]> source =
                FloatArithmetic.INSTANCE.view(in.with(Axes.toLastButOne(in.layout(), axis)));
        View<float[]> target =
                FloatArithmetic.INSTANCE.view(out.with(Axes.toLastButOne(out.layout(), axis)));
        long matrices = target.count() / (length * width);
        // Whole rows at a time, unless there would be no work for all threads.
        int most = (int) Math.min(width, matrices < Parallel.THREADS ? COLUMNS : Scratch.CHUNK);
        long blocks = (width + most - 1) / most;
        Parallel.run(
                matrices * blocks,
                Math.max(1, GRAIN / (length * most)),
                (start, end) -> {
                    for (long block = start; block < end; block++) {
                        long column = block % blocks * most;
                        int n = (int) Math.min(most, width - column);
                        long first = block / blocks * length * width + column;
                        columns(logarithm, source, target, first, width, length, n);
                    }
                });
    }

    private static void columns(
            boolean logarithm,
            View<float[]> source,
            View<float[]> target,
            long first,
            long stride,
            long length,
            int n) {
        Scratch scratch = Scratch.get();
        float[] x = scratch.floats(0, n);
        float[] max = scratch.floats(1, n);
        float[] sums = scratch.floats(2, n);
        float[] rest = scratch.floats(3, n);
        source.load(first, n, max);
        for (long i = 1; i < length; i++) {
            source.load(first + i * stride, n, x);
            FloatReductions.max(max, x, n);
        }
        Arrays.fill(sums, 0, n, 0);
        Arrays.fill(rest, 0, n, 0);
        for (long i = 0; i < length; i++) {
            source.load(first + i * stride, n, x);
            for (int j = 0; j < n; j++) {
                x[j] -= max[j];
            }
            if (logarithm) {
                target.store(first + i * stride, n, x);
            }
            clamp(x, x, n);
            FloatFunctions.expOfModerate(x, n);
            FloatReductions.add(sums, rest, x, n);
            if (!logarithm) {
                target.store(first + i * stride, n, x);
            }
        }
        for (int j = 0; j < n; j++) {
            double sum = (double) sums[j] + rest[j];
            sums[j] = (float) (logarithm ? Math.log(sum) : 1 / sum);
        }
        for (long i = 0; i < length; i++) {
            target.load(first + i * stride, n, x);
            if (logarithm) {
                for (int j = 0; j < n; j++) {
                    x[j] -= sums[j];
                }
            } else {
                for (int j = 0; j < n; j++) {
                    x[j] *= sums[j];
                }
            }
            target.store(first + i * stride, n, x);
        }
    }
}
