package org.oktoblas.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.oktoblas.engine.backend.BinaryOp;

/** Comparisons with a number, beside Java's own operators. */
class FloatRangeTest {

    private static final float[] SPECIAL = {
        0f,
        -0f,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MIN_NORMAL,
        -Float.MIN_NORMAL,
        1f,
        -1f,
        Math.nextUp(1f),
        Math.nextDown(1f),
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN,
        Float.intBitsToFloat(0xffc00000),
        Float.intBitsToFloat(0x7f800001),
        Float.intBitsToFloat(0xffffffff)
    };

    private static final int COUNT = 300;

    @ParameterizedTest
    @EnumSource(
            names = {"EQUAL", "NOT_EQUAL", "LESS", "LESS_OR_EQUAL", "GREATER", "GREATER_OR_EQUAL"})
    void everyNumber(BinaryOp op) {
        Random random = new Random(7);
        float[] x = new float[COUNT];
        for (int i = 0; i < COUNT; i++) {
            x[i] = i < SPECIAL.length ? SPECIAL[i] : Float.intBitsToFloat(random.nextInt());
        }
        for (float number : x) {
            int[] bits = new int[COUNT];
            for (int i = 0; i < COUNT; i++) {
                bits[i] = Float.floatToRawIntBits(x[i]);
            }
            byte[] truths = new byte[COUNT];
            FloatRange.of(op, number).test(bits, truths, COUNT);
            for (int i = 0; i < COUNT; i++) {
                int expected = expected(op, x[i], number) ? 1 : 0;
                assertEquals(expected, truths[i], x[i] + " " + op + " " + number);
            }
        }
    }

    private static boolean expected(BinaryOp op, float x, float number) {
        return switch (op) {
            case EQUAL -> x == number;
            case NOT_EQUAL -> x != number;
            case LESS -> x < number;
            case LESS_OR_EQUAL -> x <= number;
            case GREATER -> x > number;
            default -> x >= number;
        };
    }
}
