package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.BinaryOp;

/**
 * Comparisons of floats without branches, which would be guessed wrong half the time where numbers
 * are random: the JIT makes branches of comparisons as it likes. Truth values are taken from the
 * bits of differences instead, which have the right sign even when they overflow or underflow.
 * Where a difference is NaN, because a number is or both are infinite, the chunk is compared one by
 * one.
 */
final class FloatComparisons {

    private static final int MAGNITUDE = 0x7fffffff;

    private static final int INFINITY = 0x7f800000;

    // Nothing is negated below, because the JIT of Java 17 does not vectorise that.

    private FloatComparisons() {}

    /** Compares n pairs, at most a chunk, with one of the six comparisons. */
    static void compare(BinaryOp op, float[] x, float[] y, byte[] out, int n) {
        boolean known =
                switch (op) {
                    case EQUAL -> differ(x, y, 1, out, n);
                    case NOT_EQUAL -> differ(x, y, 0, out, n);
                    case LESS -> isGreater(y, x, 0, out, n);
                    case LESS_OR_EQUAL -> isGreater(x, y, 1, out, n);
                    case GREATER -> isGreater(x, y, 0, out, n);
                    case GREATER_OR_EQUAL -> isGreater(y, x, 1, out, n);
                    default -> throw new IllegalArgumentException(op + " is no comparison.");
                };
        if (!known) {
            compareEach(op, x, y, out, n);
        }
    }

    /** Tells which of n floats, at most a chunk, are not zero; NaN is not. */
    static void toTruths(float[] x, byte[] out, int n) {
        Bits bits = Bits.get();
        bits.toInts(x, 0, n);
        int[] ints = bits.ints;
        for (int i = 0; i < n; i++) {
            ints[i] = (ints[i] & MAGNITUDE) + Integer.MAX_VALUE >>> 31;
        }
        narrow(ints, out, n);
    }

    private static boolean isGreater(float[] x, float[] y, int flip, byte[] out, int n) {
        int[] ints = difference(x, y, n);
        for (int i = 0; i < n; i++) {
            int value = ints[i];
            // Positive numbers alone overflow, and Integer.MIN_VALUE, which is -0f, has the sign.
            int positive = (value + Integer.MAX_VALUE & ~value) >>> 31;
            int nan = INFINITY - (value & MAGNITUDE) & Integer.MIN_VALUE;
            ints[i] = positive ^ flip | nan;
        }
        return narrow(ints, out, n);
    }

    private static boolean differ(float[] x, float[] y, int flip, byte[] out, int n) {
        int[] ints = difference(x, y, n);
        for (int i = 0; i < n; i++) {
            int magnitude = ints[i] & MAGNITUDE;
            int nan = INFINITY - magnitude & Integer.MIN_VALUE;
            ints[i] = magnitude + Integer.MAX_VALUE >>> 31 ^ flip | nan;
        }
        return narrow(ints, out, n);
    }

    private static int[] difference(float[] x, float[] y, int n) {
        Bits bits = Bits.get();
        float[] floats = bits.floats;
        for (int i = 0; i < n; i++) {
            floats[i] = x[i] - y[i];
        }
        bits.toInts(n);
        return bits.ints;
    }

    /** Stores integers as bytes, up to a negative one; returns whether there is none. */
    static boolean narrow(int[] ints, byte[] out, int n) {
        for (int i = 0; i < n; i++) {
            int value = ints[i];
            out[i] = (byte) value;
            if (value < 0) {
                return false;
            }
        }
        return true;
    }

    private static void compareEach(BinaryOp op, float[] x, float[] y, byte[] out, int n) {
        for (int i = 0; i < n; i++) {
            float a = x[i];
            float b = y[i];
            boolean truth =
                    switch (op) {
                        case EQUAL -> a == b;
                        case NOT_EQUAL -> a != b;
                        case LESS -> a < b;
                        case LESS_OR_EQUAL -> a <= b;
                        case GREATER -> a > b;
                        default -> a >= b;
                    };
            out[i] = (byte) (truth ? 1 : 0);
        }
    }
}
