package org.oktoblas.engine;

import ai.djl.ndarray.types.DataType;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.Tensor;

/** Java buffers of any kind as the source of array elements. */
final class Buffers {

    /** Elements that are converted to bytes at a time: small enough to stay in the cache. */
    private static final int CHUNK = 1 << 15;

    private Buffers() {}

    /**
     * Checks that a buffer holds the elements of an array.
     *
     * @throws IllegalArgumentException saying what does not fit
     */
    static void check(Buffer buffer, DataType type, long count) {
        boolean bytes = buffer instanceof ByteBuffer;
        if (!bytes && !matches(buffer, type)) {
            throw new IllegalArgumentException(
                    "A "
                            + buffer.getClass().getSimpleName()
                            + " cannot fill an array of data type "
                            + type
                            + ": give a buffer of that type, or a ByteBuffer.");
        }
        // A complex number is two floats.
        long floats = type == DataType.COMPLEX64 ? 2 : 1;
        long expected = Math.multiplyExact(count, bytes ? (long) Types.bytes(type) : floats);
        if (buffer.remaining() < expected) {
            throw new IllegalArgumentException(
                    "The array has "
                            + expected
                            + (bytes ? " bytes" : " elements")
                            + ", but the buffer holds only "
                            + buffer.remaining()
                            + ".");
        }
    }

    private static boolean matches(Buffer buffer, DataType type) {
        switch (type) {
            case FLOAT32:
            case COMPLEX64:
                return buffer instanceof FloatBuffer;
            case FLOAT64:
                return buffer instanceof DoubleBuffer;
            case FLOAT16:
            case BFLOAT16:
                return buffer instanceof ShortBuffer;
            case INT32:
                return buffer instanceof IntBuffer;
            case INT64:
                return buffer instanceof LongBuffer;
            default:
                return false;
        }
    }

    /** Writes as many of a checked buffer's elements as a tensor has, at a byte offset. */
    static void write(Buffer source, Backend backend, Tensor target, long byteOffset) {
        if (source instanceof FloatBuffer && target.dataType() == DataType.COMPLEX64) {
            write(source, backend, ComplexTensors.pairs(target), byteOffset);
            return;
        }
        long count = target.layout().count();
        int width = Types.bytes(target.dataType());
        if (source instanceof ByteBuffer) {
            ByteBuffer bytes = ((ByteBuffer) source).duplicate();
            bytes.limit(bytes.position() + Math.toIntExact(count * width));
            backend.write(bytes, target.storage(), byteOffset);
            return;
        }
        ByteBuffer chunk =
                ByteBuffer.allocate((int) Math.min(count, CHUNK) * width)
                        .order(ByteOrder.nativeOrder());
        int base = source.position();
        for (long done = 0; done < count; done += CHUNK) {
            int n = (int) Math.min(CHUNK, count - done);
            put(source, base + (int) done, n, chunk);
            chunk.limit(n * width);
            backend.write(chunk.duplicate(), target.storage(), byteOffset + done * width);
        }
    }

    private static void put(Buffer source, int from, int n, ByteBuffer chunk) {
        chunk.clear();
        if (source instanceof FloatBuffer) {
            chunk.asFloatBuffer().put(0, (FloatBuffer) source, from, n);
        } else if (source instanceof DoubleBuffer) {
            chunk.asDoubleBuffer().put(0, (DoubleBuffer) source, from, n);
        } else if (source instanceof IntBuffer) {
            chunk.asIntBuffer().put(0, (IntBuffer) source, from, n);
        } else if (source instanceof LongBuffer) {
            chunk.asLongBuffer().put(0, (LongBuffer) source, from, n);
        } else {
            chunk.asShortBuffer().put(0, (ShortBuffer) source, from, n);
        }
    }
}
