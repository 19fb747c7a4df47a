package org.oktoblas.engine.cpu;

/**
 * How packed weights (K, N) are cut: into parts of K whose products are added up, and into blocks
 * of columns, which threads compute side by side. It depends on the sizes alone, and with it the
 * results.
 *
 * @param rows K
 * @param columns N
 * @param depth how many of the rows a part has; the last may have fewer
 * @param width how many of the columns a block has; the last may have fewer
 * @param bytes the size of a weight
 */
record WeightGrid(long rows, long columns, long depth, long width, int bytes) {

    /**
     * oneDNN 3.11 gives wrong results for float32 times packed 16-bit weights when K is larger, so
     * K is split and the parts' products are added up.
     */
    private static final long MIXED_DEPTH = 512;

    /** A block of this size takes some thirty microseconds to read. */
    private static final long BLOCK_BYTES = 512 << 10;

    private static final long MOST_BLOCKS = 64;

    /** Bytes to read that are worth another thread. */
    private static final long WORTHWHILE = 128 << 10;

    /** Returns the grid of a matrix; {@code mixed} is float32 times 16-bit weights. */
    static WeightGrid of(long rows, long columns, int bytes, boolean mixed) {
        long depth = rows;
        if (mixed && rows > MIXED_DEPTH) {
            long count = (rows + MIXED_DEPTH - 1) / MIXED_DEPTH;
            long even = (rows + count - 1) / count;
            depth = Math.min(MIXED_DEPTH, (even + 31) / 32 * 32);
        }
        long width = Math.max(BLOCK_BYTES / (rows * bytes), (columns - 1) / MOST_BLOCKS + 1);
        // Whole vectors and oneDNN's own blocks of 64 columns.
        width = Math.min(columns, (Math.max(1, width) + 63) / 64 * 64);
        return new WeightGrid(rows, columns, depth, width, bytes);
    }

    int parts() {
        return (int) ((rows + depth - 1) / depth);
    }

    int blocks() {
        return (int) ((columns + width - 1) / width);
    }

    long depthOf(int part) {
        return Math.min(depth, rows - part * depth);
    }

    long widthOf(int block) {
        return Math.min(width, columns - block * width);
    }

    /** Returns how many blocks make it worthwhile to have another thread, for m rows of input. */
    long grain(long m) {
        // Few rows wait for the memory, many for the multiplications.
        long work = rows * width * Math.max(bytes, m / 4);
        return Math.max(1, WORTHWHILE / work);
    }
}
