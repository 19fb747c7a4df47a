package org.oktoblas.bench;

import java.util.Arrays;
import java.util.List;

/** Medians and spreads of a few measurements. */
public final class Statistics {

    private Statistics() {}

    /** Returns the median: the middle value, or the mean of the two in the middle. */
    public static double median(List<Double> values) {
        return quantile(values, 0.5);
    }

    /**
     * Returns the interquartile range over the median: 0.02 says half the values lie within 2 %.
     */
    public static double spread(List<Double> values) {
        return (quantile(values, 0.75) - quantile(values, 0.25)) / median(values);
    }

    /** Interpolates linearly between the sorted values. */
    private static double quantile(List<Double> values, double share) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
        if (sorted.length == 0) {
            throw new IllegalArgumentException("no values");
        }
        Arrays.sort(sorted);
        double position = share * (sorted.length - 1);
        int below = (int) position;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }
}
