package org.oktoblas.engine.cpu;

import java.util.Arrays;

/**
 * Functions of double arrays in loops that the JIT vectorises; what is too large or too small for
 * them is left to {@link Math}. Results are within three units in the last place.
 */
final class DoubleFunctions {

    private static final double HALF_LOG2_E = 0.5 / Math.log(2);

    // Logarithms of 2, and pi, in parts, the first short enough that their multiples are exact.
    private static final double LN2_HIGH = 0x1.62e42feep-1;
    private static final double LN2_LOW = 1.90821492927058770002e-10;
    private static final double PI_HIGH = 0x1.921fb54p1;
    private static final double PI_MIDDLE = 0x1.10b461p-29;
    private static final double PI_LOW = 0x1.a62633145c06ep-57;

    /** Up to this magnitude the parts of pi suffice. */
    private static final double LARGEST_ANGLE = 1 << 20;

    /** Adding this and taking it away again rounds a small double to the nearest integer. */
    private static final double ROUNDING = 0x1.8p52;

    private static final long BIAS = 1023;
    private static final long ONE = BIAS << 52;
    private static final long SQRT_HALF_BITS = Double.doubleToRawLongBits(Math.sqrt(0.5));
    private static final long SMALL_INTEGER = Double.doubleToRawLongBits(0x1p52);

    // The coefficients of FDLIBM's logarithm (Sun Microsystems, 1993).
    private static final double LOG1 = 6.666666666666735130e-01;
    private static final double LOG2 = 3.999999999940941908e-01;
    private static final double LOG3 = 2.857142874366239149e-01;
    private static final double LOG4 = 2.222219843214978396e-01;
    private static final double LOG5 = 1.818357216161805012e-01;
    private static final double LOG6 = 1.531383769920937332e-01;
    private static final double LOG7 = 1.479819860511658591e-01;

    private DoubleFunctions() {}

    /** What happens to the first n elements of an array, at most a chunk. */
    private interface Chunk {
        void run(Bits bits, double[] x, int n);
    }

    /**
     * Runs over an array, a short one with ones behind its end; loops are vectorised where all
     * arrays are indexed from 0.
     */
    private static void chunks(double[] x, int n, Chunk chunk) {
        Bits bits = Bits.get();
        if (n <= Scratch.CHUNK && n == Scratch.computed(n)) {
            chunk.run(bits, x, n);
            return;
        }
        double[] part = bits.doublePart;
        for (int i = 0; i < n; i += Scratch.CHUNK) {
            int m = Math.min(Scratch.CHUNK, n - i);
            int computed = Scratch.computed(m);
            System.arraycopy(x, i, part, 0, m);
            Arrays.fill(part, m, computed, 1);
            chunk.run(bits, part, computed);
            System.arraycopy(part, 0, x, i, m);
        }
    }

    /**
     * x = e^x: 4^m times the Taylor polynomial of degree 16 at a remainder of at most ln 2. The
     * power of 4 is multiplied in as a square, so that subnormal results are rounded once.
     */
    static void exp(double[] x, int n) {
        chunks(x, n, DoubleFunctions::expOf);
    }

    private static void expOf(Bits bits, double[] x, int n) {
        double[] power = bits.doubles;
        for (int i = 0; i < n; i++) {
            double y = Math.max(-750, Math.min(711, x[i]));
            double rounded = y * HALF_LOG2_E + ROUNDING;
            double m = rounded - ROUNDING;
            power[i] = rounded;
            x[i] = y - 2 * m * LN2_HIGH - 2 * m * LN2_LOW;
        }
        // A loop that is too long is not vectorised.
        for (int i = 0; i < n; i++) {
            double r = x[i];
            x[i] = 1 + r * (1 + r * expSeries(r));
        }
        bits.toLongs(n);
        long[] longs = bits.longs;
        for (int i = 0; i < n; i++) {
            longs[i] = (longs[i] << 52) + ONE;
        }
        bits.toDoubles(n);
        for (int i = 0; i < n; i++) {
            double factor = power[i];
            x[i] = x[i] * factor * factor;
        }
    }

    /** (e^r - 1 - r) / r². */
    private static double expSeries(double r) {
        double sum = 1.0 / 20922789888000.0;
        sum = sum * r + 1.0 / 1307674368000.0;
        sum = sum * r + 1.0 / 87178291200.0;
        sum = sum * r + 1.0 / 6227020800.0;
        sum = sum * r + 1.0 / 479001600;
        sum = sum * r + 1.0 / 39916800;
        sum = sum * r + 1.0 / 3628800;
        sum = sum * r + 1.0 / 362880;
        sum = sum * r + 1.0 / 40320;
        sum = sum * r + 1.0 / 5040;
        sum = sum * r + 1.0 / 720;
        sum = sum * r + 1.0 / 120;
        sum = sum * r + 1.0 / 24;
        sum = sum * r + 1.0 / 6;
        return sum * r + 0.5;
    }

    /** x = ln(x). */
    static void log(double[] x, int n) {
        chunks(x, n, DoubleFunctions::logOf);
    }

    /** x = ln(x); what is no positive normal number is left to {@link Math}. */
    private static void logOf(Bits bits, double[] x, int n) {
        logOfNormal(bits, x, n);
        double[] result = bits.doubles;
        for (int i = 0; i < n; i++) {
            if (!isNormal(x[i])) {
                result[i] = Math.log(x[i]);
            }
        }
        System.arraycopy(result, 0, x, 0, n);
    }

    /** x = ln(x) for at most a chunk of positive normal numbers. */
    static void logOfNormal(double[] x, int n) {
        Bits bits = Bits.get();
        logOfNormal(bits, x, n);
        System.arraycopy(bits.doubles, 0, x, 0, n);
    }

    /**
     * Writes ln(m) + k · ln 2, where x is m · 2^k and m between the square roots of 1/2 and 2, to
     * the doubles of the bits.
     */
    private static void logOfNormal(Bits bits, double[] x, int n) {
        double[] result = bits.doubles;
        System.arraycopy(x, 0, result, 0, n);
        bits.toLongs(n);
        split(bits, n);
        bits.toDoubles(n);
        double[] exponents = bits.exponents;
        for (int i = 0; i < n; i++) {
            double f = result[i] - 1;
            double k = exponents[i];
            double s = f / (2 + f);
            double half = 0.5 * f * f;
            double log = f - (half - s * (half + s * s * logSeries(s * s)));
            result[i] = k * LN2_LOW + log + k * LN2_HIGH;
        }
    }

    /** Returns whether a number is positive, finite and not subnormal. */
    private static boolean isNormal(double x) {
        return x >= Double.MIN_NORMAL && x <= Double.MAX_VALUE;
    }

    /** (ln((1 + s) / (1 - s)) / s - 2) / s², where z is s². */
    private static double logSeries(double z) {
        double sum = LOG7;
        sum = sum * z + LOG6;
        sum = sum * z + LOG5;
        sum = sum * z + LOG4;
        sum = sum * z + LOG3;
        sum = sum * z + LOG2;
        return sum * z + LOG1;
    }

    /** Splits the bits of n doubles into those of their mantissas, in place, and exponents. */
    private static void split(Bits bits, int n) {
        long[] longs = bits.longs;
        long[] raised = bits.otherLongs;
        for (int i = 0; i < n; i++) {
            long x = longs[i];
            long exponent = x + (ONE - SQRT_HALF_BITS) >>> 52;
            longs[i] = x - (exponent - BIAS << 52);
            // As the lowest bits of 2^52, an integer becomes a double.
            raised[i] = exponent | SMALL_INTEGER;
        }
        bits.toExponents(n);
        double[] exponents = bits.exponents;
        for (int i = 0; i < n; i++) {
            exponents[i] = exponents[i] - (0x1p52 + BIAS);
        }
    }

    /** x = sin(x). */
    static void sin(double[] x, int n) {
        chunks(x, n, (bits, part, m) -> sin(bits, part, m, 0));
    }

    /** x = cos(x). */
    static void cos(double[] x, int n) {
        chunks(x, n, (bits, part, m) -> sin(bits, part, m, 0.5));
    }

    /**
     * x = sin(x + turn · pi), for a turn of 0 or 0.5: the Taylor polynomial of degree 21 at what is
     * left of x when a multiple of pi is taken away, times 1 or -1 as that is even or odd.
     */
    private static void sin(Bits bits, double[] x, int n, double turn) {
        double[] result = bits.doubles;
        System.arraycopy(x, 0, result, 0, n);
        sinOfModerate(bits, result, n, turn);
        for (int i = 0; i < n; i++) {
            double value = x[i];
            if (!(Math.abs(value) < LARGEST_ANGLE)) {
                result[i] = turn == 0 ? Math.sin(value) : Math.cos(value);
            }
        }
        System.arraycopy(result, 0, x, 0, n);
    }

    private static void sinOfModerate(Bits bits, double[] x, int n, double turn) {
        double[] sign = bits.base;
        for (int i = 0; i < n; i++) {
            double m = x[i] * (1 / Math.PI) + turn + ROUNDING - ROUNDING;
            double odd = 0.5 * m - (0.5 * m + ROUNDING - ROUNDING);
            sign[i] = 1 - 8 * odd * odd;
            double multiple = m - turn;
            x[i] = x[i] - multiple * PI_HIGH - multiple * PI_MIDDLE - multiple * PI_LOW;
        }
        for (int i = 0; i < n; i++) {
            double r = x[i];
            double square = r * r;
            x[i] = r * (1 + square * sinSeries(square)) * sign[i];
        }
    }

    /** x = cos(x) for at most a chunk of numbers from 0 to 2π. */
    static void cosOfTurn(double[] x, int n) {
        sinOfModerate(Bits.get(), x, n, 0.5);
    }

    /** (sin(r) / r - 1) / r², of the square of r. */
    private static double sinSeries(double square) {
        double sum = 1.0 / 51090942171709440000.0;
        sum = sum * square - 1.0 / 121645100408832000.0;
        sum = sum * square + 1.0 / 355687428096000.0;
        sum = sum * square - 1.0 / 1307674368000.0;
        sum = sum * square + 1.0 / 6227020800.0;
        sum = sum * square - 1.0 / 39916800;
        sum = sum * square + 1.0 / 362880;
        sum = sum * square - 1.0 / 5040;
        sum = sum * square + 1.0 / 120;
        return sum * square - 1.0 / 6;
    }

    /** x = tan(x). */
    static void tan(double[] x, int n) {
        chunks(x, n, DoubleFunctions::tanOf);
    }

    private static void tanOf(Bits bits, double[] x, int n) {
        double[] cosine = bits.exponents;
        System.arraycopy(x, 0, cosine, 0, n);
        sin(bits, cosine, n, 0.5);
        sin(bits, x, n, 0);
        for (int i = 0; i < n; i++) {
            x[i] /= cosine[i];
        }
    }

    /**
     * x = x^y = e^(y ln x) for at most a chunk of floats held as doubles: of doubles the product
     * would need more bits.
     */
    static void powerOfFloats(double[] x, double[] y, int n) {
        Bits bits = Bits.get();
        double[] base = bits.base;
        System.arraycopy(x, 0, base, 0, n);
        // What comes of other bases is not used.
        logOfNormal(bits, base, n);
        double[] log = bits.doubles;
        for (int i = 0; i < n; i++) {
            x[i] = log[i] * y[i];
        }
        expOf(bits, x, n);
        for (int i = 0; i < n; i++) {
            if (!isNormal(base[i]) || x[i] != x[i]) {
                x[i] = Functions.pow(base[i], y[i]);
            }
        }
    }
}
