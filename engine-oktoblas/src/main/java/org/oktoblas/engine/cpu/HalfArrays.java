package org.oktoblas.engine.cpu;

import java.nio.ShortBuffer;
import java.util.Arrays;

/**
 * Conversions of many 16-bit floats at a time, in loops that the JIT vectorises; the results are
 * those of {@link Half}, but for the bits of NaN.
 */
final class HalfArrays {

    /** Exponents of float32 reach so much further than those of binary16. */
    private static final float TWO_TO_112 = 0x1p112f;

    /** The same, in the bits of a float. */
    private static final int MORE_RANGE = 0x38000000;

    /** The bits of 2^-14. */
    private static final int LEAST_NORMAL = 0x38800000;

    /** The bits of 65520. */
    private static final int ROUNDS_TO_INFINITY = 0x477ff000;

    /** The bits of 2^16: from here on, and from a little below, numbers are infinite. */
    private static final int INFINITE = 0x47800000;

    /** The bits of 0.5. */
    private static final int ONE_HALF = 0x3f000000;

    /** Converts n numbers between floats and 16-bit ones, both as {@link Bits} has them. */
    interface Codec {
        void run(Bits bits, int n);
    }

    private HalfArrays() {}

    /** Reads n neighbouring numbers as floats. */
    static void load(Codec decode, ShortBuffer buffer, int index, float[] target, int at, int n) {
        Bits bits = Bits.get();
        for (int done = 0; done < n; done += Scratch.CHUNK) {
            int m = Math.min(Scratch.CHUNK, n - done);
            int computed = Scratch.computed(m);
            short[] halves = bits.shorts;
            int[] ints = bits.ints;
            buffer.get(index + done, halves, 0, m);
            // What comes of older numbers behind these is not used.
            for (int i = 0; i < computed; i++) {
                ints[i] = halves[i];
            }
            decode.run(bits, computed);
            System.arraycopy(bits.floats, 0, target, at + done, m);
        }
    }

    /** Writes n floats as neighbouring numbers. */
    static void store(Codec encode, ShortBuffer buffer, int index, float[] source, int at, int n) {
        Bits bits = Bits.get();
        for (int done = 0; done < n; done += Scratch.CHUNK) {
            int m = Math.min(Scratch.CHUNK, n - done);
            bits.toInts(source, at + done, m);
            encode.run(bits, padded(bits.ints, m));
            buffer.put(index + done, bits.shorts, 0, m);
        }
    }

    /** Puts zeros after the first n integers, up to as many as are computed. */
    private static int padded(int[] ints, int n) {
        int computed = Scratch.computed(n);
        Arrays.fill(ints, n, computed, 0);
        return computed;
    }

    /** Stores the lower halves of integers, up to a negative one; returns whether there is none. */
    private static boolean narrow(int[] values, short[] halves, int n) {
        for (int i = 0; i < n; i++) {
            int value = values[i];
            halves[i] = (short) value;
            // An exit costs less than to gather the signs.
            if (value < 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * Rounds to what most floats become, 0 and normal numbers of binary16; negative where that is
     * not right.
     */
    private static void roundNormal(int[] values, int[] results, int n) {
        for (int i = 0; i < n; i++) {
            int value = values[i];
            int magnitude = value & 0x7fffffff;
            // Comparisons are signs of differences here.
            int above = magnitude - LEAST_NORMAL;
            int below = ROUNDS_TO_INFINITY - 1 - magnitude;
            int other = (above | below) & Integer.MIN_VALUE;
            int normal = above + LEAST_NORMAL - MORE_RANGE + 0xfff + (value >>> 13 & 1) >>> 13;
            // All but 0 overflow here. (The JIT does not vectorise negations.)
            int nonzero = magnitude + Integer.MAX_VALUE >> 31;
            results[i] = (normal | other) & nonzero | value >>> 16 & 0x8000;
        }
    }

    static void fromFloat16(Bits bits, int n) {
        int[] ints = bits.ints;
        for (int i = 0; i < n; i++) {
            int half = ints[i];
            int magnitude = half & 0x7fff;
            // The largest exponent is that of infinity and NaN in float, too.
            int largest = 0x7bff - magnitude >> 31 & 0x70000000;
            ints[i] = ((half & 0x8000) << 16 | magnitude << 13) + largest;
        }
        bits.toFloats(n);
        float[] floats = bits.floats;
        for (int i = 0; i < n; i++) {
            floats[i] *= TWO_TO_112;
        }
    }

    static void toFloat16(Bits bits, int n) {
        roundNormal(bits.ints, bits.otherInts, n);
        if (!narrow(bits.otherInts, bits.shorts, n)) {
            anyToFloat16(bits, n);
        }
    }

    /** As {@link #toFloat16}, where it is known that not all are 0 or normal. */
    static void anyToFloat16(Bits bits, int n) {
        roundAll(bits, n);
        narrow(bits.ints, bits.shorts, n);
    }

    private static void roundAll(Bits bits, int n) {
        bits.toFloats(n);
        // Below 2^-14 numbers are multiples of 2^-24, which is the ulp of 0.5: a sum rounds to
        // them.
        float[] floats = bits.floats;
        float[] shifted = bits.other;
        for (int i = 0; i < n; i++) {
            shifted[i] = Math.abs(floats[i]) + 0.5f;
        }
        bits.otherToInts(n);
        int[] ints = bits.ints;
        int[] shiftedBits = bits.otherInts;
        for (int i = 0; i < n; i++) {
            int value = ints[i];
            int magnitude = value & 0x7fffffff;
            // Comparisons are signs of differences here: all ones where something is so.
            int excess = magnitude - INFINITE;
            int finite = INFINITE + (excess & excess >> 31);
            int normal = finite - MORE_RANGE + 0xfff + (finite >>> 13 & 1) >>> 13;
            int small = magnitude - LEAST_NORMAL >> 31;
            int subnormal = shiftedBits[i] - ONE_HALF;
            int nan = 0x7f800000 - magnitude >> 31 & 0x200;
            ints[i] = normal & ~small | subnormal & small | nan | value >>> 16 & 0x8000;
        }
    }

    static void fromBfloat16(Bits bits, int n) {
        int[] ints = bits.ints;
        for (int i = 0; i < n; i++) {
            ints[i] <<= 16;
        }
        bits.toFloats(n);
    }

    static void toBfloat16(Bits bits, int n) {
        int[] ints = bits.ints;
        for (int i = 0; i < n; i++) {
            int value = ints[i];
            int rounded = value + 0x7fff + (value >>> 16 & 1) >>> 16;
            // All ones for NaN, which stays what it is.
            int nan = 0x7f800000 - (value & 0x7fffffff) >> 31;
            ints[i] = rounded & ~nan | (value >>> 16 | 0x40) & nan;
        }
        narrow(ints, bits.shorts, n);
    }
}
