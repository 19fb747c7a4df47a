package org.oktoblas.bench.gpu;

import java.util.List;

/**
 * One thing to time on both sides.
 *
 * @param topic the table it belongs to, as {@code gemm}
 * @param name its name there, as {@code fp16 4096x4096x4096}
 * @param op what both sides compute, as the peer's script calls it
 * @param format of the numbers
 * @param dims the sizes that the operation needs, in its own order
 * @param way what the time comprises
 * @param metric what the table shows
 * @param flop floating point operations of a call; 0 where they do not matter
 * @param traffic the fewest bytes that a call reads and writes in device memory; 0 where they do
 *     not matter
 * @param inputBytes the size of one set of inputs
 */
record KernelCase(
        String topic,
        String name,
        String op,
        Format format,
        List<Integer> dims,
        Way way,
        Metric metric,
        double flop,
        double traffic,
        double inputBytes) {

    /** More sets than calls in a graph would serve nothing. */
    private static final int MOST_SETS = 32;

    int dim(int axis) {
        return dims.get(axis);
    }

    /**
     * Returns through how many sets of inputs the calls should rotate, so that no input is still in
     * the cache when its turn comes again; of small inputs only so many as can be made in a moment.
     */
    int sets(long cacheBytes) {
        if (way != Way.GRAPH) {
            return 1;
        }
        return (int) Math.max(1, Math.min(MOST_SETS, Math.ceil(2.0 * cacheBytes / inputBytes)));
    }
}
