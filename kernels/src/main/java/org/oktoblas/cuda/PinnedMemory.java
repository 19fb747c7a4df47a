package org.oktoblas.cuda;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Memory of this process that kernels write to and Java reads meanwhile. Who closes it knows that
 * no kernel will write to it any more.
 */
public final class PinnedMemory implements AutoCloseable {

    private static final VarHandle LONGS =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private final CudaDevice device;
    private final ByteBuffer buffer;
    private final long address;
    private boolean closed;

    /**
     * Allocates memory, which is slow.
     *
     * @throws CudaOutOfMemoryException if the system has no more that it can pin
     */
    public PinnedMemory(CudaDevice device, int bytes) {
        this.device = device;
        device.makeCurrent();
        ByteBuffer[] made = new ByteBuffer[1];
        CudaException.check(
                device.callInNeed(() -> Driver.allocateHost(made, bytes)),
                "cuMemHostAlloc",
                device);
        buffer = made[0];
        address = Driver.address(buffer);
    }

    /** Returns where it begins, for the device as for this process. */
    public long address() {
        return address;
    }

    /** Returns how many bytes it has. */
    public int byteSize() {
        return buffer.capacity();
    }

    /** Returns the long of that index; what was written before it is visible after. */
    public long get(int index) {
        requireOpen();
        return (long) LONGS.getAcquire(buffer, index * Long.BYTES);
    }

    /** Sets the long of that index. */
    public void set(int index, long value) {
        requireOpen();
        LONGS.setRelease(buffer, index * Long.BYTES, value);
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("This pinned memory has been freed");
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (!device.isLost()) {
            device.makeCurrent();
            CudaException.check(Driver.freeHost(address), "cuMemFreeHost", device);
        }
    }
}
