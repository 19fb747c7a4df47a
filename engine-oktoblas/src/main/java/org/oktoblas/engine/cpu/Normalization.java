package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/** Softmax and layer norm: row by row, sums in double. */
final class Normalization {

    private static final long GRAIN = 1 << 14;

    private Normalization() {}

    static <A> void softmax(
            Arithmetic<A> kind, boolean logarithm, Tensor in, int axis, Tensor out) {
        int n = rowLength(in.layout().size(axis));
        if (in.layout().count() == 0) {
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
                            softmax(logarithm, floats, rows, n);
                        } else if (x instanceof double[] doubles) {
                            for (int i = 0; i < rows; i++) {
                                softmax(logarithm, doubles, i * n, n);
                            }
                        } else {
                            throw Arithmetic.unsupported("Softmax", "integer");
                        }
                        target.store(row * n, n * rows, x);
                    }
                });
    }

    /** Softmax of the first rows of n elements, in place. */
    static void softmax(boolean logarithm, float[] x, int rows, int n) {
        int count = rows * n;
        for (int start = 0; start < count; start += n) {
            float max = max(x, start, n);
            for (int i = start; i < start + n; i++) {
                x[i] -= max;
            }
        }
        float[] powers = x;
        if (logarithm) {
            powers = Scratch.get().floats(5, count);
            System.arraycopy(x, 0, powers, 0, count);
        }
        FloatFunctions.exp(powers, count);
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

    private static void softmax(boolean logarithm, double[] x, int start, int n) {
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

    static <A> void layerNorm(
            Arithmetic<A> kind,
            Tensor in,
            int axes,
            Tensor gamma,
            Tensor beta,
            double epsilon,
            Tensor out) {
        Layout layout = in.layout();
        long length = 1;
        for (int i = layout.rank() - axes; i < layout.rank(); i++) {
            length *= layout.size(i);
        }
        if (layout.count() == 0) {
            return;
        }
        int n = rowLength(length);
        View<A> source = kind.view(in);
        View<A> target = kind.view(out);
        Parallel.run(
                target.count() / n,
                Math.max(1, GRAIN / n),
                (start, end) -> {
                    A x = kind.scratch(0, n);
                    A scale = parameters(kind, gamma, n, 1);
                    A shift = parameters(kind, beta, n, 2);
                    for (long row = start; row < end; row++) {
                        source.load(row * n, n, x);
                        if (x instanceof float[] floats) {
                            normalize(floats, (float[]) scale, (float[]) shift, n, epsilon);
                        } else if (x instanceof double[] doubles) {
                            normalize(doubles, (double[]) scale, (double[]) shift, n, epsilon);
                        } else {
                            throw Arithmetic.unsupported("Layer norm", "integer");
                        }
                        target.store(row * n, n, x);
                    }
                });
    }

    private static <A> A parameters(Arithmetic<A> kind, Tensor tensor, int n, int slot) {
        if (tensor == null) {
            return null;
        }
        A values = kind.scratch(slot, n);
        load(Arithmetic.of(tensor.dataType()), tensor, kind, values, n);
        return values;
    }

    private static <A, B> void load(
            Arithmetic<B> from, Tensor tensor, Arithmetic<A> kind, A values, int n) {
        B loaded = from.scratch(3, n);
        from.view(tensor).load(0, n, loaded);
        kind.convert(from, loaded, values, n);
    }

    private static void normalize(float[] x, float[] scale, float[] shift, int n, double epsilon) {
        float mean = (float) (FloatReductions.sum(x, 0, n) / n);
        for (int i = 0; i < n; i++) {
            x[i] -= mean;
        }
        float factor = (float) (1 / Math.sqrt(sumOfSquares(x, n) / n + epsilon));
        if (scale == null) {
            for (int i = 0; i < n; i++) {
                x[i] *= factor;
            }
        } else {
            for (int i = 0; i < n; i++) {
                x[i] = x[i] * factor * scale[i];
            }
        }
        if (shift != null) {
            for (int i = 0; i < n; i++) {
                x[i] += shift[i];
            }
        }
    }

    private static void normalize(
            double[] x, double[] scale, double[] shift, int n, double epsilon) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += x[i];
        }
        double mean = sum / n;
        double squares = 0;
        for (int i = 0; i < n; i++) {
            x[i] -= mean;
            squares += x[i] * x[i];
        }
        double factor = 1 / Math.sqrt(squares / n + epsilon);
        for (int i = 0; i < n; i++) {
            x[i] = x[i] * factor * (scale == null ? 1 : scale[i]) + (shift == null ? 0 : shift[i]);
        }
    }

    /** The largest element, or −∞. NaN is passed over here and comes out of the exponentials. */
    private static float max(float[] x, int start, int n) {
        float m0 = Float.NEGATIVE_INFINITY;
        float m1 = m0;
        int end = start + n;
        int i = start;
        for (; i + 1 < end; i += 2) {
            if (x[i] > m0) {
                m0 = x[i];
            }
            if (x[i + 1] > m1) {
                m1 = x[i + 1];
            }
        }
        if (i < end && x[i] > m0) {
            m0 = x[i];
        }
        return Math.max(m0, m1);
    }

    /** Four sums side by side, because an addition has to wait for the one before it. */
    private static double sumOfSquares(float[] x, int n) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            s0 += (double) x[i] * x[i];
            s1 += (double) x[i + 1] * x[i + 1];
            s2 += (double) x[i + 2] * x[i + 2];
            s3 += (double) x[i + 3] * x[i + 3];
        }
        for (; i < n; i++) {
            s0 += (double) x[i] * x[i];
        }
        return s0 + s1 + (s2 + s3);
    }

    private static int rowLength(long length) {
        if (length > 1 << 28) {
            throw new UnsupportedOperationException(
                    "Rows of "
                            + length
                            + " elements are too long to normalise; 2^28 are the most.");
        }
        return (int) length;
    }
}
