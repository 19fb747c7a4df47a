package org.oktoblas.engine.cpu;

import java.util.Arrays;
import org.oktoblas.engine.backend.ReduceOp;

/**
 * Reductions of floats in loops that the JIT vectorises. Element i of a row goes to lane i % 1024,
 * and the lanes are joined in the end, so that results do not depend on the number of threads. A
 * lane's sum is a pair of floats, the second of which takes up what rounding takes from the first:
 * together they are as exact as a double. Where a sum does not end in a number, as when a float
 * overflows, it is computed once more in double, element by element.
 */
final class FloatReductions {

    private static final int LANES = Scratch.CHUNK;

    /** So many elements of a lane are added up before the sum is kept in double. */
    private static final int DEPTH = 256;

    /** So many are multiplied: few enough that products of moderate numbers stay floats. */
    private static final int FACTORS = 16;

    /** The product of a lane is exact while it is no smaller than this, but for its last bits. */
    private static final float LEAST_PRODUCT = 0x1p-100f;

    /** So many lanes the largest of a row are taken in. */
    private static final int MAXIMA = 64;

    private FloatReductions() {}

    /** Reduces a row of a view, from an element on; a mean is only summed. */
    static double row(ReduceOp op, View<float[]> source, long start, long length) {
        if (length == 0) {
            return identity(op);
        }
        if (length <= LANES) {
            float[] x = Scratch.get().floats(0, LANES);
            source.load(start, (int) length, x);
            return fold(op, x, (int) length);
        }
        long size = (long) LANES * DEPTH;
        double[] parts = new double[Math.toIntExact((length + size - 1) / size)];
        Parallel.run(
                parts.length,
                1,
                (first, end) -> {
                    for (int i = (int) first; i < end; i++) {
                        int n = (int) Math.min(size, length - i * size);
                        parts[i] = part(op, source, start + i * size, n);
                    }
                });
        double result = identity(op);
        for (double part : parts) {
            result = join(op, result, part);
        }
        return result;
    }

    private static double part(ReduceOp op, View<float[]> source, long start, int n) {
        if (op == ReduceOp.PRODUCT) {
            double product = 1;
            for (int i = 0; i < n; i += FACTORS * LANES) {
                product *= product(source, start + i, Math.min(FACTORS * LANES, n - i));
            }
            return product;
        }
        Scratch scratch = Scratch.get();
        float[] lanes = scratch.floats(0, LANES);
        float[] next = scratch.floats(1, LANES);
        float[] rest = scratch.floats(2, LANES);
        Arrays.fill(lanes, 0, LANES, (float) identity(op));
        Arrays.fill(rest, 0, LANES, 0);
        boolean sum = op == ReduceOp.SUM || op == ReduceOp.MEAN;
        for (int i = 0; i < n; i += LANES) {
            int left = Math.min(LANES, n - i);
            source.load(start + i, left, next);
            switch (op) {
                case MAX -> max(lanes, next, left);
                case MIN -> min(lanes, next, left);
                default -> add(lanes, rest, next, left);
            }
        }
        double result = fold(op, lanes, LANES);
        if (!sum) {
            return result;
        }
        if (Math.abs(result) <= Double.MAX_VALUE) {
            return result + sum(rest, 0, LANES);
        }
        double exact = 0;
        for (int i = 0; i < n; i += LANES) {
            int left = Math.min(LANES, n - i);
            source.load(start + i, left, next);
            exact += sum(next, 0, left);
        }
        return exact;
    }

    /**
     * Multiplies at most FACTORS elements of each lane, whose product is a pair of floats: the
     * second takes up what rounding takes from the first. Where a product leaves the range in which
     * that is so, all are multiplied once more in double.
     */
    private static double product(View<float[]> source, long start, int n) {
        Scratch scratch = Scratch.get();
        float[] lanes = scratch.floats(0, LANES);
        float[] next = scratch.floats(1, LANES);
        float[] rest = scratch.floats(2, LANES);
        Arrays.fill(lanes, 0, LANES, 1);
        Arrays.fill(rest, 0, LANES, 0);
        for (int i = 0; i < n; i += LANES) {
            int left = Math.min(LANES, n - i);
            source.load(start + i, left, next);
            multiply(lanes, rest, next, left);
        }
        boolean exact = true;
        double result = 1;
        for (int i = 0; i < LANES; i++) {
            float magnitude = Math.abs(lanes[i]);
            exact &= magnitude >= LEAST_PRODUCT && magnitude <= Float.MAX_VALUE;
            result *= (double) lanes[i] + rest[i];
        }
        if (exact) {
            return result;
        }
        result = 1;
        for (int i = 0; i < n; i += LANES) {
            int left = Math.min(LANES, n - i);
            source.load(start + i, left, next);
            result *= product(next, left);
        }
        return result;
    }

    /**
     * Reduces columns that lie beside each other, from an element on; a mean is only summed.
     *
     * @param stride the elements from one row to the next
     * @param rows the elements that each column has
     * @param m the columns, at most a chunk
     */
    static void columns(
            ReduceOp op,
            View<float[]> source,
            long start,
            long stride,
            long rows,
            int m,
            double[] results) {
        Scratch scratch = Scratch.get();
        Arrays.fill(results, 0, m, identity(op));
        float[] lanes = scratch.floats(0, m);
        float[] next = scratch.floats(1, m);
        float[] rest = scratch.floats(2, m);
        for (long row = 0; row < rows; row += DEPTH) {
            long end = Math.min(rows, row + DEPTH);
            Arrays.fill(lanes, 0, m, (float) identity(op));
            Arrays.fill(rest, 0, m, 0);
            for (long i = row; i < end; i++) {
                source.load(start + i * stride, m, next);
                switch (op) {
                    case PRODUCT -> multiply(results, next, m);
                    case MAX -> max(lanes, next, m);
                    case MIN -> min(lanes, next, m);
                    default -> add(lanes, rest, next, m);
                }
            }
            for (int i = 0; i < m; i++) {
                double value = (double) lanes[i] + rest[i];
                if (op == ReduceOp.MAX || op == ReduceOp.MIN) {
                    value = lanes[i];
                } else if (op != ReduceOp.PRODUCT && !(Math.abs(value) <= Double.MAX_VALUE)) {
                    value = 0;
                    for (long j = row; j < end; j++) {
                        source.load(start + j * stride + i, 1, next);
                        value += next[0];
                    }
                }
                results[i] = join(op, results[i], value);
            }
        }
    }

    /**
     * Returns the product of two vectors, each lane of which is summed in float as those of matrix
     * products are, and the lanes in double.
     */
    static float dot(View<float[]> a, View<float[]> b) {
        Scratch scratch = Scratch.get();
        float[] lanes = scratch.floats(0, LANES);
        float[] x = scratch.floats(1, LANES);
        float[] y = scratch.floats(2, LANES);
        Arrays.fill(lanes, 0, LANES, 0);
        double sum = 0;
        for (long i = 0; i < a.count(); i += LANES) {
            int n = (int) Math.min(LANES, a.count() - i);
            a.load(i, n, x);
            b.load(i, n, y);
            for (int j = 0; j < n; j++) {
                lanes[j] += x[j] * y[j];
            }
            if (i / LANES % DEPTH == DEPTH - 1) {
                sum += sum(lanes, 0, LANES);
                Arrays.fill(lanes, 0, LANES, 0);
            }
        }
        return (float) (sum + sum(lanes, 0, LANES));
    }

    static double identity(ReduceOp op) {
        return switch (op) {
            case PRODUCT -> 1;
            case MAX -> Double.NEGATIVE_INFINITY;
            case MIN -> Double.POSITIVE_INFINITY;
            default -> 0;
        };
    }

    static double join(ReduceOp op, double a, double b) {
        return switch (op) {
            case PRODUCT -> a * b;
            case MAX -> Math.max(a, b);
            case MIN -> Math.min(a, b);
            default -> a + b;
        };
    }

    private static void multiply(double[] x, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            x[i] *= y[i];
        }
    }

    static void max(float[] x, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = Math.max(x[i], y[i]);
        }
    }

    private static void min(float[] x, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = Math.min(x[i], y[i]);
        }
    }

    /** Adds y to x, and what that loses by rounding to rest (D. Knuth's TwoSum). */
    static void add(float[] x, float[] rest, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            float a = x[i];
            float b = y[i];
            float s = a + b;
            float t = s - a;
            rest[i] += (a - (s - t)) + (b - t);
            x[i] = s;
        }
    }

    /** Multiplies x + rest by y; what rounding takes from x goes to rest. */
    private static void multiply(float[] x, float[] rest, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            float product = x[i] * y[i];
            rest[i] = Math.fma(rest[i], y[i], Math.fma(x[i], y[i], -product));
            x[i] = product;
        }
    }

    /** Joins lanes: the largest and smallest by halves, sums and products eight at a time. */
    static double fold(ReduceOp op, float[] x, int n) {
        int left = n;
        float[] upper = Scratch.get().floats(3, LANES);
        if (op == ReduceOp.MAX || op == ReduceOp.MIN) {
            while (left > 32) {
                int half = (left + 1) / 2;
                System.arraycopy(x, half, upper, 0, left - half);
                if (op == ReduceOp.MAX) {
                    max(x, upper, left - half);
                } else {
                    min(x, upper, left - half);
                }
                left = half;
            }
        }
        return op == ReduceOp.PRODUCT ? product(x, n) : foldFew(op, x, 0, left);
    }

    /** Joins lanes from one on: the largest and smallest one by one, sums eight at a time. */
    static double foldFew(ReduceOp op, float[] x, int start, int n) {
        if (op != ReduceOp.MAX && op != ReduceOp.MIN) {
            return sum(x, start, n);
        }
        double result = x[start];
        for (int i = start + 1; i < start + n; i++) {
            result = join(op, result, x[i]);
        }
        return result;
    }

    /** The largest element, −∞ if there is none; NaN may be passed over. */
    static float max(float[] x, int start, int n) {
        if (n < 2 * MAXIMA) {
            return maxOfFew(x, start, n);
        }
        Scratch scratch = Scratch.get();
        float[] lanes = scratch.floats(4, MAXIMA);
        float[] next = scratch.floats(3, MAXIMA);
        System.arraycopy(x, start, lanes, 0, MAXIMA);
        for (int i = MAXIMA; i < n; i += MAXIMA) {
            int left = Math.min(MAXIMA, n - i);
            System.arraycopy(x, start + i, next, 0, left);
            max(lanes, next, left);
        }
        return maxOfFew(lanes, 0, MAXIMA);
    }

    private static float maxOfFew(float[] x, int start, int n) {
        // Comparisons that are hardly ever true cost less than Math.max.
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

    /** Eight sums side by side, because an addition has to wait for the one before it. */
    static double sum(float[] x, int start, int n) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        double s4 = 0;
        double s5 = 0;
        double s6 = 0;
        double s7 = 0;
        int end = start + n;
        int i = start;
        for (; i + 7 < end; i += 8) {
            s0 += x[i];
            s1 += x[i + 1];
            s2 += x[i + 2];
            s3 += x[i + 3];
            s4 += x[i + 4];
            s5 += x[i + 5];
            s6 += x[i + 6];
            s7 += x[i + 7];
        }
        for (; i < end; i++) {
            s0 += x[i];
        }
        return s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7));
    }

    private static double product(float[] x, int n) {
        double p0 = 1;
        double p1 = 1;
        double p2 = 1;
        double p3 = 1;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            p0 *= x[i];
            p1 *= x[i + 1];
            p2 *= x[i + 2];
            p3 *= x[i + 3];
        }
        for (; i < n; i++) {
            p0 *= x[i];
        }
        return p0 * p1 * (p2 * p3);
    }
}
