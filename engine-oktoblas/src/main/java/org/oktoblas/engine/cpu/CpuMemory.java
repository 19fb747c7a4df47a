package org.oktoblas.engine.cpu;

import ai.djl.engine.EngineException;
import com.sun.jna.Native;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Allocates memory outside the Java heap, aligned to cache lines, and keeps a bounded amount of
 * freed blocks for reuse: the system's allocator gives large blocks back to the kernel at once, and
 * the page faults of getting them again would cost more than most operations do.
 */
class CpuMemory {

    private static final int ALIGNMENT = 64;

    /** Blocks of this size and less are kept as well; the allocator handles smaller ones. */
    private static final long SMALLEST_KEPT = 4096;

    private static final long LARGEST_KEPT = 64L << 20;
    private static final long MOST_KEPT = 128L << 20;

    /** By size; a size that was emptied comes last when it is kept again. */
    private final Map<Long, Deque<Long>> kept = new LinkedHashMap<>();

    private long keptBytes;
    private long outstandingBytes;
    private long peakBytes;

    /** Allocates a storage; its content is undefined. */
    CpuStorage allocate(long byteSize) {
        if (byteSize < 0) {
            throw new IllegalArgumentException("Cannot allocate " + byteSize + " bytes.");
        }
        long capacity = capacityFor(byteSize);
        long block = take(capacity);
        long address = (block + ALIGNMENT - 1) & -ALIGNMENT;
        return CpuStorage.of(address, byteSize, () -> giveBack(block, capacity));
    }

    /** Returns the bytes of all storages that are allocated and not yet freed. */
    synchronized long outstandingBytes() {
        return outstandingBytes;
    }

    /** Returns the most that was outstanding at a time. */
    synchronized long peakBytes() {
        return peakBytes;
    }

    /** Returns the bytes of freed blocks that are kept for reuse. */
    synchronized long keptBytes() {
        return keptBytes;
    }

    /** Returns all blocks kept for reuse to the system. */
    synchronized void trim() {
        kept.values().forEach(blocks -> blocks.forEach(Native::free));
        kept.clear();
        keptBytes = 0;
    }

    /**
     * Rounds up to one of eight sizes between two powers of two, so that freed blocks fit again.
     */
    private static long capacityFor(long byteSize) {
        long size = Math.max(ALIGNMENT, byteSize);
        long step = Math.max(ALIGNMENT, Long.highestOneBit(size) >>> 3);
        return (size + step - 1) / step * step;
    }

    private static boolean isKept(long capacity) {
        return capacity >= SMALLEST_KEPT && capacity <= LARGEST_KEPT;
    }

    private synchronized long take(long capacity) {
        if (isKept(capacity)) {
            Deque<Long> blocks = kept.get(capacity);
            if (blocks != null) {
                long block = blocks.pop();
                if (blocks.isEmpty()) {
                    kept.remove(capacity);
                }
                keptBytes -= capacity;
                count(capacity);
                return block;
            }
        }
        long block = Native.malloc(capacity + ALIGNMENT);
        if (block == 0) {
            trim();
            block = Native.malloc(capacity + ALIGNMENT);
        }
        if (block == 0) {
            throw new EngineException(
                    "Out of memory: an array of "
                            + capacity
                            + " bytes was asked for while arrays take "
                            + outstandingBytes
                            + " bytes. Close arrays or managers that are no longer needed, or use a"
                            + " smaller batch.");
        }
        count(capacity);
        return block;
    }

    private void count(long capacity) {
        outstandingBytes += capacity;
        peakBytes = Math.max(peakBytes, outstandingBytes);
    }

    private synchronized void giveBack(long block, long capacity) {
        outstandingBytes -= capacity;
        if (isKept(capacity)) {
            makeRoom(capacity);
            kept.computeIfAbsent(capacity, c -> new ArrayDeque<>()).push(block);
            keptBytes += capacity;
        } else {
            Native.free(block);
        }
    }

    /** Gives blocks of other sizes up, those first that were kept first. */
    private void makeRoom(long capacity) {
        Iterator<Map.Entry<Long, Deque<Long>>> sizes = kept.entrySet().iterator();
        while (keptBytes + capacity > MOST_KEPT && sizes.hasNext()) {
            Map.Entry<Long, Deque<Long>> size = sizes.next();
            Deque<Long> blocks = size.getValue();
            while (keptBytes + capacity > MOST_KEPT && !blocks.isEmpty()) {
                Native.free(blocks.pop());
                keptBytes -= size.getKey();
            }
            if (blocks.isEmpty()) {
                sizes.remove();
            }
        }
    }
}
