package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongToDoubleFunction;

/**
 * Tests of samples against their distributions. Seeds are fixed, so a test that passes once always
 * does; how often a right generator would fail under another seed is one in a million, which is
 * small beside the number of tests and still far from what a wrong formula gives.
 */
final class Statistics {

    /** 2 exp(−2 x²) = 1e−6, the tail of Kolmogorov's distribution. */
    private static final double KOLMOGOROV = 2.694;

    /** The normal distribution's upper quantile of 1e−6. */
    private static final double NORMAL = 4.753;

    private Statistics() {}

    /** Kolmogorov and Smirnov's test of a continuous distribution. */
    static void assertDistributed(String name, DoubleUnaryOperator distribution, double[] sample) {
        double[] sorted = sample.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        double distance = 0;
        for (int i = 0; i < n; i++) {
            double p = distribution.applyAsDouble(sorted[i]);
            distance = Math.max(distance, Math.max(p - (double) i / n, (i + 1.0) / n - p));
        }
        double statistic = distance * Math.sqrt(n);
        assertTrue(statistic < KOLMOGOROV, name + ": " + statistic + " > " + KOLMOGOROV);
    }

    /** Pearson's test of a discrete distribution; outcomes of less than ten go together. */
    static void assertFrequencies(String name, LongToDoubleFunction mass, double[] sample) {
        double[] sorted = sample.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        double statistic = 0;
        int classes = 0;
        double expected = 0;
        long observed = 0;
        double left = n;
        int at = 0;
        for (long k = 0; left > 10 || at < n; k++) {
            double here = n * mass.applyAsDouble(k);
            expected += here;
            left -= here;
            while (at < n && sorted[at] <= k) {
                assertTrue(sorted[at] == k, name + ": " + sorted[at]);
                at++;
                observed++;
            }
            if (expected >= 10 && left >= 10) {
                statistic += (observed - expected) * (observed - expected) / expected;
                classes++;
                expected = 0;
                observed = 0;
            }
        }
        expected += left;
        statistic += (observed - expected) * (observed - expected) / expected;
        assertTrue(at == n, name);
        assertChiSquare(name, statistic, classes);
    }

    /** Compares counts with what is expected of each. */
    static void assertCounts(String name, double[] expected, long[] counts) {
        double statistic = 0;
        for (int i = 0; i < counts.length; i++) {
            statistic += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
        }
        assertChiSquare(name, statistic, counts.length - 1);
    }

    private static void assertChiSquare(String name, double statistic, int freedom) {
        // Wilson and Hilferty: the cube root is nearly normal.
        double ninth = 2.0 / (9 * freedom);
        double bound = freedom * Math.pow(1 - ninth + NORMAL * Math.sqrt(ninth), 3);
        assertTrue(statistic < bound, name + ": " + statistic + " > " + bound);
    }

    /** The standard normal distribution function. */
    static double normal(double x) {
        double half = gamma(0.5, x * x / 2) / 2;
        return x < 0 ? 0.5 - half : 0.5 + half;
    }

    /** The distribution function of the gamma distribution with scale 1. */
    static double gamma(double a, double x) {
        if (x <= 0) {
            return 0;
        }
        double front = Math.exp(a * Math.log(x) - x - logGamma(a));
        if (x < a + 1) {
            double term = 1 / a;
            double sum = term;
            for (double n = a + 1; term > sum * 1e-16; n++) {
                term *= x / n;
                sum += term;
            }
            return front * sum;
        }
        // The continued fraction of the complement, from the far end.
        double tail = 0;
        for (int i = 1_000; i > 0; i--) {
            tail = i * (i - a) / (x + 2 * i + 1 - a - tail);
        }
        return 1 - front / (x + 1 - a - tail);
    }

    /** ln Γ(a), by Stirling's series from 20 up. */
    static double logGamma(double a) {
        double product = 1;
        double x = a;
        while (x < 20) {
            product *= x++;
        }
        double square = 1 / (x * x);
        double series =
                (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square / 1680))) / x;
        return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series - Math.log(product);
    }

    static double mean(double[] sample) {
        return Arrays.stream(sample).average().orElseThrow();
    }

    static double variance(double[] sample) {
        double mean = mean(sample);
        return Arrays.stream(sample).map(x -> (x - mean) * (x - mean)).average().orElseThrow();
    }
}
