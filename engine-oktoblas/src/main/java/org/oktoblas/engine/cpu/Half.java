package org.oktoblas.engine.cpu;

/**
 * Conversions of the 16-bit floating point formats, a number at a time; Java 17 has none of its
 * own.
 */
final class Half {

    private static final float TWO_TO_112 = 0x1p112f;

    private static final float[] FLOAT16 = new float[1 << 16];

    static {
        for (int i = 0; i < FLOAT16.length; i++) {
            FLOAT16[i] = decode((short) i);
        }
    }

    private Half() {}

    /** Converts IEEE binary16 to float, exactly. */
    static float fromFloat16(short half) {
        return FLOAT16[half & 0xffff];
    }

    private static float decode(short half) {
        int magnitude = half & 0x7fff;
        int sign = (half & 0x8000) << 16;
        if (magnitude >= 0x7c00) {
            return Float.intBitsToFloat(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
        }
        // With the exponent field in place but not its bias, a multiplication corrects the bias
        // and normalises subnormal numbers as well.
        return Float.intBitsToFloat(
                sign | Float.floatToRawIntBits(Float.intBitsToFloat(magnitude << 13) * TWO_TO_112));
    }

    /** Rounds a float to IEEE binary16, to nearest, ties to even. */
    static short toFloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        int magnitude = bits & 0x7fffffff;
        if (magnitude > 0x7f800000) {
            return (short) (sign | 0x7e00);
        }
        if (magnitude >= 0x47800000) { // 65536 and more
            return (short) (sign | 0x7c00);
        }
        if (magnitude < 0x38800000) { // below 2^-14: subnormal, in steps of 2^-24, the ulp of 0.5
            float shifted = Float.intBitsToFloat(magnitude) + 0.5f;
            return (short) (sign | Float.floatToRawIntBits(shifted) - 0x3f000000);
        }
        int rounded = magnitude + 0xfff + (magnitude >>> 13 & 1);
        return (short) (sign | rounded - 0x38000000 >>> 13);
    }

    /** Converts bfloat16 to float, exactly. */
    static float fromBfloat16(short value) {
        return Float.intBitsToFloat(value << 16);
    }

    /** Rounds a float to bfloat16, to nearest, ties to even. */
    static short toBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7fffffff) > 0x7f800000) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }
}
