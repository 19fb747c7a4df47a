package org.oktoblas.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * All 65,536 values of both types against their definition in double, and rounding at, just below
 * and just above the middle of every two neighbours.
 */
class HalfFloatsTest {

    /** What a float of so many exponent and mantissa bits is worth, by IEEE 754's definition. */
    private static double value(int bits, int mantissaBits, int bias, int exponentMask) {
        int mantissa = bits & (1 << mantissaBits) - 1;
        int exponent = bits >> mantissaBits & exponentMask;
        double sign = (bits & 0x8000) == 0 ? 1 : -1;
        if (exponent == exponentMask) {
            return mantissa == 0 ? sign / 0.0 : Double.NaN;
        }
        double fraction = mantissa / (double) (1 << mantissaBits);
        return exponent == 0
                ? sign * fraction * Math.pow(2, 1 - bias)
                : sign * (1 + fraction) * Math.pow(2, exponent - bias);
    }

    private static double f16(int bits) {
        return value(bits, 10, 15, 0x1f);
    }

    private static double bf16(int bits) {
        return value(bits, 7, 127, 0xff);
    }

    @Test
    void everyFloat16() {
        for (int bits = 0; bits < 0x10000; bits++) {
            float actual = HalfFloats.fromF16((short) bits);
            assertEquals(f16(bits), actual, 0.0);
            if (!Float.isNaN(actual)) {
                assertEquals((short) bits, HalfFloats.toF16(actual));
            } else {
                assertTrue(Double.isNaN(f16(HalfFloats.toF16(actual) & 0xffff)));
            }
        }
    }

    @Test
    void everyBfloat16() {
        for (int bits = 0; bits < 0x10000; bits++) {
            float actual = HalfFloats.fromBf16((short) bits);
            assertEquals(bf16(bits), actual, 0.0);
            if (!Float.isNaN(actual)) {
                assertEquals((short) bits, HalfFloats.toBf16(actual));
            } else {
                assertTrue(Double.isNaN(bf16(HalfFloats.toBf16(actual) & 0xffff)));
            }
        }
    }

    @Test
    void float16RoundsToNearestEven() {
        for (int bits = 0; bits < 0x7c00; bits++) {
            // The largest float16's upper neighbour would be 65,536, were there no infinity.
            double next = bits == 0x7bff ? 65536 : f16(bits + 1);
            float middle = (float) ((f16(bits) + next) / 2);
            int even = (bits & 1) == 0 ? bits : bits + 1;
            check16(even, middle);
            check16(bits, Math.nextDown(middle));
            check16(bits + 1, Math.nextUp(middle));
        }
        check16(0x7c00, Float.MAX_VALUE);
        check16(0x7c00, Float.POSITIVE_INFINITY);
        check16(0, Float.MIN_VALUE);
    }

    private static void check16(int bits, float value) {
        assertEquals((short) bits, HalfFloats.toF16(value), () -> "of " + value);
        assertEquals((short) (bits | 0x8000), HalfFloats.toF16(-value), () -> "of -" + value);
    }

    @Test
    void bfloat16RoundsToNearestEven() {
        for (int bits = 0; bits < 0x7f80; bits++) {
            double next = bits == 0x7f7f ? Math.pow(2, 128) : bf16(bits + 1);
            float middle = (float) ((bf16(bits) + next) / 2);
            int even = (bits & 1) == 0 ? bits : bits + 1;
            assertEquals((short) even, HalfFloats.toBf16(middle));
            assertEquals((short) bits, HalfFloats.toBf16(Math.nextDown(middle)));
            assertEquals((short) (bits + 1), HalfFloats.toBf16(Math.nextUp(middle)));
            assertEquals((short) (even | 0x8000), HalfFloats.toBf16(-middle));
        }
    }

    @Test
    void nansStayNans() {
        Random random = new Random(1);
        for (int i = 0; i < 10_000; i++) {
            int bits = 0x7f800000 | 1 + random.nextInt(0x7fffff) | random.nextInt(2) << 31;
            float nan = Float.intBitsToFloat(bits);
            assertTrue(Double.isNaN(f16(HalfFloats.toF16(nan) & 0xffff)));
            assertTrue(Double.isNaN(bf16(HalfFloats.toBf16(nan) & 0xffff)));
        }
    }
}
