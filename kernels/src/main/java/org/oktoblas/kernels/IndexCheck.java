package org.oktoblas.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.Workspace;

/**
 * Where kernels leave the position, in row-major order, of the first index that is outside its
 * axis.
 */
final class IndexCheck implements AutoCloseable {

    private static final long NONE = -1;

    private final CudaStream stream;
    private final DeviceTensor index;
    private final Workspace word;

    /** Makes a check of an index, with nothing found as yet. */
    IndexCheck(CudaStream stream, DeviceTensor index) {
        this.stream = stream;
        this.index = index;
        word = stream.workspace(Long.BYTES);
        stream.fill(word.address(), 0xff, Long.BYTES);
    }

    /** Returns where a kernel leaves the smallest such position. */
    long address() {
        return word.address();
    }

    /**
     * Waits for what was launched.
     *
     * @throws IndexOutOfBoundsException if an index was outside
     */
    void verify(int axis, long size) {
        long position = read(word.address());
        if (position == NONE) {
            return;
        }
        long element = 0;
        for (int i = index.rank() - 1; i >= 0; i--) {
            element += position % index.shape()[i] * index.strides()[i];
            position /= index.shape()[i];
        }
        throw new IndexOutOfBoundsException(
                "Index "
                        + read(index.address() + element * Long.BYTES)
                        + " is outside axis "
                        + axis
                        + " of size "
                        + size
                        + (size == 0 ? "." : " (allowed: " + -size + " to " + (size - 1) + ")."));
    }

    private long read(long address) {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
        stream.download(address, bytes);
        return bytes.getLong(0);
    }

    @Override
    public void close() {
        word.close();
    }
}
