package org.oktoblas.cuda;

import java.util.Arrays;

/**
 * Freed blocks of one stream, kept for its next allocations: what was freed in a stream's order may
 * be used again in that order without waiting. Blocks are of fixed sizes, eight to a power of two,
 * so that at most an eighth is wasted and similar requests find each other's blocks.
 */
final class BlockCache {

    /** The smallest block, and what sizes are multiples of. */
    static final int UNIT = 512;

    /** Larger blocks go to the driver's pool at once, where they fit exactly. */
    static final long LARGEST = 16L << 20;

    static final int CLASSES = sizeClass(LARGEST) + 1;

    private final long most;
    private final long[][] stacks = new long[CLASSES][];
    private final int[] counts = new int[CLASSES];
    private long bytes;

    /** Makes a cache of at most so many bytes. */
    BlockCache(long most) {
        this.most = most;
    }

    /** Returns the class of the smallest block that holds so many bytes. */
    static int sizeClass(long bytes) {
        long units = Math.max(1, (bytes + UNIT - 1) / UNIT);
        if (units <= 8) {
            return (int) units - 1;
        }
        // Above 8 units a class is a power of two and the three bits after its leading one.
        int power = 63 - Long.numberOfLeadingZeros(units - 1);
        int eighth = (int) ((units - 1 >> power - 3) & 7);
        return 8 * (power - 2) + eighth;
    }

    /** Returns the size of the blocks of a class. */
    static long classBytes(int sizeClass) {
        if (sizeClass < 8) {
            return (sizeClass + 1L) * UNIT;
        }
        int power = sizeClass / 8 + 2;
        return (9L + sizeClass % 8 << power - 3) * UNIT;
    }

    /** Takes a block of a class, or 0. */
    synchronized long take(int sizeClass) {
        int count = counts[sizeClass];
        if (count == 0) {
            return 0;
        }
        counts[sizeClass] = count - 1;
        bytes -= classBytes(sizeClass);
        return stacks[sizeClass][count - 1];
    }

    /** Keeps a block of a class; returns false if there is no room. */
    synchronized boolean keep(int sizeClass, long address) {
        long size = classBytes(sizeClass);
        if (bytes + size > most) {
            return false;
        }
        bytes += size;
        int count = counts[sizeClass];
        if (stacks[sizeClass] == null) {
            stacks[sizeClass] = new long[8];
        } else if (stacks[sizeClass].length == count) {
            stacks[sizeClass] = Arrays.copyOf(stacks[sizeClass], 2 * count);
        }
        stacks[sizeClass][count] = address;
        counts[sizeClass] = count + 1;
        return true;
    }

    /** Removes all blocks and returns them. */
    synchronized long[] drain() {
        long[] all = new long[Arrays.stream(counts).sum()];
        int at = 0;
        for (int i = 0; i < CLASSES; i++) {
            if (counts[i] > 0) {
                System.arraycopy(stacks[i], 0, all, at, counts[i]);
                at += counts[i];
                counts[i] = 0;
            }
        }
        bytes = 0;
        return all;
    }
}
