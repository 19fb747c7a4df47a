package org.oktoblas.bench;

import java.util.List;

/**
 * One figure of a benchmark.
 *
 * @param benchmark the benchmark's name, as {@code infer}
 * @param caseName what was run
 * @param metric what was measured
 * @param higherIsBetter whether more is better
 * @param ours our median
 * @param peer the median of what runs beside it, or null
 * @param peerName what runs beside it, or null
 * @param rounds how many measurements the medians are of
 * @param spread interquartile range of ours over its median
 */
public record BenchRow(
        String benchmark,
        String caseName,
        String metric,
        boolean higherIsBetter,
        double ours,
        Double peer,
        String peerName,
        int rounds,
        double spread) {

    /** Makes a row of measurements; peers may be null. */
    static BenchRow of(
            String caseName,
            String metric,
            boolean higherIsBetter,
            List<Double> ours,
            List<Double> peers,
            String peerName) {
        return new BenchRow(
                "infer",
                caseName,
                metric,
                higherIsBetter,
                Statistics.median(ours),
                peers == null ? null : Statistics.median(peers),
                peerName,
                ours.size(),
                Statistics.spread(ours));
    }

    /** Returns how many times better ours is, or null if nothing ran beside it. */
    public Double ratio() {
        if (peer == null) {
            return null;
        }
        return higherIsBetter ? ours / peer : peer / ours;
    }
}
