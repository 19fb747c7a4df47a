package org.oktoblas.kernels;

/** Lays out parts one behind the other in a block of memory, each at a multiple of 256 bytes. */
final class BlockPlaces {

    private static final int ALIGNMENT = 256;

    private long end;

    /** Returns where a part begins, in bytes from the block's beginning. */
    long take(long bytes) {
        long at = end;
        end += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return at;
    }

    /** Returns the bytes of all parts taken so far. */
    long byteSize() {
        return end;
    }
}
