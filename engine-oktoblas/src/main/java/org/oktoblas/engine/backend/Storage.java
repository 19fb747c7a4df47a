package org.oktoblas.engine.backend;

import ai.djl.Device;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A block of memory on one device, shared by all the views of it and freed when the last of them is
 * closed.
 *
 * <p>A new storage has one reference. Every further holder calls {@link #retain()} and later {@link
 * #release()}; an operation in flight is a holder too, so that closing an array on another thread
 * cannot free memory in use.
 */
public abstract class Storage {

    private final AtomicInteger references = new AtomicInteger(1);
    private final Device device;
    private final long byteSize;
    private volatile boolean readOnly;
    private volatile Growth growth;

    protected Storage(Device device, long byteSize) {
        this.device = device;
        this.byteSize = byteSize;
    }

    /** Returns the device whose memory it is. */
    public final Device device() {
        return device;
    }

    /** Returns the size in bytes. */
    public final long byteSize() {
        return byteSize;
    }

    /**
     * Checks that bytes are this storage's.
     *
     * @throws IndexOutOfBoundsException if they are not all in it
     */
    public final void requireBytes(long offset, long size) {
        if (offset < 0 || offset + size > byteSize) {
            throw new IndexOutOfBoundsException(
                    "Bytes "
                            + offset
                            + " to "
                            + (offset + size)
                            + " are not all in a storage of "
                            + byteSize
                            + " bytes.");
        }
    }

    /** Notes that the memory is not to be written to, as it may be a file's. */
    public final void makeReadOnly() {
        readOnly = true;
    }

    /** Returns whether callers must not write to the memory. */
    public final boolean isReadOnly() {
        return readOnly;
    }

    /** Notes that a tensor grows into the memory. */
    public final void growsAs(Growth tensors) {
        growth = tensors;
    }

    /** Returns how a tensor grows into the memory, or null if none does. */
    public final Growth growth() {
        return growth;
    }

    /** Returns whether the memory is still there. */
    public final boolean isOpen() {
        return references.get() > 0;
    }

    /**
     * Adds a reference.
     *
     * @throws IllegalStateException if the memory is already freed
     */
    public final void retain() {
        int count = references.get();
        while (count > 0) {
            if (references.compareAndSet(count, count + 1)) {
                return;
            }
            count = references.get();
        }
        throw new IllegalStateException(
                "This array's memory has been freed: it or its manager was closed.");
    }

    /** Gives a reference back, and frees the memory if it was the last. */
    public final void release() {
        int left = references.decrementAndGet();
        if (left == 0) {
            free();
        } else if (left < 0) {
            throw new IllegalStateException(
                    "An array's memory was released more often than it was retained.");
        }
    }

    /** Frees the memory; called once. */
    protected abstract void free();
}
