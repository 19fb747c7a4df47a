package org.oktoblas.kernels;

import java.util.Optional;

/**
 * How a row as long as a vocabulary is divided among the blocks of a cluster, each of which keeps
 * its part in registers, and the scales and shifts of its part in shared memory.
 *
 * @param blockVectors the whole 16-byte vectors of a block; the last block has up to as many
 * @param threadVectors how many of them the busiest thread has
 */
record RowClusters(int blockVectors, int threadVectors) {

    /**
     * What clusters can keep.
     *
     * @param blocks the blocks of a cluster
     * @param threads the threads of a block
     * @param held the vectors of a thread
     * @param line the vectors of what caches keep together, where threads begin
     */
    record Limits(int blocks, int threads, int held, int line) {}

    /**
     * Divides a row, wherever it begins.
     *
     * @param count its elements
     * @param vector the elements of a 16-byte vector
     * @return nothing if it is too long, or so short that some threads would have no vector
     */
    static Optional<RowClusters> of(Limits limits, int count, int vector) {
        int blockVectors = (count / vector - 1) / limits.blocks + 1;
        int threadVectors = (blockVectors - 1 + limits.line - 1) / limits.threads + 1;
        // A row that begins within a vector has one whole vector less.
        int lastBlock = count / vector - 1 - (limits.blocks - 1) * blockVectors;
        return threadVectors <= limits.held && lastBlock >= limits.threads
                ? Optional.of(new RowClusters(blockVectors, threadVectors))
                : Optional.empty();
    }

    /** Returns the shared memory of a block's scales and shifts. */
    int sharedBytes() {
        return 2 * RowKernels.VECTOR_BYTES * blockVectors;
    }
}
