package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Tensor;

/** Truth values as bytes, 0 or 1: what comparisons give and conditions are. */
final class Truths extends Elements<byte[], ByteBuffer> {

    private static final VarHandle WORDS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private static final long ONES = 0x0101010101010101L;

    private Truths(CpuStorage storage) {
        super(storage, 1, ByteBuffer::duplicate, new ByteBuffer[0]);
    }

    /** Returns a BOOLEAN tensor as a sequence. */
    static View<byte[]> view(Tensor tensor) {
        if (tensor.dataType() != DataType.BOOLEAN) {
            throw new IllegalArgumentException(
                    "Truth values are BOOLEAN, not " + tensor.dataType() + ".");
        }
        return new View<>(new Truths((CpuStorage) tensor.storage()), tensor.layout());
    }

    static byte[] scratch(int slot, int n) {
        return Scratch.get().bytes(slot, n);
    }

    @Override
    void load(ByteBuffer buffer, int index, int stride, byte[] target, int at, int n) {
        if (stride == 1) {
            buffer.get(index, target, at, n);
        } else {
            for (int i = 0; i < n; i++) {
                target[at + i] = buffer.get(index + i * stride);
            }
        }
    }

    @Override
    void store(ByteBuffer buffer, int index, int stride, byte[] source, int at, int n) {
        if (stride == 1) {
            buffer.put(index, source, at, n);
        } else {
            for (int i = 0; i < n; i++) {
                buffer.put(index + i * stride, source[at + i]);
            }
        }
    }

    /** Returns whether an operation on truth values is one on their bits. */
    static boolean combines(BinaryOp op) {
        return op == BinaryOp.LOGICAL_AND
                || op == BinaryOp.LOGICAL_OR
                || op == BinaryOp.LOGICAL_XOR;
    }

    /** x = op(x, y). */
    static void combine(BinaryOp op, byte[] x, byte[] y, int n) {
        normalize(x, n);
        normalize(y, n);
        int words = n & -Long.BYTES;
        switch (op) {
            case LOGICAL_AND -> {
                for (int i = 0; i < words; i += Long.BYTES) {
                    WORDS.set(x, i, (long) WORDS.get(x, i) & (long) WORDS.get(y, i));
                }
                for (int i = words; i < n; i++) {
                    x[i] &= y[i];
                }
            }
            case LOGICAL_OR -> {
                for (int i = 0; i < words; i += Long.BYTES) {
                    WORDS.set(x, i, (long) WORDS.get(x, i) | (long) WORDS.get(y, i));
                }
                for (int i = words; i < n; i++) {
                    x[i] |= y[i];
                }
            }
            default -> {
                for (int i = 0; i < words; i += Long.BYTES) {
                    WORDS.set(x, i, (long) WORDS.get(x, i) ^ (long) WORDS.get(y, i));
                }
                for (int i = words; i < n; i++) {
                    x[i] ^= y[i];
                }
            }
        }
    }

    /** Makes 1 of every byte that is not 0: memory that was wrapped may have others. */
    private static void normalize(byte[] x, int n) {
        long all = 0;
        int i = 0;
        for (; i + Long.BYTES <= n; i += Long.BYTES) {
            all |= (long) WORDS.get(x, i);
        }
        for (; i < n; i++) {
            all |= x[i] & 0xff;
        }
        if ((all & ~ONES) != 0) {
            for (int j = 0; j < n; j++) {
                x[j] = (byte) (x[j] != 0 ? 1 : 0);
            }
        }
    }
}
