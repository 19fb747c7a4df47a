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

    /** out = op(x, y), eight at a time; x and y may be changed. */
    static void combine(BinaryOp op, byte[] x, byte[] y, byte[] out, int n) {
        if (!combineBits(op, x, y, out, n)) {
            // Memory that was wrapped may have other bytes than 0 and 1.
            normalize(x, n);
            normalize(y, n);
            combineBits(op, x, y, out, n);
        }
    }

    /** Returns whether all bytes were 0 or 1, and the result is so right. */
    private static boolean combineBits(BinaryOp op, byte[] x, byte[] y, byte[] out, int n) {
        long all = 0;
        int words = n & -Long.BYTES;
        switch (op) {
            case LOGICAL_AND -> {
                for (int i = 0; i < words; i += Long.BYTES) {
                    long a = (long) WORDS.get(x, i);
                    long b = (long) WORDS.get(y, i);
                    all |= a | b;
                    WORDS.set(out, i, a & b);
                }
            }
            case LOGICAL_OR -> {
                for (int i = 0; i < words; i += Long.BYTES) {
                    long either = (long) WORDS.get(x, i) | (long) WORDS.get(y, i);
                    all |= either;
                    WORDS.set(out, i, either);
                }
            }
            default -> {
                for (int i = 0; i < words; i += Long.BYTES) {
                    long a = (long) WORDS.get(x, i);
                    long b = (long) WORDS.get(y, i);
                    all |= a | b;
                    WORDS.set(out, i, a ^ b);
                }
            }
        }
        for (int i = words; i < n; i++) {
            all |= (x[i] | y[i]) & 0xff;
            out[i] =
                    (byte)
                            switch (op) {
                                case LOGICAL_AND -> x[i] & y[i];
                                case LOGICAL_OR -> x[i] | y[i];
                                default -> x[i] ^ y[i];
                            };
        }
        return (all & ~ONES) == 0;
    }

    private static void normalize(byte[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = (byte) (x[i] != 0 ? 1 : 0);
        }
    }
}
