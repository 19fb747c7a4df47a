package org.oktoblas.engine.cpu;

import java.util.Arrays;
import org.oktoblas.engine.backend.BinaryOp;

/**
 * What a comparison of floats with one number comes to: whether a float is from one to another.
 * Floats are told apart by their ranks, integers in the order of the numbers: their bits, of which
 * all but the sign are inverted where the number is negative. NaN ranks beyond the infinities. So
 * there are no branches, which would be guessed wrong half the time where numbers are random.
 */
final class FloatRange {

    private static final int LOWEST = rank(Float.NEGATIVE_INFINITY);
    private static final int HIGHEST = rank(Float.POSITIVE_INFINITY);

    private final int first;
    private final int last;

    /** Whether the comparison is true of what is not in the range. */
    private final boolean outside;

    private FloatRange(int first, int last, boolean outside) {
        this.first = first;
        this.last = last;
        this.outside = outside;
    }

    /** Returns what {@code x op number} comes to, for one of the six comparisons. */
    static FloatRange of(BinaryOp op, float number) {
        if (number != number) {
            return new FloatRange(1, 0, op == BinaryOp.NOT_EQUAL);
        }
        // Zeros are equal, and their ranks neighbours.
        int least = number == 0 ? rank(-0f) : rank(number);
        int most = number == 0 ? rank(0f) : rank(number);
        return switch (op) {
            case EQUAL, NOT_EQUAL -> new FloatRange(least, most, op == BinaryOp.NOT_EQUAL);
            case LESS -> new FloatRange(LOWEST, least - 1, false);
            case LESS_OR_EQUAL -> new FloatRange(LOWEST, most, false);
            case GREATER -> new FloatRange(most + 1, HIGHEST, false);
            case GREATER_OR_EQUAL -> new FloatRange(least, HIGHEST, false);
            default -> throw new IllegalArgumentException(op + " is no comparison.");
        };
    }

    private static int rank(float number) {
        int bits = Float.floatToRawIntBits(number);
        return bits ^ (bits >> 31) >>> 1;
    }

    /**
     * Compares n floats.
     *
     * @param bits their bits; they are changed
     * @param truths what the comparison is of each, 0 or 1
     */
    void test(int[] bits, byte[] truths, int n) {
        if (first > last) {
            Arrays.fill(truths, 0, n, (byte) (outside ? 1 : 0));
            return;
        }
        int from = first;
        int length = last - first;
        int inside = outside ? 0 : 1;
        for (int i = 0; i < n; i++) {
            int value = bits[i];
            int distance = (value ^ (value >> 31) >>> 1) - from;
            // The borrow of a difference of unsigned integers: 1 where the distance is larger.
            int beyond = (~length & distance | ~(length ^ distance) & length - distance) >>> 31;
            bits[i] = beyond ^ inside;
        }
        FloatComparisons.narrow(bits, truths, n);
    }
}
