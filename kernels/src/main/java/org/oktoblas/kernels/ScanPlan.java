package org.oktoblas.kernels;

/**
 * How lines are scanned: by rows of threads along them, or by a thread each; whole, or in chunks
 * whose totals are known beforehand.
 *
 * @param alongLines whether neighbouring threads take neighbouring elements of a line
 * @param rows the lines that a block scans at once (along lines)
 * @param lanes the logarithm of the number of threads side by side, on neighbouring lines
 * @param chunk the elements of a line that a block (along lines) or thread takes
 * @param chunks the chunks of a line
 */
record ScanPlan(boolean alongLines, int rows, int lanes, long chunk, int chunks) {

    /** {@code kScanThreads}. */
    static final int THREADS = 256;

    /** {@code kScanTile}. */
    static final int TILE = 2048;

    /** Lines are divided where there are fewer blocks than this. */
    private static final int ENOUGH_BLOCKS = 512;

    private static final int TILES_OF_CHUNK = 4;
    private static final int LEAST_OF_THREAD = 64;
    private static final long BUSY_THREADS = 1 << 16;

    /**
     * Chooses.
     *
     * @param lines the number of lines
     * @param length the elements of each, at least 1
     * @param inner whether the elements of a line lie closer together than its neighbours
     * @param divisible whether lines may be divided into chunks
     */
    static ScanPlan of(int lines, long length, boolean inner, boolean divisible) {
        return inner ? along(lines, length, divisible) : beside(lines, length, divisible);
    }

    private static ScanPlan along(int lines, long length, boolean divisible) {
        if (length <= TILE) {
            return new ScanPlan(true, (int) Math.min(lines, TILE / length), 0, length, 1);
        }
        long most = length / (TILES_OF_CHUNK * TILE);
        long wanted = lines >= ENOUGH_BLOCKS ? 1 : 2 * ENOUGH_BLOCKS / lines;
        return divided(true, 0, length, divisible ? Math.min(most, wanted) : 1, TILE);
    }

    private static ScanPlan beside(int lines, long length, boolean divisible) {
        long wanted = divisible ? BUSY_THREADS / lines : 1;
        long chunks = Math.min(wanted, length / LEAST_OF_THREAD);
        int lanes = Math.min(Sharing.ceilLog(lines), chunks > 1 ? 5 : 8);
        return divided(false, lanes, length, chunks, 1);
    }

    private static ScanPlan divided(
            boolean alongLines, int lanes, long length, long chunks, int unit) {
        long chunk = chunks <= 1 ? length : ((length - 1) / chunks / unit + 1) * unit;
        return new ScanPlan(alongLines, 1, lanes, chunk, (int) ((length - 1) / chunk + 1));
    }

    /** Returns blocks along x. */
    int gridX(int lines) {
        return alongLines ? (lines - 1) / rows + 1 : (lines - 1 >> lanes) + 1;
    }

    /** Returns blocks along y. */
    int gridY() {
        return alongLines ? chunks : (chunks - 1) / (THREADS >> lanes) + 1;
    }
}
