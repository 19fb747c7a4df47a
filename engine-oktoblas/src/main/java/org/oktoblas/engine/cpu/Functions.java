package org.oktoblas.engine.cpu;

/** Functions that {@link Math} lacks. */
final class Functions {

    private static final double SQRT_HALF = Math.sqrt(0.5);
    private static final double SQRT_TWO_OVER_PI = Math.sqrt(2 / Math.PI);
    private static final double GELU_CUBIC = 0.044715;

    // W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of
    // Computation 23 (1969): numerators and denominators for |x| up to 0.46875, up to 4, and above.
    private static final double[] SMALL_NUMERATOR = {
        1.85777706184603153e-1,
        3.16112374387056560e0,
        1.13864154151050156e2,
        3.77485237685302021e2,
        3.20937758913846947e3
    };
    private static final double[] SMALL_DENOMINATOR = {
        1,
        2.36012909523441209e1,
        2.44024637934444173e2,
        1.28261652607737228e3,
        2.84423683343917062e3
    };
    private static final double[] MIDDLE_NUMERATOR = {
        2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
        6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
        1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3
    };
    private static final double[] MIDDLE_DENOMINATOR = {
        1,
        1.57449261107098347e1,
        1.17693950891312499e2,
        5.37181101862009858e2,
        1.62138957456669019e3,
        3.29079923573345963e3,
        4.36261909014324716e3,
        3.43936767414372164e3,
        1.23033935480374942e3
    };
    private static final double[] LARGE_NUMERATOR = {
        1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
        1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4
    };
    private static final double[] LARGE_DENOMINATOR = {
        1,
        2.56852019228982242e0,
        1.87295284992346725e0,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3
    };

    private Functions() {}

    static double erf(double x) {
        double magnitude = Math.abs(x);
        if (magnitude <= 0.46875) {
            double square = x * x;
            return x * polynomial(SMALL_NUMERATOR, square) / polynomial(SMALL_DENOMINATOR, square);
        }
        return Math.copySign(1 - erfcOfPositive(magnitude), x);
    }

    /** 1 − erf(x), without cancellation where it is small. */
    static double erfc(double x) {
        if (Math.abs(x) <= 0.46875) {
            return 1 - erf(x);
        }
        return x > 0 ? erfcOfPositive(x) : 2 - erfcOfPositive(-x);
    }

    private static double erfcOfPositive(double x) {
        if (x != x) {
            return x;
        }
        if (x <= 4) {
            return Math.exp(-x * x)
                    * polynomial(MIDDLE_NUMERATOR, x)
                    / polynomial(MIDDLE_DENOMINATOR, x);
        }
        if (x > 28) {
            return 0;
        }
        double inverse = 1 / (x * x);
        double tail =
                inverse
                        * polynomial(LARGE_NUMERATOR, inverse)
                        / polynomial(LARGE_DENOMINATOR, inverse);
        return Math.exp(-x * x) * (1 / Math.sqrt(Math.PI) - tail) / x;
    }

    private static double polynomial(double[] coefficients, double x) {
        double sum = coefficients[0];
        for (int i = 1; i < coefficients.length; i++) {
            sum = sum * x + coefficients[i];
        }
        return sum;
    }

    /** The x whose error function is y: Winitzki's approximation, then Halley's iteration. */
    static double erfInverse(double y) {
        if (y <= -1 || y >= 1) {
            return Math.abs(y) == 1 ? y * Double.POSITIVE_INFINITY : Double.NaN;
        }
        if (y == 0 || y != y) {
            return y;
        }
        double magnitude = Math.abs(y);
        // Near 1 the complement carries the information; 1 − |y| is exact from 0.5 up.
        double complement = 1 - magnitude;
        double log = Math.log(complement * (1 + magnitude));
        double half = 2 / (Math.PI * 0.147) + log / 2;
        double x = Math.sqrt(Math.sqrt(half * half - log / 0.147) - half);
        for (int i = 0; i < 3; i++) {
            double error = magnitude < 0.5 ? erf(x) - magnitude : complement - erfc(x);
            double step = error / (2 / Math.sqrt(Math.PI) * Math.exp(-x * x));
            x -= step / (1 + x * step);
        }
        return Math.copySign(x, y);
    }

    static double asinh(double x) {
        double magnitude = Math.abs(x);
        double result =
                magnitude > 1e8
                        ? Math.log(magnitude) + Math.log(2)
                        : Math.log1p(
                                magnitude
                                        + magnitude
                                                * magnitude
                                                / (1 + Math.sqrt(magnitude * magnitude + 1)));
        return Math.copySign(result, x);
    }

    static double acosh(double x) {
        if (x > 1e8) {
            return Math.log(x) + Math.log(2);
        }
        // Far below 1, the root of a square would be real.
        double above = x < 1 ? Double.NaN : x - 1;
        return Math.log1p(above + Math.sqrt(above * (above + 2)));
    }

    static double atanh(double x) {
        return Math.copySign(0.5 * Math.log1p(2 * Math.abs(x) / (1 - Math.abs(x))), x);
    }

    /** IEEE 754's power: unlike Java's, 1 to any power is 1, and −1 to an infinite one. */
    static double pow(double x, double y) {
        return x == 1 || x == -1 && Double.isInfinite(y) ? 1 : Math.pow(x, y);
    }

    /** The binary logarithm, exact for powers of two. */
    static double log2(double x) {
        if (x > 0 && x < Double.POSITIVE_INFINITY) {
            int exponent = Math.getExponent(x);
            if (exponent >= Double.MIN_EXPONENT) {
                double mantissa = Math.scalb(x, -exponent);
                // Around 1, so that nothing cancels just below a power of two.
                if (mantissa > 1.5) {
                    mantissa /= 2;
                    exponent++;
                }
                return exponent + Math.log(mantissa) / Math.log(2);
            }
        }
        return Math.log(x) / Math.log(2);
    }

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    static double gelu(double x) {
        return x == Double.NEGATIVE_INFINITY ? 0 : 0.5 * x * erfc(-x * SQRT_HALF);
    }

    /** GELU's tanh approximation, written with the logistic function: (1 + tanh u) / 2 = σ(2u). */
    static double geluTanh(double x) {
        if (x == Double.NEGATIVE_INFINITY) {
            return 0;
        }
        return x * sigmoid(2 * SQRT_TWO_OVER_PI * (x + GELU_CUBIC * x * x * x));
    }

    /** PyTorch's sign: 0 for NaN as well. */
    static double sign(double x) {
        return x > 0 ? 1 : x < 0 ? -1 : 0;
    }
}
