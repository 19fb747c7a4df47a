package org.oktoblas.kernels;

import org.oktoblas.cuda.Constant;
import org.oktoblas.cuda.ElementType;

/** Numbers as the bits of an element, rounded and wrapped as kernels store them. */
final class ElementBits {

    private ElementBits() {}

    /** Returns the bits of a number, in the lowest bytes of the result; the others are 0. */
    static long of(ElementType type, Constant constant) {
        return switch (type) {
            case F32 -> Float.floatToRawIntBits((float) constant.real()) & 0xffffffffL;
            case F64 -> Double.doubleToRawLongBits(constant.real());
            case F16 -> float16((float) constant.real());
            case BF16 -> bfloat16((float) constant.real());
            case I8, U8 -> constant.integral() & 0xff;
            case I32 -> constant.integral() & 0xffffffffL;
            case I64 -> constant.integral();
            case BOOL -> constant.integral() != 0 ? 1 : 0;
        };
    }

    /** Fills 64 bits with the bits of an element again and again. */
    static long repeat(ElementType type, long bits) {
        long result = bits;
        for (int width = 8 * type.bytes(); width < 64; width *= 2) {
            result |= result << width;
        }
        return result;
    }

    /**
     * Returns the largest number of a floating point type that is less than a bound and that
     * rounding the bound may have reached.
     */
    static double below(ElementType type, double bound) {
        return switch (type) {
            case F64 -> Math.nextDown(bound);
            case F32 -> {
                float rounded = (float) bound;
                yield rounded >= bound ? Math.nextDown(rounded) : rounded;
            }
            case F16 -> below(type, float16((float) bound), bound);
            case BF16 -> below(type, bfloat16((float) bound), bound);
            default -> throw new IllegalArgumentException(type + " is no floating point type");
        };
    }

    private static double below(ElementType type, int rounded, double bound) {
        float value = value(type, rounded);
        if (!(value >= bound)) {
            return value;
        }
        // Sign and magnitude: the number below 0 is the smallest negative one.
        return value(type, value > 0 ? rounded - 1 : value == 0 ? 0x8001 : rounded + 1);
    }

    /** Returns the number that 16 bits stand for. */
    static float value(ElementType type, int bits) {
        if (type == ElementType.BF16) {
            return Float.intBitsToFloat(bits << 16);
        }
        int exponent = bits >> 10 & 0x1f;
        int significand = bits & 0x3ff;
        float magnitude =
                exponent == 0x1f
                        ? significand == 0 ? Float.POSITIVE_INFINITY : Float.NaN
                        : exponent == 0
                                ? Math.scalb((float) significand, -24)
                                : Math.scalb(1024f + significand, exponent - 25);
        return (bits & 0x8000) != 0 ? -magnitude : magnitude;
    }

    /** Rounds to IEEE binary16, to nearest, ties to even. */
    private static int float16(float value) {
        int sign = Float.floatToRawIntBits(value) >>> 16 & 0x8000;
        double magnitude = Math.abs((double) value);
        if (magnitude != magnitude) {
            return sign | 0x7e00;
        }
        if (magnitude >= 65520) {
            return sign | 0x7c00;
        }
        int exponent = Math.max(-14, Math.getExponent(magnitude));
        int units = (int) Math.rint(Math.scalb(magnitude, 10 - exponent));
        // From 1024 units up, of which the first is not stored, the exponent's field is not 0.
        return sign | (exponent + 14 << 10) + units;
    }

    /** Rounds to bfloat16, to nearest, ties to even. */
    private static int bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (value != value) {
            return bits >>> 16 | 0x40;
        }
        return bits + 0x7fff + (bits >>> 16 & 1) >>> 16;
    }
}
