package org.oktoblas.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.oktoblas.engine.backend.Exact;

/** The functions of float arrays against {@link Math}, and at the edges. */
class FloatFunctionsTest {

    private static final float INF = Float.POSITIVE_INFINITY;
    private static final float[] EDGES = {
        -INF, INF, Float.NaN, 0f, -0f, 100f, -100f, Float.MIN_VALUE, -Float.MIN_VALUE
    };

    private interface FloatFunction {
        void apply(float[] x, int n);
    }

    private static float[] edges(FloatFunction function) {
        float[] x = EDGES.clone();
        function.apply(x, x.length);
        return x;
    }

    @Test
    void exactToFloat() {
        ulps("exp", FloatFunctions::exp, Math::exp, -103, 88.7f, 1.5);
        ulps("tanh", FloatFunctions::tanh, Math::tanh, -12, 12, 3);
        ulps("sigmoid", FloatFunctions::sigmoid, x -> 1 / (1 + Math.exp(-x)), -80, 80, 3);
        ulps("silu", FloatFunctions::silu, x -> x / (1 + Math.exp(-x)), -80, 80, 3.5);
        ulps("log", FloatFunctions::log, Math::log, 1e-9f, 10, 2);
        ulps("log2", FloatFunctions::log2, Functions::log2, 1e-9f, 10, 3);
        ulps("log10", FloatFunctions::log10, Math::log10, 1e-9f, 1e30f, 3);
        ulps("sin", FloatFunctions::sin, Math::sin, -9, 9, 3);
        ulps("sin", FloatFunctions::sin, Math::sin, -9000, 9000, 3);
        ulps("cos", FloatFunctions::cos, Math::cos, -9, 9, 3);
        ulps("erf", FloatFunctions::erf, Exact::erf, -5, 5, 3);
        ulps("round", FloatRounding::round, Math::rint, -10, 10, 0);
        ulps("floor", FloatRounding::floor, Math::floor, -1e9f, 1e9f, 0);
        ulps("ceil", FloatRounding::ceil, Math::ceil, -1e7f, 1e7f, 0);
        ulps("trunc", FloatRounding::trunc, x -> (long) x, -1e7f, 1e7f, 0);
    }

    @Test
    void edgesOfFunctions() {
        float nan = Float.NaN;
        float tiny = Float.MIN_VALUE;
        float[] same = {-INF, INF, nan, 0f, -0f, 100, -100};
        same(edges(FloatFunctions::exp), 0, INF, nan, 1, 1, INF, (float) Math.exp(-100), 1, 1);
        same(edges(FloatFunctions::tanh), -1, 1, nan, 0f, -0f, 1, -1, tiny, -tiny);
        float log = (float) Math.log(Float.MIN_VALUE);
        float sine = (float) Math.sin(100);
        same(edges(FloatFunctions::sin), nan, nan, nan, 0f, -0f, sine, -sine, tiny, -tiny);
        same(
                edges(FloatFunctions::log),
                nan,
                INF,
                nan,
                -INF,
                -INF,
                (float) Math.log(100),
                nan,
                log,
                nan);
        same(edges(FloatFunctions::erf), -1, 1, nan, 0f, -0f, 1, -1, tiny, -tiny);
        same(edges(FloatRounding::sign), -1, 1, 0, 0, 0, 1, -1, 1, -1);
        same(edges(FloatRounding::round), append(same, 0f, -0f));
        same(edges(FloatRounding::trunc), append(same, 0f, -0f));
        same(edges(FloatRounding::floor), append(same, 0f, -1));
        same(edges(FloatRounding::ceil), append(same, 1, -0f));
    }

    private static float[] append(float[] x, float... more) {
        float[] all = Arrays.copyOf(x, x.length + more.length);
        System.arraycopy(more, 0, all, x.length, more.length);
        return all;
    }

    private static void same(float[] actual, float... expected) {
        assertArrayEquals(expected, actual);
    }

    @Test
    void geluIsExactToFloatNearZeroAndInItsTail() {
        tails(
                FloatFunctions::geluTanh,
                x -> x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
                x -> 2 * Math.sqrt(2 / Math.PI) * Math.abs(x + 0.044715 * x * x * x));
        tails(FloatFunctions::gelu, Functions::gelu, x -> x * x / 2);
    }

    /** The exponent's rounding error is multiplied by its size. */
    private static void tails(
            FloatFunction function, DoubleUnaryOperator exact, DoubleUnaryOperator exponent) {
        Random random = new Random(4);
        float[] x = new float[200_000];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextFloat() * 24 - 12;
        }
        float[] y = x.clone();
        function.apply(y, y.length);
        for (int i = 0; i < x.length; i++) {
            double expected = exact.applyAsDouble(x[i]);
            double units = 4 + (x[i] < 0 ? 2 * exponent.applyAsDouble(x[i]) : 0);
            // What is below the smallest normal float may count as 0.
            double flushed = 12 * Float.MIN_NORMAL;
            assertEquals(expected, y[i], 0x1p-23 * Math.abs(expected) * units + flushed, "" + x[i]);
        }
        float[] ends = edges(function);
        assertEquals(0f, ends[0], 0f);
        assertEquals(INF, ends[1]);
        assertTrue(Float.isNaN(ends[2]));
    }

    private static void ulps(
            String name,
            FloatFunction function,
            DoubleUnaryOperator exact,
            float from,
            float to,
            double most) {
        Random random = new Random(3);
        float[] x = new float[500_000];
        for (int i = 0; i < x.length; i++) {
            x[i] = from + random.nextFloat() * (to - from);
            if (i % 4 == 0) {
                x[i] /= 1 << random.nextInt(20);
            }
        }
        float[] y = x.clone();
        function.apply(y, y.length);
        for (int i = 0; i < x.length; i++) {
            double expected = exact.applyAsDouble(x[i]);
            double error = Math.abs(y[i] - expected) / Math.ulp((float) expected);
            float shown = x[i];
            assertTrue(error <= most, () -> name + "(" + shown + ") is " + error + " ulp off");
        }
    }
}
