package org.oktoblas.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/** The functions of double arrays against {@link Math}, and at the edges. */
class DoubleFunctionsTest {

    private static final double[] EDGES = {
        Double.NEGATIVE_INFINITY,
        Double.POSITIVE_INFINITY,
        Double.NaN,
        0.0,
        -0.0,
        1,
        -1,
        Double.MIN_VALUE,
        Double.MAX_VALUE,
        -Double.MAX_VALUE,
        1e-310,
        1e10
    };

    private interface DoubleFunction {
        void apply(double[] x, int n);
    }

    @Test
    void exactToDouble() {
        ulps("exp", DoubleFunctions::exp, Math::exp, -740, 709, 2);
        ulps("log", DoubleFunctions::log, Math::log, 1e-9, 10, 2);
        ulps("log", DoubleFunctions::log, Math::log, 1e-9, 1e300, 2);
        ulps("sin", DoubleFunctions::sin, Math::sin, -10, 10, 3);
        ulps("sin", DoubleFunctions::sin, Math::sin, -2e6, 2e6, 3);
        ulps("cos", DoubleFunctions::cos, Math::cos, -10, 10, 3);
        ulps("cos", DoubleFunctions::cos, Math::cos, -2e6, 2e6, 3);
        ulps("tan", DoubleFunctions::tan, Math::tan, -100, 100, 4);
    }

    @Test
    void powersOfFloats() {
        Random random = new Random(5);
        double[] x = new double[1000];
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = i < EDGES.length ? EDGES[i] : (float) (random.nextDouble() * 50);
            y[i] = (float) (random.nextDouble() * 40 - 20);
        }
        double[] z = x.clone();
        DoubleFunctions.powerOfFloats(z, y, z.length);
        for (int i = 0; i < x.length; i++) {
            double expected = Functions.pow(x[i], y[i]);
            boolean finite = Math.abs(expected) <= Double.MAX_VALUE && expected != 0;
            double tolerance = finite ? Math.abs(expected) * 1e-13 : Double.MIN_VALUE;
            assertEquals(expected, z[i], tolerance, x[i] + "^" + y[i]);
        }
    }

    private static void ulps(
            String name,
            DoubleFunction function,
            DoubleUnaryOperator exact,
            double from,
            double to,
            double most) {
        Random random = new Random(3);
        double[] x = new double[200_000];
        for (int i = 0; i < x.length; i++) {
            x[i] =
                    i < EDGES.length
                            ? EDGES[i]
                            : (from + random.nextDouble() * (to - from))
                                    / (i % 4 == 0 ? 1 << random.nextInt(20) : 1);
        }
        double[] y = x.clone();
        function.apply(y, y.length);
        for (int i = 0; i < x.length; i++) {
            double expected = exact.applyAsDouble(x[i]);
            if (Double.isNaN(expected) || Double.isInfinite(expected)) {
                assertEquals(expected, y[i], name + " " + x[i]);
                continue;
            }
            double error = Math.abs(y[i] - expected) / Math.ulp(expected);
            double shown = x[i];
            assertTrue(error <= most, () -> name + "(" + shown + ") is " + error + " ulp off");
        }
    }
}
