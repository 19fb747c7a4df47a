package org.oktoblas.engine.cpu;

import java.nio.ShortBuffer;

/**
 * Conversions of many 16-bit floats at a time, in loops that the JIT vectorises; the results are
 * those of {@link Half}, but for the bits of NaN.
 */
final class HalfArrays {

    /** Exponents of float32 reach so much further than those of binary16. */
    private static final float MORE_RANGE = 0x1p112f;

    private static final float LEAST_NORMAL = 0x1p-14f;

    /** From here on, and from a little below, numbers are infinite. */
    private static final float INFINITE = 0x1p16f;

    /** How many more bits a float's significand has. */
    private static final float MORE_DIGITS = 0x1p13f;

    /** Converts n numbers between the floats and the lower halves of the integers of the bits. */
    interface Codec {
        void run(Bits bits, int n);
    }

    private HalfArrays() {}

    /** Reads n neighbouring numbers as floats. */
    static void load(Codec decode, ShortBuffer buffer, int index, float[] target, int at, int n) {
        Bits bits = Bits.get();
        for (int done = 0; done < n; done += Scratch.CHUNK) {
            int m = Math.min(Scratch.CHUNK, n - done);
            short[] halves = bits.shorts;
            int[] ints = bits.ints;
            buffer.get(index + done, halves, 0, m);
            for (int i = 0; i < m; i++) {
                ints[i] = halves[i];
            }
            decode.run(bits, m);
            System.arraycopy(bits.floats, 0, target, at + done, m);
        }
    }

    /** Writes n floats as neighbouring numbers. */
    static void store(Codec encode, ShortBuffer buffer, int index, float[] source, int at, int n) {
        Bits bits = Bits.get();
        for (int done = 0; done < n; done += Scratch.CHUNK) {
            int m = Math.min(Scratch.CHUNK, n - done);
            System.arraycopy(source, at + done, bits.floats, 0, m);
            encode.run(bits, m);
            short[] halves = bits.shorts;
            int[] ints = bits.ints;
            for (int i = 0; i < m; i++) {
                halves[i] = (short) ints[i];
            }
            buffer.put(index + done, halves, 0, m);
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
            floats[i] *= MORE_RANGE;
        }
    }

    /**
     * Rounds by adding and taking away a power of two that leaves no room for further digits; then
     * all but the range is that of binary16.
     */
    static void toFloat16(Bits bits, int n) {
        float[] values = bits.other;
        float[] floats = bits.floats;
        int[] ints = bits.ints;
        int[] signs = bits.otherInts;
        System.arraycopy(floats, 0, values, 0, n);
        bits.toInts(n);
        for (int i = 0; i < n; i++) {
            int value = ints[i];
            signs[i] = value >>> 16 & 0x8000;
            ints[i] = value & 0x7f800000;
        }
        bits.toFloats(n);
        for (int i = 0; i < n; i++) {
            float power = Math.max(LEAST_NORMAL, Math.min(INFINITE, floats[i])) * MORE_DIGITS;
            float rounded = Math.min(INFINITE, Math.abs(values[i])) + power - power;
            floats[i] = rounded * (1 / MORE_RANGE);
        }
        bits.toInts(n);
        for (int i = 0; i < n; i++) {
            ints[i] = ints[i] >>> 13 & 0x7fff | signs[i];
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
        bits.toInts(n);
        int[] ints = bits.ints;
        for (int i = 0; i < n; i++) {
            int value = ints[i];
            int rounded = value + 0x7fff + (value >>> 16 & 1) >>> 16;
            // All ones for NaN, which stays what it is.
            int nan = 0x7f800000 - (value & 0x7fffffff) >> 31;
            ints[i] = rounded & ~nan | (value >>> 16 | 0x40) & nan;
        }
    }
}
