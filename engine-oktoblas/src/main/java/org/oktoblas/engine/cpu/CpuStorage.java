package org.oktoblas.engine.cpu;

import ai.djl.Device;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.oktoblas.engine.backend.Storage;
import org.oktoblas.engine.backend.Tensor;

/**
 * Memory outside the Java heap. A {@link ByteBuffer} reaches 2 GB only, so larger storages are seen
 * through overlapping windows that start every gigabyte: whatever begins in one and is shorter than
 * a gigabyte lies in it entirely.
 */
final class CpuStorage extends Storage {

    private static final int WINDOW_SHIFT = 30;
    private static final long WINDOW_BYTES = (1L << 31) - 64;

    private final long address;

    /** Made when first wanted: native code needs the address alone, and making one costs. */
    private ByteBuffer[] windows;

    /** The buffer whose memory this is, kept reachable, or null for memory of our own. */
    private final ByteBuffer wrapped;

    private final Runnable onFree;

    private CpuStorage(long byteSize, long address, ByteBuffer wrapped, Runnable onFree) {
        super(Device.cpu(), byteSize);
        this.address = address;
        this.wrapped = wrapped;
        this.onFree = onFree;
    }

    /** Makes a storage of memory at an address, which {@code onFree} gives back. */
    static CpuStorage of(long address, long byteSize, Runnable onFree) {
        return new CpuStorage(byteSize, address, null, onFree);
    }

    /** Makes a storage of a direct buffer's remaining bytes, which it keeps reachable. */
    static CpuStorage of(ByteBuffer direct) {
        ByteBuffer bytes = direct.slice();
        long address =
                bytes.capacity() == 0
                        ? 0
                        : Pointer.nativeValue(Native.getDirectBufferPointer(bytes));
        return new CpuStorage(bytes.capacity(), address, bytes, () -> {});
    }

    /** Returns the address of a tensor's first element. */
    static long addressOf(Tensor tensor) {
        return ((CpuStorage) tensor.storage()).address
                + tensor.layout().offset() * tensor.dataType().getNumOfBytes();
    }

    /** Returns the address of the first byte. */
    long address() {
        return address;
    }

    /** Returns the number of windows: 1 up to a gigabyte. */
    int windowCount() {
        return (int) Math.max(1, (byteSize() + (1L << WINDOW_SHIFT) - 1) >>> WINDOW_SHIFT);
    }

    /** Returns the index of the window to use for what begins at a byte offset. */
    int windowAt(long byteOffset) {
        return (int) Math.min(byteOffset >>> WINDOW_SHIFT, windowCount() - 1);
    }

    /** Returns where in the storage a window begins, in bytes. */
    static long windowStart(int window) {
        return (long) window << WINDOW_SHIFT;
    }

    /** Returns a window, in native byte order, position 0; callers must not move its position. */
    synchronized ByteBuffer window(int index) {
        if (windows == null) {
            windows = new ByteBuffer[windowCount()];
        }
        if (windows[index] == null) {
            long start = windowStart(index);
            long length = Math.min(WINDOW_BYTES, byteSize() - start);
            ByteBuffer bytes =
                    wrapped == null
                            ? new Pointer(address).getByteBuffer(start, length)
                            : wrapped.slice((int) start, (int) length);
            windows[index] = bytes.order(ByteOrder.nativeOrder());
        }
        return windows[index];
    }

    @Override
    protected void free() {
        onFree.run();
    }
}
