package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.oktoblas.cuda.Constant;
import org.oktoblas.cuda.ElementType;

class ElementBitsTest {

    private static long bits(ElementType type, double value) {
        return ElementBits.of(type, new Constant(value, (long) value));
    }

    /** binary16 by its definition. */
    private static double float16(int bits) {
        int exponent = bits >> 10 & 0x1f;
        double magnitude =
                exponent == 0
                        ? Math.scalb((double) (bits & 0x3ff), -24)
                        : Math.scalb(1024.0 + (bits & 0x3ff), exponent - 25);
        return (bits & 0x8000) == 0 ? magnitude : -magnitude;
    }

    @Test
    void everyFloat16IsItself() {
        for (int i = 0; i < 1 << 16; i++) {
            if ((i & 0x7c00) != 0x7c00) {
                assertEquals(i, bits(ElementType.F16, float16(i)));
            }
        }
        assertEquals(0x7c00, bits(ElementType.F16, Double.POSITIVE_INFINITY));
        assertEquals(0xfc00, bits(ElementType.F16, -1e9));
        assertEquals(0x7e00, bits(ElementType.F16, Double.NaN));
    }

    @Test
    void roundsToNearestAndTiesToEven() {
        for (int i = 1; i < 0x7c00; i++) {
            double lower = float16(i - 1);
            double upper = float16(i);
            double middle = (lower + upper) / 2;
            assertEquals(i % 2 == 0 ? i : i - 1, bits(ElementType.F16, middle));
            assertEquals(i, bits(ElementType.F16, Math.nextUp((float) middle)));
        }
        assertEquals(0x7bff, bits(ElementType.F16, 65519));
        assertEquals(0x7c00, bits(ElementType.F16, 65520));
        assertEquals(0x3f80, bits(ElementType.BF16, 1 + 0x1p-8));
        assertEquals(0x3f82, bits(ElementType.BF16, 1 + 0x1.8p-7));
        assertEquals(0xc000, bits(ElementType.BF16, -2));
        assertEquals(0x7fc0, bits(ElementType.BF16, Double.NaN));
    }

    @Test
    void integersWrapAndTruthsAreOne() {
        assertEquals(0x2c, bits(ElementType.U8, 300));
        assertEquals(0xff, bits(ElementType.I8, -1));
        assertEquals(0xffffffffL, bits(ElementType.I32, -1));
        assertEquals(-1, bits(ElementType.I64, -1));
        assertEquals(1, bits(ElementType.BOOL, 256));
        assertEquals(0x3f800000, bits(ElementType.F32, 1));
        assertEquals(0x3ff0000000000000L, bits(ElementType.F64, 1));
    }

    @Test
    void patternsRepeat() {
        assertEquals(0xababababababababL, ElementBits.repeat(ElementType.U8, 0xab));
        assertEquals(0x3c003c003c003c00L, ElementBits.repeat(ElementType.F16, 0x3c00));
        assertEquals(0x1234567812345678L, ElementBits.repeat(ElementType.I32, 0x12345678));
        assertEquals(-7, ElementBits.repeat(ElementType.I64, -7));
    }

    @Test
    void theNumberBelowABound() {
        assertEquals(1 - 0x1p-11, ElementBits.below(ElementType.F16, 1));
        assertEquals(-0x1p-24, ElementBits.below(ElementType.F16, 0));
        assertEquals(-1 - 0x1p-10, ElementBits.below(ElementType.F16, -1));
        assertEquals(65504, ElementBits.below(ElementType.F16, 1e6));
        assertEquals(1 - 0x1p-8, ElementBits.below(ElementType.BF16, 1));
        assertEquals(1 - 0x1p-24, ElementBits.below(ElementType.F32, 1));
        assertEquals(1f, ElementBits.below(ElementType.F32, 1 + 0x1p-40));
        assertEquals(Math.nextDown(3.0), ElementBits.below(ElementType.F64, 3));
        assertTrue(ElementBits.below(ElementType.F16, 0x1p-20) < 0x1p-20);
    }
}
