package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/** Layer norm: row by row, sums in double. */
final class Normalization {

    private static final long GRAIN = 1 << 14;

    /** Below such a sum, squares that count may be too small for floats. */
    private static final double LEAST_SQUARES = 0x1p-70;

    private Normalization() {}

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
        // Short rows are read and written several at a time.
        int most = Math.max(1, Scratch.CHUNK / n);
        Parallel.run(
                target.count() / n,
                Math.max(1, GRAIN / n),
                (start, end) -> {
                    A scale = parameters(kind, gamma, n, 1);
                    A shift = parameters(kind, beta, n, 2);
                    if (kind == FloatArithmetic.INSTANCE) {
                        A rows = kind.scratch(5, n * most);
                        float[] one = Scratch.get().floats(0, n);
                        for (long row = start; row < end; row += most) {
                            int count = n * (int) Math.min(most, end - row);
                            source.load(row * n, count, rows);
                            for (int i = 0; i < count; i += n) {
                                System.arraycopy(rows, i, one, 0, n);
                                normalize(one, (float[]) scale, (float[]) shift, n, epsilon);
                                System.arraycopy(one, 0, rows, i, n);
                            }
                            target.store(row * n, count, rows);
                        }
                        return;
                    }
                    A x = kind.scratch(0, n);
                    for (long row = start; row < end; row++) {
                        source.load(row * n, n, x);
                        if (x instanceof double[] doubles) {
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
        if (scale != null && shift != null) {
            for (int i = 0; i < n; i++) {
                x[i] = x[i] * factor * scale[i] + shift[i];
            }
            return;
        }
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

    /** The sum of squares; they are floats where that is a normal float and not too large. */
    private static double sumOfSquares(float[] x, int n) {
        float[] squares = Scratch.get().floats(4, n);
        for (int i = 0; i < n; i++) {
            squares[i] = x[i] * x[i];
        }
        double sum = FloatReductions.sum(squares, 0, n);
        if (sum >= LEAST_SQUARES && sum <= Float.MAX_VALUE) {
            return sum;
        }
        sum = 0;
        for (int i = 0; i < n; i++) {
            sum += (double) x[i] * x[i];
        }
        return sum;
    }

    static int rowLength(long length) {
        if (length > 1 << 28) {
            throw new UnsupportedOperationException(
                    "Rows of "
                            + length
                            + " elements are too long to normalise; 2^28 are the most.");
        }
        return (int) length;
    }
}
