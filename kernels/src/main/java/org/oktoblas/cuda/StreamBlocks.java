package org.oktoblas.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A stream's blocks of memory: from what it freed itself, else from the device's pool. Any thread
 * may take and give them, with or without the stream's lock.
 */
final class StreamBlocks {

    /** What a stream keeps of its freed blocks. */
    private static final long KEPT_BYTES = 256L << 20;

    /** More than any device has, and far from where sums of sizes run over. */
    private static final long MOST_BYTES = 1L << 60;

    private final CudaDevice device;
    private final Driver.Stream stream;
    private final BlockCache cache = new BlockCache(KEPT_BYTES);

    /** Where the driver writes an address. */
    private final ByteBuffer result = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());

    private final long resultAddress = Driver.address(result);

    StreamBlocks(CudaDevice device, Driver.Stream stream) {
        this.device = device;
        this.stream = stream;
    }

    /** Returns the size of the block that holds so many bytes. */
    static long blockBytes(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("Memory of " + bytes + " bytes was asked for");
        }
        return bytes <= BlockCache.LARGEST
                ? BlockCache.classBytes(BlockCache.sizeClass(bytes))
                : Math.min(bytes, MOST_BYTES) + BlockCache.UNIT - 1 & -BlockCache.UNIT;
    }

    /** Returns the address of a block in the stream's order. */
    long take(long blockBytes) {
        MemoryPool pool = device.pool();
        long address = 0;
        if (blockBytes <= BlockCache.LARGEST) {
            address = cache.take(BlockCache.sizeClass(blockBytes));
        }
        if (address == 0) {
            device.makeCurrent();
            if (blockBytes > device.properties().memoryBytes()) {
                throw pool.exhausted(blockBytes);
            }
            address = ask(pool, blockBytes);
            if (address == 0) {
                device.trim();
                address = ask(pool, blockBytes);
            }
            if (address == 0) {
                throw pool.exhausted(blockBytes);
            }
        }
        pool.taken(blockBytes);
        return address;
    }

    /** Returns the address of a new block, or 0 if there is no memory. */
    private long ask(MemoryPool pool, long blockBytes) {
        synchronized (result) {
            int code = pool.allocate(resultAddress, blockBytes, stream);
            if (code == Driver.OUT_OF_MEMORY) {
                return 0;
            }
            CudaException.check(code, "cuMemAllocFromPoolAsync", device);
            return result.getLong(0);
        }
    }

    /** Takes a block back in the stream's order; of a lost device, only the figures know it. */
    void give(long address, long blockBytes) {
        device.pool().returned(blockBytes);
        if (device.isLost()) {
            return;
        }
        if (blockBytes > BlockCache.LARGEST
                || !cache.keep(BlockCache.sizeClass(blockBytes), address)) {
            device.makeCurrent();
            CudaException.check(Driver.free(address, stream), "cuMemFreeAsync", device);
        }
    }

    /** Gives the kept blocks to the device's pool; the device's context is current. */
    void drop() {
        for (long address : cache.drain()) {
            CudaException.check(Driver.free(address, stream), "cuMemFreeAsync", device);
        }
    }
}
