package org.oktoblas.engine.cpu;

/**
 * Signs and roundings of float arrays in loops that the JIT vectorises, as {@link FloatFunctions}
 * has them.
 */
final class FloatRounding {

    /** From here on every float is an integer. */
    private static final float INTEGERS = 0x1p23f;

    /** Twice this factor makes the smallest float larger than 1. */
    private static final float HUGE = 0x1p127f;

    private FloatRounding() {}

    /** x, but no less than 0 and no more than 1. */
    static float unit(float x) {
        return Math.max(0f, Math.min(1f, x));
    }

    /** The sign: 1, -1, or a zero of x's own sign. */
    static float signOf(float x) {
        return Math.max(-1f, Math.min(1f, x * HUGE * HUGE));
    }

    /** The nearest integer, the even one of two. */
    private static float nearest(float x) {
        float magnitude = Math.abs(x);
        float small = Math.min(magnitude, INTEGERS);
        return (magnitude + (small + INTEGERS - INTEGERS - small)) * signOf(x);
    }

    /** How far the nearest integer lies above x. */
    private static float rise(float x) {
        float small = Math.min(Math.abs(x), INTEGERS);
        return (small + INTEGERS - INTEGERS - small) * signOf(x);
    }

    static void round(float[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = nearest(x[i]);
        }
    }

    static void floor(float[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = nearest(x[i]) - unit(rise(x[i]) * HUGE * HUGE);
        }
    }

    static void ceil(float[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = -(nearest(-x[i]) - unit(rise(-x[i]) * HUGE * HUGE));
        }
    }

    static void trunc(float[] x, int n) {
        for (int i = 0; i < n; i++) {
            float magnitude = Math.abs(x[i]);
            float whole = nearest(magnitude) - unit(rise(magnitude) * HUGE * HUGE);
            x[i] = whole * signOf(x[i]);
        }
    }

    /** x = its sign; 0 for NaN as well, as PyTorch has it. */
    static void sign(float[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = signOf(x[i]) + 0f;
        }
        for (int i = 0; i < n; i++) {
            if (x[i] != x[i]) {
                x[i] = 0;
            }
        }
    }
}
