package org.oktoblas.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The one parameter that every kernel takes: a struct by value, written field by field in the order
 * of its declaration and aligned as C++ aligns it. Each thread reuses a buffer of its own, which
 * the driver has read when a launch returns.
 */
public final class Arguments {

    /** The most that CUDA passes to a kernel on all architectures. */
    private static final int CAPACITY = 4096;

    private static final ThreadLocal<Arguments> OWN = ThreadLocal.withInitial(Arguments::new);

    private final ByteBuffer buffer =
            ByteBuffer.allocateDirect(CAPACITY).order(ByteOrder.nativeOrder());

    private final ByteBuffer pointers = ByteBuffer.allocateDirect(8);

    /** Where the driver finds the struct; made once a thread. */
    private final Driver.Address handle = Driver.parameters(buffer, pointers);

    /** The alignment of the struct: that of its most aligned field. */
    private int alignment = 1;

    private Arguments() {}

    /** Returns the thread's buffer, emptied. */
    public static Arguments start() {
        Arguments arguments = OWN.get();
        arguments.buffer.clear();
        arguments.alignment = 1;
        return arguments;
    }

    private void align(int bytes) {
        alignment = Math.max(alignment, bytes);
        int position = buffer.position();
        int aligned = (position + bytes - 1) & -bytes;
        while (position++ < aligned) {
            buffer.put((byte) 0);
        }
    }

    /** Writes a pointer. */
    public Arguments pointer(long address) {
        return int64(address);
    }

    /** Writes an {@code int} or {@code unsigned}. */
    public Arguments int32(int value) {
        align(4);
        buffer.putInt(value);
        return this;
    }

    /** Writes a {@code long long}. */
    public Arguments int64(long value) {
        align(8);
        buffer.putLong(value);
        return this;
    }

    /** Writes a {@code float}. */
    public Arguments float32(float value) {
        align(4);
        buffer.putFloat(value);
        return this;
    }

    /** Writes a {@code double}. */
    public Arguments float64(double value) {
        align(8);
        buffer.putDouble(value);
        return this;
    }

    /** Writes raw bytes at an alignment, such as a tensor map (64). */
    public Arguments bytes(ByteBuffer value, int alignment) {
        align(alignment);
        buffer.put(value.duplicate());
        return this;
    }

    /** Returns the size of the struct, with the bytes that fill it up to its alignment. */
    int size() {
        return (buffer.position() + alignment - 1) & -alignment;
    }

    /** Returns what is written, for tests. */
    ByteBuffer content() {
        return buffer.duplicate().order(ByteOrder.nativeOrder()).flip();
    }

    Driver.Address handle() {
        return handle;
    }
}
