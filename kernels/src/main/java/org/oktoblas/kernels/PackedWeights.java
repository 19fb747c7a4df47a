package org.oktoblas.kernels;

import org.oktoblas.cuda.DeviceMemory;
import org.oktoblas.cuda.ElementType;

/**
 * The weights of a linear layer as its kernels read them: a column after the other, zeros up to a
 * multiple of 16 bytes behind each. Many threads may use them at once; closing frees their memory
 * once what was enqueued before is done.
 */
public final class PackedWeights implements AutoCloseable {

    private final DeviceMemory memory;
    private final ElementType type;
    private final long rows;
    private final long columns;
    private final long pitch;
    private final Arithmetic mode;

    PackedWeights(
            DeviceMemory memory,
            ElementType type,
            long rows,
            long columns,
            long pitch,
            Arithmetic mode) {
        this.memory = memory;
        this.type = type;
        this.rows = rows;
        this.columns = columns;
        this.pitch = pitch;
        this.mode = mode;
    }

    /** Returns the memory, to be brought into the order of the streams that use it. */
    public DeviceMemory memory() {
        return memory;
    }

    /** Returns the number of rows, K. */
    public long rows() {
        return rows;
    }

    /** Returns the number of columns, N. */
    public long columns() {
        return columns;
    }

    /** Returns the bytes that the packed form takes. */
    public long byteSize() {
        return memory.byteSize();
    }

    /** Returns how they are multiplied. */
    public Arithmetic mode() {
        return mode;
    }

    ElementType type() {
        return type;
    }

    /** Returns the elements from one column to the next. */
    long pitch() {
        return pitch;
    }

    /** Returns them as the right factor of a product. */
    Factor factor() {
        return new Factor(
                memory.address(), type, columns, rows, pitch, 1, new long[0], new long[0]);
    }

    @Override
    public void close() {
        memory.free();
    }
}
