package org.oktoblas.cuda;

import java.util.concurrent.atomic.AtomicLong;

/** A device's memory as this process takes it: a pool of the driver, and its figures. */
final class MemoryPool {

    private final CudaDevice device;
    private final long handle;
    private final AtomicLong used = new AtomicLong();
    private final AtomicLong peak = new AtomicLong();
    private final AtomicLong blocks = new AtomicLong();

    /** Makes the pool; the device's context is current. */
    MemoryPool(CudaDevice device, int driverOrdinal) {
        this.device = device;
        long[] made = new long[1];
        CudaException.check(Driver.createPool(driverOrdinal, made), "cuMemPoolCreate", device);
        handle = made[0];
        // What is freed stays with the pool until trim(), as asking the system anew is slow.
        CudaException.check(
                Driver.setPoolAttribute(handle, Driver.POOL_RELEASE_THRESHOLD, Long.MAX_VALUE),
                "cuMemPoolSetAttribute",
                device);
    }

    /** Notes a block that an array or a workspace now holds. */
    void taken(long bytes) {
        blocks.incrementAndGet();
        long now = used.addAndGet(bytes);
        if (now > peak.get()) {
            peak.accumulateAndGet(now, Math::max);
        }
    }

    /** Notes that a block is held no longer. */
    void returned(long bytes) {
        blocks.decrementAndGet();
        used.addAndGet(-bytes);
    }

    /** Asks the driver for a block in a stream's order; the address goes where result points. */
    int allocate(long result, long bytes, Driver.Stream stream) {
        return Driver.allocate(result, bytes, handle, stream);
    }

    void trim() {
        CudaException.check(Driver.trim(handle, 0), "cuMemPoolTrimTo", device);
    }

    int shareWith(int driverOrdinal) {
        return Driver.shareWith(handle, driverOrdinal);
    }

    /** Returns the figures; the device's context is current. */
    MemoryStatistics statistics() {
        long[] reserved = new long[1];
        CudaException.check(
                Driver.poolAttribute(handle, Driver.POOL_RESERVED, reserved),
                "cuMemPoolGetAttribute",
                device);
        long[] free = new long[1];
        long[] total = new long[1];
        CudaException.check(Driver.memoryInfo(free, total), "cuMemGetInfo", device);
        return new MemoryStatistics(
                used.get(), peak.get(), reserved[0], free[0], total[0], blocks.get());
    }

    /** Makes the exception for an allocation that failed twice. */
    CudaOutOfMemoryException exhausted(long bytes) {
        MemoryStatistics now = statistics();
        return new CudaOutOfMemoryException(
                device
                        + " has no "
                        + text(bytes)
                        + " left for an array: arrays hold "
                        + text(now.used())
                        + " ("
                        + now.blocks()
                        + " of them), this process has reserved "
                        + text(now.reserved())
                        + ", "
                        + text(now.free())
                        + " of "
                        + text(now.total())
                        + " are free. Close arrays or their manager, use smaller batches or"
                        + " float16, or end other processes on the device.",
                null);
    }

    static String text(long bytes) {
        if (bytes < 1 << 20) {
            return bytes + " bytes";
        }
        return String.format(java.util.Locale.ROOT, "%.1f MB (%d bytes)", bytes / 1048576.0, bytes);
    }
}
