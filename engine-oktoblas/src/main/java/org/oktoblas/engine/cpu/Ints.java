package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Operand;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/**
 * INT32 as ints, for the few operations whose lowest 32 bits do not depend on higher ones: they
 * need not be computed as longs.
 */
final class Ints extends Elements<int[], IntBuffer> {

    private Ints(CpuStorage storage) {
        super(storage, 4, ByteBuffer::asIntBuffer, new IntBuffer[0]);
    }

    /** Returns an INT32 tensor, or the bits of a FLOAT32 one, as a sequence. */
    static View<int[]> view(Tensor tensor) {
        return new View<>(new Ints((CpuStorage) tensor.storage()), tensor.layout());
    }

    static int[] scratch(int slot, int n) {
        return Scratch.get().ints(slot, n);
    }

    /** Returns whether an operation of a data type is one of these. */
    static boolean computes(BinaryOp op, DataType type) {
        return type == DataType.INT32
                && (op == BinaryOp.ADD || op == BinaryOp.SUBTRACT || op == BinaryOp.MULTIPLY);
    }

    /** x = op(x, y). */
    static void compute(BinaryOp op, int[] x, int[] y, int n) {
        switch (op) {
            case ADD -> {
                for (int i = 0; i < n; i++) {
                    x[i] += y[i];
                }
            }
            case SUBTRACT -> {
                for (int i = 0; i < n; i++) {
                    x[i] -= y[i];
                }
            }
            default -> {
                for (int i = 0; i < n; i++) {
                    x[i] *= y[i];
                }
            }
        }
    }

    /** Loads an operand's elements, or its scalar that often. */
    static void load(Operand operand, View<int[]> view, long start, int n, int[] target) {
        if (view != null) {
            view.load(start, n, target);
        } else {
            Arrays.fill(target, 0, n, (int) ((Scalar) operand).integral());
        }
    }

    @Override
    void load(IntBuffer buffer, int index, int stride, int[] target, int at, int n) {
        if (stride == 1) {
            buffer.get(index, target, at, n);
        } else {
            for (int i = 0; i < n; i++) {
                target[at + i] = buffer.get(index + i * stride);
            }
        }
    }

    @Override
    void store(IntBuffer buffer, int index, int stride, int[] source, int at, int n) {
        if (stride == 1) {
            buffer.put(index, source, at, n);
        } else {
            for (int i = 0; i < n; i++) {
                buffer.put(index + i * stride, source[at + i]);
            }
        }
    }
}
