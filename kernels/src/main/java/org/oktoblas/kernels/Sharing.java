package org.oktoblas.kernels;

import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.Iteration;

/**
 * How the threads of a reduction share its elements. Along: {@code 2^lanes} threads share an output
 * and read its elements side by side. Across: {@code 2^lanes} threads stand side by side and read
 * elements of neighbouring outputs, and the block's other threads share those outputs.
 *
 * <p>It depends on shapes, strides and alignment alone, not on the device, and so do the results.
 *
 * @param across whether threads side by side belong to different outputs
 * @param width the elements of a load: of one output (along) or of as many (across)
 * @param lanes the logarithm of the number of threads side by side
 * @param blocks blocks for all outputs
 * @param chunk the steps of the reduced walk that a block takes, vectors if along
 * @param chunks the chunks of an output, each of which gives a part of the result
 */
record Sharing(boolean across, int width, int lanes, int blocks, int chunk, int chunks) {

    /** The kernels for each element type, as {@link #variant} numbers them. */
    static final String[] VARIANTS = {"along", "along_vector", "across", "across_vector"};

    /** The threads of a block: {@code kReduceThreads}. */
    static final int THREADS = 256;

    private static final int LOG_THREADS = 8;

    /** The bytes of a load: {@code kVectorBytes}. */
    private static final int VECTOR_BYTES = 16;

    /** The bytes that memory gives at once. */
    private static final int SECTOR_BYTES = 32;

    /** Threads that keep a large device busy; a result that needs fewer is spread out more. */
    private static final long BUSY_THREADS = 1 << 16;

    /** Outputs of fewer blocks than this are divided into chunks. */
    private static final int ENOUGH_BLOCKS = 1024;

    /** Blocks that are then wanted: so many that it hardly matters that not all begin at once. */
    private static final int WANTED_BLOCKS = 4096;

    /** Loads of a thread that are in flight at once. */
    static int loads(int width) {
        return width == 1 ? 8 : width >= 16 ? 2 : 4;
    }

    /**
     * Chooses.
     *
     * @param kept the walk over the outputs; its first tensor is the input
     * @param reduced the walk over an output's elements in the input
     * @param in the input
     * @param divisible whether an output may be made of parts
     */
    static Sharing of(Iteration kept, Iteration reduced, DeviceTensor in, boolean divisible) {
        return isAcross(kept, reduced)
                ? across(kept, reduced, in, divisible)
                : along(kept, reduced, in, divisible);
    }

    /** Returns the number of the kernel, of {@link #VARIANTS}. */
    int variant() {
        return (across ? 2 : 0) + (width > 1 ? 1 : 0);
    }

    private static boolean isAcross(Iteration kept, Iteration reduced) {
        if (kept.rank() == 0) {
            return false;
        }
        return reduced.rank() == 0
                || Math.abs(kept.innerStride(0)) < Math.abs(reduced.innerStride(0));
    }

    private static Sharing along(
            Iteration kept, Iteration reduced, DeviceTensor in, boolean divisible) {
        int width = width(reduced, kept, in);
        int steps = reduced.count() / width;
        long outputs = kept.count();
        int loads = loads(width);
        // Threads have a few loads each, but fill the sectors that a warp reads at once.
        int sector = Math.max(1, SECTOR_BYTES / (in.type().bytes() * width));
        int lanes = Math.max(ceilLog((steps - 1) / loads + 1), ceilLog(Math.min(sector, steps)));
        lanes = Math.min(lanes, LOG_THREADS);
        while (lanes < LOG_THREADS && outputs << lanes < BUSY_THREADS && steps >> lanes > 1) {
            lanes++;
        }
        int blocks = blocks(outputs, LOG_THREADS - lanes);
        int least = loads << lanes;
        boolean divides = divisible && lanes == LOG_THREADS;
        int chunks = divides ? chunks(blocks, steps, least) : 1;
        return of(false, width, lanes, blocks, steps, chunks, least);
    }

    private static Sharing across(
            Iteration kept, Iteration reduced, DeviceTensor in, boolean divisible) {
        int width = width(kept, reduced, in);
        int columns = kept.count() / width;
        int steps = reduced.count();
        int loads = loads(width);
        // As many rows as leave each thread some loads of its own, at most eight.
        int rows = Math.min(3, floorLog(Math.max(1, steps / loads)));
        int lanes = Math.min(LOG_THREADS - rows, ceilLog(columns));
        int blocks = blocks(columns, lanes);
        int least = loads << LOG_THREADS - lanes;
        int chunks = divisible ? chunks(blocks, steps, least) : 1;
        return of(true, width, lanes, blocks, steps, chunks, least);
    }

    private static Sharing of(
            boolean across, int width, int lanes, int blocks, int steps, int chunks, int unit) {
        int chunk = steps;
        if (chunks > 1) {
            // Whole rounds of loads, so that only the last chunk has a rest.
            chunk = ((steps - 1) / chunks / unit + 1) * unit;
        }
        return new Sharing(
                across, width, lanes, blocks, chunk, Math.max(1, (steps - 1) / chunk + 1));
    }

    /** Returns into how many chunks to divide, 1 where there are blocks enough without. */
    private static int chunks(int blocks, int steps, int least) {
        if (blocks >= ENOUGH_BLOCKS) {
            return 1;
        }
        int chunks = Math.min(WANTED_BLOCKS / blocks, steps / least);
        return chunks < 4 ? 1 : chunks;
    }

    /** Returns the elements of a load along a walk, from wherever another walk leads. */
    private static int width(Iteration walk, Iteration starts, DeviceTensor in) {
        int width = VECTOR_BYTES / in.type().bytes();
        boolean fits = walk.innerStride(0) == 1 && walk.vector(width, in) == width;
        fits &= starts.offset(0) % width == 0;
        for (int i = 0; i < starts.rank(); i++) {
            fits &= starts.stride(0, i) % width == 0;
        }
        return fits ? width : 1;
    }

    private static int blocks(long items, int logItems) {
        return (int) ((items - 1 >> logItems) + 1);
    }

    static int ceilLog(int n) {
        return 32 - Integer.numberOfLeadingZeros(n - 1);
    }

    private static int floorLog(int n) {
        return 31 - Integer.numberOfLeadingZeros(n);
    }
}
