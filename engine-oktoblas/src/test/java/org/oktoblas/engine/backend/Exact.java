package org.oktoblas.engine.backend;

/** Functions that Java lacks, by their definitions. */
public final class Exact {

    private Exact() {}

    /** erf by its everywhere convergent series of positive terms, and 1 where that is exact. */
    public static double erf(double x) {
        if (Math.abs(x) > 6) {
            return Math.signum(x);
        }
        double term = x;
        double sum = x;
        for (int n = 1; n < 300 && Math.abs(term) > 1e-20 * Math.abs(sum); n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }
}
