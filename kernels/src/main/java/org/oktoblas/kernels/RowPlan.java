package org.oktoblas.kernels;

/**
 * How a row is divided among threads that keep it in registers.
 *
 * @param way which kernel does it
 * @param groupBits the logarithm of how many threads share a row
 * @param vectors how many 16-byte vectors the busiest of them has
 * @param slice where a row is too long for a block, the elements of each block
 * @param slices the blocks of a row
 */
record RowPlan(Way way, int groupBits, int vectors, int slice, int slices) {

    /** The most slices that each block of a row has to look at. */
    private static final int MOST_SLICES = 1024;

    /** Vectors that a thread should have in flight before more threads share a row. */
    private static final int FEW_VECTORS = 4;

    private static final int WARP = 32;

    /** The kernels of rows. */
    enum Way {
        /** Rows of up to what a block holds, several a block. */
        ROW,
        /** One row for a larger block. */
        LONG,
        /** One row, as long as a vocabulary, for a multiprocessor. */
        LONGEST,
        /** Several blocks a row, which is read twice. */
        SPLIT
    }

    /**
     * What threads can keep.
     *
     * @param held the elements of a thread
     * @param vector the elements of a 16-byte vector
     * @param line the elements of what caches keep together, where the threads of the longest rows
     *     begin
     * @param threads the threads of a block
     * @param longThreads the threads of a larger block
     * @param longestHeld the elements of a thread where a block has a multiprocessor to itself
     * @param longestThreads the threads of such a block
     */
    record Limits(
            int held,
            int vector,
            int line,
            int threads,
            int longThreads,
            int longestHeld,
            int longestThreads) {}

    /**
     * Divides a row.
     *
     * @param count its elements
     * @param aligned whether rows begin at multiples of 16 bytes; else some begin within a vector
     */
    static RowPlan of(Limits limits, int count, boolean aligned) {
        int vector = limits.vector;
        int vectors = (count - 1 + (aligned ? 0 : vector - 1)) / vector + 1;
        int most = limits.held / vector;
        int bits = 0;
        while (1 << bits < limits.longThreads
                && (most << bits < vectors
                        || 1 << bits < WARP && Math.min(FEW_VECTORS, most) << bits < vectors)) {
            bits++;
        }
        if (most << bits >= vectors) {
            Way way = 1 << bits <= limits.threads ? Way.ROW : Way.LONG;
            return new RowPlan(way, bits, (vectors - 1 >> bits) + 1, count, 1);
        }
        int lineVectors = (count - 1 + limits.line - (aligned ? vector : 1)) / vector + 1;
        if ((long) limits.longestHeld / vector * limits.longestThreads >= lineVectors) {
            bits = Integer.numberOfTrailingZeros(limits.longestThreads);
            return new RowPlan(Way.LONGEST, bits, (lineVectors - 1 >> bits) + 1, count, 1);
        }
        // A slice that begins within a vector is shorter by one, so that it needs no more tiles.
        int tile = limits.threads * limits.held;
        int tiles = (count - 1) / (MOST_SLICES * (tile - vector)) + 1;
        int slice = tiles * tile - (aligned ? 0 : vector);
        return new RowPlan(Way.SPLIT, 0, most, slice, (count - 1) / slice + 1);
    }
}
