package org.oktoblas.engine.cpu;

import java.util.Arrays;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/**
 * Cumulative sums and products along an axis: floats in double, integers in long, each row by one
 * thread in the order of its elements.
 */
final class Scans {

    private static final long GRAIN = 1 << 15;

    /** So many columns are scanned at a time, if there are at least so few. */
    private static final int COLUMNS = 256;

    private static final int FEWEST_COLUMNS = 16;

    /** So many rows are scanned side by side: an addition has to wait for the one before it. */
    private static final int ROWS = 4;

    private Scans() {}

    static <A> void scan(Arithmetic<A> kind, ReduceOp op, Tensor in, int axis, Tensor out) {
        if (op != ReduceOp.SUM && op != ReduceOp.PRODUCT) {
            throw new UnsupportedOperationException(
                    "A scan is a cumulative SUM or PRODUCT, not " + op + ".");
        }
        Layout layout = in.layout();
        if (layout.count() == 0) {
            return;
        }
        Arithmetic<?> wide =
                in.dataType().isFloating() ? DoubleArithmetic.INSTANCE : LongArithmetic.INSTANCE;
        int last = layout.rank() - 1;
        if (axis != last && layout.size(last) >= FEWEST_COLUMNS) {
            columns(kind, wide, op, in, axis, out);
        } else {
            rows(kind, wide, op, in, axis, out);
        }
    }

    /** Scans columns beside each other, row by row. */
    private static <A, W> void columns(
            Arithmetic<A> kind, Arithmetic<W> wide, ReduceOp op, Tensor in, int axis, Tensor out) {
        Layout layout = in.layout();
        int last = layout.rank() - 1;
        long length = layout.size(axis);
        long width = layout.size(last);
        // The scanned axis comes just before the last: matrices of (length, width).
        View<A> source = kind.view(in.with(Axes.toLastButOne(layout, axis)));
        View<A> target = kind.view(out.with(Axes.toLastButOne(out.layout(), axis)));
        long blocks = (width + COLUMNS - 1) / COLUMNS;
        BinaryOp combine = op == ReduceOp.SUM ? BinaryOp.ADD : BinaryOp.MULTIPLY;
        Parallel.run(
                target.count() / (length * width) * blocks,
                Math.max(1, GRAIN / (length * Math.min(COLUMNS, width))),
                (start, end) -> {
                    A x = kind.scratch(0, COLUMNS);
                    W y = wide.scratch(1, COLUMNS);
                    W result = wide.scratch(2, COLUMNS);
                    for (long block = start; block < end; block++) {
                        long column = block % blocks * COLUMNS;
                        int n = (int) Math.min(COLUMNS, width - column);
                        wide.fill(Scalar.of(op == ReduceOp.SUM ? 0 : 1), result, n);
                        long row = block / blocks * length;
                        for (long i = row; i < row + length; i++) {
                            source.load(i * width + column, n, x);
                            wide.convert(kind, x, y, n);
                            wide.binary(combine, result, y, n);
                            kind.convert(wide, result, x, n);
                            target.store(i * width + column, n, x);
                        }
                    }
                });
    }

    private static <A, W> void rows(
            Arithmetic<A> kind, Arithmetic<W> wide, ReduceOp op, Tensor in, int axis, Tensor out) {
        long length = in.layout().size(axis);
        View<A> source = kind.view(in.with(Axes.toLast(in.layout(), axis)));
        View<A> target = kind.view(out.with(Axes.toLast(out.layout(), axis)));
        boolean sum = op == ReduceOp.SUM;
        Parallel.run(
                target.count() / length,
                Math.max(1, GRAIN / length),
                (start, end) -> {
                    long row = start;
                    if (sum && kind == FloatArithmetic.INSTANCE) {
                        for (; row + ROWS <= end; row += ROWS) {
                            fourSums(floats(source), floats(target), row * length, length);
                        }
                    }
                    for (; row < end; row++) {
                        scan(kind, wide, sum, source, target, row * length, length);
                    }
                });
    }

    @SuppressWarnings("unchecked")
    private static View<float[]> floats(View<?> view) {
        return (View<float[]>) view;
    }

    /** Sums four rows, one after the other from an element on. */
    private static void fourSums(
            View<float[]> source, View<float[]> target, long start, long length) {
        Scratch scratch = Scratch.get();
        float[][] rows = new float[ROWS][];
        for (int i = 0; i < ROWS; i++) {
            rows[i] = scratch.floats(i, COLUMNS);
        }
        double[] sums = scratch.doubles(0, ROWS);
        Arrays.fill(sums, 0, ROWS, 0);
        for (long i = 0; i < length; i += COLUMNS) {
            int n = (int) Math.min(COLUMNS, length - i);
            for (int j = 0; j < ROWS; j++) {
                source.load(start + j * length + i, n, rows[j]);
            }
            fourSums(rows[0], rows[1], rows[2], rows[3], sums, n);
            for (int j = 0; j < ROWS; j++) {
                target.store(start + j * length + i, n, rows[j]);
            }
        }
    }

    private static void fourSums(float[] x, float[] y, float[] z, float[] w, double[] sums, int n) {
        double s0 = sums[0];
        double s1 = sums[1];
        double s2 = sums[2];
        double s3 = sums[3];
        for (int i = 0; i < n; i++) {
            s0 += x[i];
            s1 += y[i];
            s2 += z[i];
            s3 += w[i];
            x[i] = (float) s0;
            y[i] = (float) s1;
            z[i] = (float) s2;
            w[i] = (float) s3;
        }
        sums[0] = s0;
        sums[1] = s1;
        sums[2] = s2;
        sums[3] = s3;
    }

    private static <A, W> void scan(
            Arithmetic<A> kind,
            Arithmetic<W> wide,
            boolean sum,
            View<A> source,
            View<A> target,
            long start,
            long length) {
        double real = sum ? 0 : 1;
        long integral = sum ? 0 : 1;
        for (long i = start; i < start + length; i += Scratch.CHUNK) {
            int n = (int) Math.min(Scratch.CHUNK, start + length - i);
            A x = kind.scratch(0, n);
            W y = wide.scratch(1, n);
            source.load(i, n, x);
            wide.convert(kind, x, y, n);
            if (y instanceof double[] values) {
                for (int j = 0; j < n; j++) {
                    real = sum ? real + values[j] : real * values[j];
                    values[j] = real;
                }
            } else {
                long[] values = (long[]) y;
                for (int j = 0; j < n; j++) {
                    integral = sum ? integral + values[j] : integral * values[j];
                    values[j] = integral;
                }
            }
            kind.convert(wide, y, x, n);
            target.store(i, n, x);
        }
    }
}
