package org.oktoblas.bench;

import java.util.List;

/**
 * One figure of a benchmark.
 *
 * @param benchmark the benchmark's name, as {@code infer}
 * @param caseName what was run
 * @param metric what was measured
 * @param higherIsBetter whether more is better
 * @param ours our median, or null if ours gave none
 * @param peer the median of what runs beside it, or null
 * @param peerName what runs beside it, or null
 * @param rounds how many measurements the medians are of
 * @param spread interquartile range of ours over its median
 * @param shareOfCopy ours, in bytes a second, over what copying memory reaches, or null where that
 *     says nothing
 * @param limit what the device's memory allows, in the metric's unit: the highest rate, or the
 *     fewest bytes; null where that was not worked out
 */
public record BenchRow(
        String benchmark,
        String caseName,
        String metric,
        boolean higherIsBetter,
        Double ours,
        Double peer,
        String peerName,
        int rounds,
        double spread,
        Double shareOfCopy,
        Double limit) {

    /** Makes a row of measurements of {@code infer}; peers may be null. */
    static BenchRow of(
            String caseName,
            String metric,
            boolean higherIsBetter,
            List<Double> ours,
            List<Double> peers,
            String peerName) {
        return of("infer", caseName, metric, higherIsBetter, ours, peers, peerName);
    }

    /** Makes a row of measurements; ours and peers may be null. */
    public static BenchRow of(
            String benchmark,
            String caseName,
            String metric,
            boolean higherIsBetter,
            List<Double> ours,
            List<Double> peers,
            String peerName) {
        return new BenchRow(
                benchmark,
                caseName,
                metric,
                higherIsBetter,
                ours == null ? null : Statistics.median(ours),
                peers == null ? null : Statistics.median(peers),
                peerName,
                ours == null ? 0 : ours.size(),
                ours == null ? 0 : Statistics.spread(ours),
                null,
                null);
    }

    /** Returns this row with its share of the copy bandwidth. */
    public BenchRow withShareOfCopy(double share) {
        return with(share, limit);
    }

    /** Returns this row with what the device's memory allows, in the metric's unit. */
    public BenchRow withLimit(double newLimit) {
        return with(shareOfCopy, newLimit);
    }

    private BenchRow with(Double newShare, Double newLimit) {
        return new BenchRow(
                benchmark,
                caseName,
                metric,
                higherIsBetter,
                ours,
                peer,
                peerName,
                rounds,
                spread,
                newShare,
                newLimit);
    }

    /**
     * Returns ours over the limit, or null if one of them is missing: below 1 for a rate, above for
     * memory, and 1 where nothing could be better.
     */
    public Double ofLimit() {
        return ours == null || limit == null ? null : ours / limit;
    }

    /** Returns how many times better ours is, or null if one of them is missing. */
    public Double ratio() {
        if (peer == null || ours == null) {
            return null;
        }
        return higherIsBetter ? ours / peer : peer / ours;
    }
}
