package org.oktoblas.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_add;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_div;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_mul;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_sub;

import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Operand;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/**
 * The four operations of arithmetic on large contiguous float32 tensors by oneDNN: it reads and
 * writes them where they are, where Java has to copy them to its heap and back. Results are the
 * same, as each is rounded once.
 */
final class DnnlArithmetic {

    /** The elements of one call. */
    private static final int BLOCK = 1 << 15;

    /** The elements of a call that squares few. */
    static final int FEW = 1 << 12;

    private static final long SMALLEST = 4 * BLOCK;

    private static final int[] ALGORITHMS = {
        dnnl_binary_add, dnnl_binary_sub, dnnl_binary_mul, dnnl_binary_div
    };

    private static final DnnlPrimitive[] OF_TENSORS = compile(BLOCK);
    private static final DnnlPrimitive[] WITH_NUMBER = compile(1);

    private static final DnnlPrimitive SQUARES_OF_MANY = OF_TENSORS[index(BinaryOp.MULTIPLY)];
    private static final DnnlPrimitive SQUARES_OF_FEW =
            DnnlPrimitive.ifFast(() -> DnnlOperations.binary(dnnl_binary_mul, FEW, FEW));

    private DnnlArithmetic() {}

    private static DnnlPrimitive[] compile(int second) {
        DnnlPrimitive[] primitives = new DnnlPrimitive[ALGORITHMS.length];
        for (int i = 0; i < primitives.length; i++) {
            int algorithm = ALGORITHMS[i];
            primitives[i] =
                    DnnlPrimitive.ifFast(() -> DnnlOperations.binary(algorithm, BLOCK, second));
        }
        return primitives;
    }

    static boolean canSquare() {
        return SQUARES_OF_MANY != null && SQUARES_OF_FEW != null;
    }

    /** Squares neighbouring floats, a multiple of FEW. */
    static void square(CpuMemory memory, long from, long count, long to) {
        long done = 0;
        for (; done + BLOCK <= count; done += BLOCK) {
            long bytes = done * Float.BYTES;
            SQUARES_OF_MANY.execute(memory, from + bytes, from + bytes, to + bytes);
        }
        for (; done < count; done += FEW) {
            long bytes = done * Float.BYTES;
            SQUARES_OF_FEW.execute(memory, from + bytes, from + bytes, to + bytes);
        }
    }

    private static int index(BinaryOp op) {
        return switch (op) {
            case ADD -> 0;
            case SUBTRACT -> 1;
            case MULTIPLY -> 2;
            case DIVIDE -> 3;
            default -> -1;
        };
    }

    static boolean suits(BinaryOp op, Operand a, Operand b, Tensor out) {
        int index = index(op);
        return index >= 0
                && out.layout().count() >= SMALLEST
                && isDense(out)
                && a instanceof Tensor tensor
                && isDense(tensor)
                && (b instanceof Scalar || b instanceof Tensor other && isDense(other))
                && OF_TENSORS[index] != null
                && WITH_NUMBER[index] != null;
    }

    private static boolean isDense(Tensor tensor) {
        return tensor.dataType() == DataType.FLOAT32 && tensor.layout().isContiguous();
    }

    /** Computes what suits. */
    static void run(CpuMemory memory, BinaryOp op, Operand a, Operand b, Tensor out) {
        if (b instanceof Tensor tensor) {
            run(memory, op, (Tensor) a, tensor, OF_TENSORS[index(op)], address(tensor), BLOCK, out);
            return;
        }
        CpuStorage number = memory.allocate(Float.BYTES);
        try {
            number.window(0).putFloat(0, (float) ((Scalar) b).real());
            run(memory, op, (Tensor) a, b, WITH_NUMBER[index(op)], number.address(), 0, out);
        } finally {
            number.release();
        }
    }

    private static void run(
            CpuMemory memory,
            BinaryOp op,
            Tensor a,
            Operand b,
            DnnlPrimitive primitive,
            long second,
            long step,
            Tensor out) {
        long blocks = out.layout().count() / BLOCK;
        long first = address(a);
        long target = address(out);
        Parallel.run(
                blocks,
                1,
                (start, end) -> {
                    for (long block = start; block < end; block++) {
                        long bytes = block * BLOCK * Float.BYTES;
                        primitive.execute(
                                memory,
                                first + bytes,
                                second + block * step * Float.BYTES,
                                target + bytes);
                    }
                });
        long done = blocks * BLOCK;
        if (done < out.layout().count()) {
            Operand rest = b instanceof Tensor tensor ? from(tensor, done) : b;
            Elementwise.binary(op, from(a, done), rest, from(out, done));
        }
    }

    private static long address(Tensor tensor) {
        return ((CpuStorage) tensor.storage()).address() + tensor.layout().offset() * Float.BYTES;
    }

    /** Returns a contiguous tensor's elements from an index on. */
    private static Tensor from(Tensor tensor, long start) {
        Layout layout = tensor.layout();
        return tensor.with(
                new Layout(
                        new long[] {layout.count() - start},
                        new long[] {1},
                        layout.offset() + start));
    }
}
