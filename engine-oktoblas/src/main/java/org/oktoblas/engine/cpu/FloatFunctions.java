package org.oktoblas.engine.cpu;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * Functions of float arrays, to float accuracy, in loops that the JIT vectorises: without branches,
 * comparisons or conversions between types. Where a number must be seen as its bits, a whole chunk
 * of them is copied; where a condition decides, {@link Math#min} and {@link Math#max} make a factor
 * of 0 or 1 of it. NaN passes through all of them.
 */
final class FloatFunctions {

    /** From here down e^x is 0. */
    static final float LEAST_EXPONENT = -105;

    /** Half the binary logarithm of e: exponents are halved, so that their ends are in reach. */
    private static final float HALF_LOG2_E = 0.72134752f;

    /** 2 ln 2 in two parts, the first short enough that its multiples up to 2^8 are exact. */
    private static final float TWO_LN2_HIGH = 2839f / 2048;

    private static final float TWO_LN2_LOW = 6.389237e-5f;

    /** Adding this and taking it away again rounds a small float to the nearest integer. */
    private static final float ROUNDING = 0x1.8p23f;

    // pi in parts, all but the last so short that their multiples up to 2^12 are exact.
    private static final float PI_1 = 3.140625f;
    private static final float PI_2 = 0.0009675025939941406f;
    private static final float PI_3 = 1.5099067240953445e-07f;
    private static final float PI_4 = 5.126688303189038e-12f;

    /** Up to this magnitude the parts of pi suffice. */
    private static final float LARGEST_ANGLE = 8192;

    private static final int SQRT_HALF_BITS = Float.floatToRawIntBits((float) Math.sqrt(0.5));
    private static final int ONE_BITS = Float.floatToRawIntBits(1f);
    private static final int ROUNDING_BITS = Float.floatToRawIntBits(ROUNDING);

    private static final int BIAS = 127 << 23;

    private static final float GELU_SLOPE = (float) (2 * Math.sqrt(2 / Math.PI));
    private static final float GELU_CUBIC = 0.044715f;
    private static final float SQRT_HALF = (float) Math.sqrt(0.5);

    /** What happens to the first n elements of an array, at most a chunk. */
    interface Chunk {
        void run(Bits bits, float[] x, int n);
    }

    private FloatFunctions() {}

    /**
     * Runs over an array, a short one with ones behind its end; loops are vectorised where all
     * arrays are indexed from 0.
     */
    static void chunks(float[] x, int n, Chunk chunk) {
        Bits bits = Bits.get();
        if (n <= Scratch.CHUNK && n == Scratch.computed(n)) {
            chunk.run(bits, x, n);
            return;
        }
        float[] part = bits.floatPart;
        for (int i = 0; i < n; i += Scratch.CHUNK) {
            int m = Math.min(Scratch.CHUNK, n - i);
            int computed = Scratch.computed(m);
            System.arraycopy(x, i, part, 0, m);
            Arrays.fill(part, m, computed, 1);
            chunk.run(bits, part, computed);
            System.arraycopy(part, 0, x, i, m);
        }
    }

    /** x = e^x. */
    static void exp(float[] x, int n) {
        chunks(x, n, (bits, part, m) -> exp(bits, part, m, 1));
    }

    /** x = e^x, for x from {@link #LEAST_EXPONENT} to 90. */
    static void expOfModerate(float[] x, int n) {
        chunks(x, n, FloatFunctions::expOfModerate);
    }

    /**
     * x = e^(sign · x), to 1 unit in the last place: 4^m times the Taylor polynomial of degree 9 at
     * a remainder of at most ln 2, whose error there is below 2^-27. The power of 4 is multiplied
     * in as a square, so that subnormal results are rounded once.
     */
    private static void exp(Bits bits, float[] x, int n, float sign) {
        for (int i = 0; i < n; i++) {
            x[i] = Math.max(LEAST_EXPONENT, Math.min(90f, sign * x[i]));
        }
        expOfModerate(bits, x, n);
    }

    /** As {@link #expOfModerate(float[], int)}. */
    private static void expOfModerate(Bits bits, float[] x, int n) {
        float[] power = bits.floats;
        for (int i = 0; i < n; i++) {
            power[i] = Math.fma(x[i], HALF_LOG2_E, ROUNDING);
        }
        powersOfTwo(bits, n);
        for (int i = 0; i < n; i++) {
            // Once more, which costs less than to keep it.
            float m = Math.fma(x[i], HALF_LOG2_E, ROUNDING) - ROUNDING;
            float r = Math.fma(-m, TWO_LN2_LOW, Math.fma(-m, TWO_LN2_HIGH, x[i]));
            float factor = power[i];
            x[i] = Math.fma(r, Math.fma(r, expSeries(r), 1f), 1f) * factor * factor;
        }
    }

    /** Takes multiples m · 2 ln 2 from x, and writes m + ROUNDING to the floats of the bits. */
    private static void reduce(Bits bits, float[] x, int n) {
        float[] rounded = bits.floats;
        for (int i = 0; i < n; i++) {
            rounded[i] = Math.fma(x[i], HALF_LOG2_E, ROUNDING);
        }
        for (int i = 0; i < n; i++) {
            float m = rounded[i] - ROUNDING;
            x[i] = Math.fma(-m, TWO_LN2_LOW, Math.fma(-m, TWO_LN2_HIGH, x[i]));
        }
    }

    /** (e^r - 1 - r) / r². */
    private static float expSeries(float r) {
        float sum = Math.fma(1f / 362880, r, 1f / 40320);
        sum = Math.fma(sum, r, 1f / 5040);
        sum = Math.fma(sum, r, 1f / 720);
        sum = Math.fma(sum, r, 1f / 120);
        sum = Math.fma(sum, r, 1f / 24);
        sum = Math.fma(sum, r, 1f / 6);
        return Math.fma(sum, r, 0.5f);
    }

    /** Makes 2^m of m + ROUNDING, in whose lowest bits stands m itself. */
    private static void powersOfTwo(Bits bits, int n) {
        bits.toInts(n);
        int[] ints = bits.ints;
        for (int i = 0; i < n; i++) {
            ints[i] = (ints[i] << 23) + BIAS;
        }
        bits.toFloats(n);
    }

    /**
     * x = tanh(x) = e / (e + 2) with e = exp(2x) - 1, which is computed without cancellation: the
     * polynomial leaves its 1 out until the power of 4 is multiplied in.
     */
    static void tanh(float[] x, int n) {
        chunks(x, n, FloatFunctions::tanhOf);
    }

    private static void tanhOf(Bits bits, float[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = Math.max(-20f, Math.min(20f, 2 * x[i]));
        }
        reduce(bits, x, n);
        for (int i = 0; i < n; i++) {
            float r = x[i];
            x[i] = r * Math.fma(r, expSeries(r), 1f);
        }
        float[] power = bits.floats;
        powersOfTwo(bits, n);
        for (int i = 0; i < n; i++) {
            float square = power[i] * power[i];
            float e = x[i] * square - (1 - square);
            x[i] = e / (e + 2);
        }
    }

    /** x = 1 / (1 + e^-x). */
    static void sigmoid(float[] x, int n) {
        chunks(x, n, FloatFunctions::sigmoidOf);
    }

    private static void sigmoidOf(Bits bits, float[] x, int n) {
        exp(bits, x, n, -1);
        for (int i = 0; i < n; i++) {
            x[i] = 1 / (1 + x[i]);
        }
    }

    /** x = ln(x). */
    static void log(float[] x, int n) {
        // ln 2 in two parts, the first short enough that its multiples are exact.
        chunks(x, n, (bits, y, m) -> log(bits, y, m, 1, 0.693359375f, -2.12194440e-4f, Math::log));
    }

    /** x = log2(x), exact for powers of two. */
    static void log2(float[] x, int n) {
        float factor = (float) (1 / Math.log(2));
        chunks(x, n, (bits, y, m) -> log(bits, y, m, factor, 1, 0, Functions::log2));
    }

    /** x = log10(x). */
    static void log10(float[] x, int n) {
        float factor = (float) (1 / Math.log(10));
        float low = 4.605038981195214e-06f;
        chunks(x, n, (bits, y, m) -> log(bits, y, m, factor, 0.301025390625f, low, Math::log10));
    }

    /**
     * x = factor · ln(m) + k · (unitHigh + unitLow), where x is m · 2^k and m between the square
     * roots of 1/2 and 2, by the polynomial of S. Moshier's Cephes library (logf). What is no
     * positive normal number is left to another function.
     */
    private static void log(
            Bits bits,
            float[] x,
            int n,
            float factor,
            float unitHigh,
            float unitLow,
            DoubleUnaryOperator exact) {
        System.arraycopy(x, 0, bits.floats, 0, n);
        bits.toInts(n);
        split(bits, n);
        float[] result = bits.other;
        float[] exponents = bits.floats;
        for (int i = 0; i < n; i++) {
            float f = result[i] - 1;
            float k = exponents[i] - (ROUNDING + 127);
            float square = f * f;
            float log = f + (f * square * logSeries(f) - 0.5f * square);
            result[i] = (k * unitLow + factor * log) + k * unitHigh;
        }
        for (int i = 0; i < n; i++) {
            if (!(x[i] >= Float.MIN_NORMAL && x[i] <= Float.MAX_VALUE)) {
                result[i] = (float) exact.applyAsDouble(x[i]);
            }
        }
        System.arraycopy(result, 0, x, 0, n);
    }

    /**
     * Splits the bits of numbers into their mantissas, in the other floats, and their exponents, to
     * which 127 and ROUNDING are added, in the floats.
     */
    private static void split(Bits bits, int n) {
        int[] ints = bits.ints;
        int[] exponents = bits.otherInts;
        for (int i = 0; i < n; i++) {
            int exponent = ints[i] + (ONE_BITS - SQRT_HALF_BITS) >>> 23;
            exponents[i] = exponent + ROUNDING_BITS;
            ints[i] -= exponent - 127 << 23;
        }
        bits.toFloats(n);
        System.arraycopy(bits.floats, 0, bits.other, 0, n);
        System.arraycopy(exponents, 0, ints, 0, n);
        bits.toFloats(n);
    }

    private static float logSeries(float f) {
        float sum = 7.0376836292e-2f;
        sum = Math.fma(sum, f, -1.1514610310e-1f);
        sum = Math.fma(sum, f, 1.1676998740e-1f);
        sum = Math.fma(sum, f, -1.2420140846e-1f);
        sum = Math.fma(sum, f, 1.4249322787e-1f);
        sum = Math.fma(sum, f, -1.6668057665e-1f);
        sum = Math.fma(sum, f, 2.0000714765e-1f);
        sum = Math.fma(sum, f, -2.4999993993e-1f);
        return Math.fma(sum, f, 3.3333331174e-1f);
    }

    /** x = sin(x). */
    static void sin(float[] x, int n) {
        chunks(x, n, (bits, y, m) -> sin(bits, y, m, 0));
    }

    /** x = cos(x). */
    static void cos(float[] x, int n) {
        chunks(x, n, (bits, y, m) -> sin(bits, y, m, 0.5f));
    }

    /**
     * x = sin(x + turn · pi), for a turn of 0 or 0.5: the Taylor polynomial of degree 13 at what is
     * left of x when a multiple of pi is taken away, times 1 or -1 as that is even or odd.
     */
    private static void sin(Bits bits, float[] x, int n, float turn) {
        float[] sign = bits.floats;
        float[] result = bits.other;
        for (int i = 0; i < n; i++) {
            float m = x[i] * (float) (1 / Math.PI) + turn + ROUNDING - ROUNDING;
            float odd = 0.5f * m - (0.5f * m + ROUNDING - ROUNDING);
            sign[i] = 1 - 8 * odd * odd;
            float multiple = m - turn;
            result[i] =
                    x[i] - multiple * PI_1 - multiple * PI_2 - multiple * PI_3 - multiple * PI_4;
        }
        for (int i = 0; i < n; i++) {
            float r = result[i];
            float square = r * r;
            float sum = 1f / 6227020800f;
            sum = Math.fma(sum, square, -1f / 39916800);
            sum = Math.fma(sum, square, 1f / 362880);
            sum = Math.fma(sum, square, -1f / 5040);
            sum = Math.fma(sum, square, 1f / 120);
            sum = Math.fma(sum, square, -1f / 6);
            result[i] = r * (1 + square * sum) * sign[i];
        }
        for (int i = 0; i < n; i++) {
            if (!(Math.abs(x[i]) < LARGEST_ANGLE)) {
                result[i] = (float) (turn == 0 ? Math.sin(x[i]) : Math.cos(x[i]));
            }
        }
        System.arraycopy(result, 0, x, 0, n);
    }

    /** x = x · sigmoid(x). */
    static void silu(float[] x, int n) {
        chunks(x, n, FloatFunctions::siluOf);
    }

    private static void siluOf(Bits bits, float[] x, int n) {
        float[] factor = bits.other;
        System.arraycopy(x, 0, factor, 0, n);
        sigmoidOf(bits, x, n);
        for (int i = 0; i < n; i++) {
            x[i] *= Math.max(-104f, factor[i]);
        }
    }

    /** GELU's tanh approximation, written with the logistic function: (1 + tanh u) / 2 = σ(2u). */
    static void geluTanh(float[] x, int n) {
        chunks(x, n, FloatFunctions::geluTanhOf);
    }

    private static void geluTanhOf(Bits bits, float[] x, int n) {
        float[] factor = bits.other;
        for (int i = 0; i < n; i++) {
            float y = Math.max(-20f, x[i]);
            factor[i] = y;
            x[i] = GELU_SLOPE * (y + GELU_CUBIC * y * y * y);
        }
        sigmoidOf(bits, x, n);
        for (int i = 0; i < n; i++) {
            x[i] *= factor[i];
        }
    }

    /** x = x · (1 + erf(x / √2)) / 2 = max(x, 0) - |x| · erfc(|x| / √2) / 2. */
    static void gelu(float[] x, int n) {
        chunks(x, n, FloatFunctions::geluOf);
    }

    private static void geluOf(Bits bits, float[] x, int n) {
        float[] magnitude = bits.other;
        for (int i = 0; i < n; i++) {
            magnitude[i] = Math.min(14.4f, Math.abs(x[i])) * SQRT_HALF;
        }
        complement(bits, magnitude, n);
        float[] rest = bits.complement;
        for (int i = 0; i < n; i++) {
            float half = 0.5f * Math.min(14.4f, Math.abs(x[i]));
            x[i] = Math.max(x[i], 0f) - half * rest[i];
        }
    }

    /** x = erf(x): a polynomial up to 0.75, and from there on 1 - erfc(x). */
    static void erf(float[] x, int n) {
        chunks(x, n, FloatFunctions::erfOf);
    }

    private static void erfOf(Bits bits, float[] x, int n) {
        float[] magnitude = bits.other;
        for (int i = 0; i < n; i++) {
            magnitude[i] = Math.min(10f, Math.abs(x[i]));
        }
        complement(bits, magnitude, n);
        float[] rest = bits.complement;
        float[] weight = bits.other;
        for (int i = 0; i < n; i++) {
            rest[i] = (1 - rest[i]) * FloatRounding.signOf(x[i]);
        }
        for (int i = 0; i < n; i++) {
            weight[i] = FloatRounding.unit((Math.abs(x[i]) - 0.75f) * 0x1p30f);
            x[i] = Math.max(-1f, Math.min(1f, x[i]));
        }
        for (int i = 0; i < n; i++) {
            float y = x[i];
            float square = y * y;
            float sum = -5.6253962e-4f;
            sum = Math.fma(sum, square, 4.916023e-3f);
            sum = Math.fma(sum, square, -2.67099496e-2f);
            sum = Math.fma(sum, square, 1.12801306e-1f);
            sum = Math.fma(sum, square, -3.7612319e-1f);
            sum = Math.fma(sum, square, 1.1283791f);
            x[i] = sum * y * (1 - weight[i]) + rest[i] * weight[i];
        }
    }

    /**
     * Computes erfc(x) for x from 0 to 10.2, which it overwrites: e^(-x²) times a polynomial in 1 /
     * (1 + 0.4x), fitted to a relative error of 2^-25. Subnormal results are not exact.
     */
    private static void complement(Bits bits, float[] x, int n) {
        float[] result = bits.complement;
        for (int i = 0; i < n; i++) {
            result[i] = -x[i] * x[i];
        }
        expOfModerate(bits, result, n);
        for (int i = 0; i < n; i++) {
            x[i] = 1 / (1 + 0.4f * x[i]);
        }
        for (int i = 0; i < n; i++) {
            float t = x[i];
            float sum = -3.0043097e-2f;
            sum = Math.fma(sum, t, 2.0025736e-1f);
            sum = Math.fma(sum, t, -5.0361283e-1f);
            sum = Math.fma(sum, t, 5.5317706e-1f);
            sum = Math.fma(sum, t, -2.8857288e-1f);
            sum = Math.fma(sum, t, 2.7401078e-1f);
            sum = Math.fma(sum, t, 1.2911707e-1f);
            sum = Math.fma(sum, t, 2.1501616e-1f);
            sum = Math.fma(sum, t, 2.2494312e-1f);
            sum = Math.fma(sum, t, 2.2570723e-1f);
            result[i] *= t * sum;
        }
    }
}
