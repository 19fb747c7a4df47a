package org.oktoblas.convert;

/**
 * Conversions between float32 and the two 16-bit types, as IEEE 754 wants them: exact where the
 * target can hold the value, else to the nearest, ties to even. A NaN stays one.
 */
final class HalfFloats {
    private static final int F32_INFINITY = 0x7f800000;
    private static final int F16_INFINITY = 0x7c00;
    private static final int QUIET_F32 = 0x00400000;
    private static final int QUIET_F16 = 0x0200;
    private static final float F16_SMALLEST = 0x1p-24f;
    private static final float F16_SMALLEST_NORMAL = 0x1p-14f;

    private HalfFloats() {}

    /** The float32 of a float16's bits. */
    static float fromF16(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = bits >> 10 & 0x1f;
        int mantissa = bits & 0x3ff;
        if (exponent == 0) {
            // Zero or a subnormal: a multiple of the smallest, which float32 holds exactly.
            float magnitude = mantissa * F16_SMALLEST;
            return sign == 0 ? magnitude : -magnitude;
        }
        if (exponent == 0x1f) {
            return Float.intBitsToFloat(sign | F32_INFINITY | mantissa << 13);
        }
        return Float.intBitsToFloat(sign | exponent + 112 << 23 | mantissa << 13);
    }

    /** The bits of the float16 nearest to a float32; from 65,520 on that is infinity. */
    static short toF16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        int magnitude = bits & 0x7fffffff;
        if (magnitude > F32_INFINITY) {
            return (short) (sign | F16_INFINITY | QUIET_F16 | magnitude >> 13 & 0x3ff);
        }
        if (magnitude >= 0x477ff000) { // 65,520, half way between the largest and the next
            return (short) (sign | F16_INFINITY);
        }
        float absolute = Float.intBitsToFloat(magnitude);
        if (absolute < F16_SMALLEST_NORMAL) {
            // Count in units of the smallest; the product is exact and rint rounds ties to even.
            return (short) (sign | (int) Math.rint(absolute * 0x1p24));
        }
        // Adding half a unit less one, and one more if the last bit kept is odd, rounds to nearest
        // even; a carry runs into the exponent, where it belongs.
        int rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
        return (short) (sign | (rounded >> 13) - (112 << 10));
    }

    /** The float32 of a bfloat16's bits. */
    static float fromBf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** The bits of the bfloat16 nearest to a float32. */
    static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits | QUIET_F32) >>> 16);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }
}
