package org.oktoblas.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_add;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_div;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_mul;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_sub;

import ai.djl.ndarray.types.DataType;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
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

    /** Elements that are worth another thread. */
    private static final int GRAIN = 1 << 15;

    private static final long FEWEST = 4 * GRAIN;

    /** By operation, compiled when it is first wanted; empty if oneDNN is not fast at it. */
    private static final Map<BinaryOp, Optional<Compiled>> COMPILED = new ConcurrentHashMap<>();

    /** An operation on two tensors, and on a tensor and a number. */
    private record Compiled(DnnlCalls ofTensors, DnnlCalls withNumber) {

        static Optional<Compiled> of(BinaryOp op) {
            int algorithm =
                    switch (op) {
                        case ADD -> dnnl_binary_add;
                        case SUBTRACT -> dnnl_binary_sub;
                        case MULTIPLY -> dnnl_binary_mul;
                        case DIVIDE -> dnnl_binary_div;
                        default -> 0;
                    };
            if (algorithm == 0) {
                return Optional.empty();
            }
            Compiled compiled =
                    new Compiled(
                            new DnnlCalls(n -> DnnlOperations.binary(algorithm, n, n)),
                            new DnnlCalls(n -> DnnlOperations.binary(algorithm, n, 1)));
            return compiled.ofTensors.areFast() && compiled.withNumber.areFast()
                    ? Optional.of(compiled)
                    : Optional.empty();
        }
    }

    private DnnlArithmetic() {}

    private static Optional<Compiled> compiled(BinaryOp op) {
        return COMPILED.computeIfAbsent(op, Compiled::of);
    }

    static boolean suits(BinaryOp op, Operand a, Operand b, Tensor out) {
        return out.layout().count() >= FEWEST
                && isDense(out)
                && a instanceof Tensor tensor
                && isDense(tensor)
                && (b instanceof Scalar || b instanceof Tensor other && isDense(other))
                && compiled(op).isPresent();
    }

    private static boolean isDense(Tensor tensor) {
        return tensor.dataType() == DataType.FLOAT32 && tensor.layout().isContiguous();
    }

    /** Computes what suits. */
    static void run(CpuMemory memory, BinaryOp op, Operand a, Operand b, Tensor out) {
        Compiled compiled = compiled(op).orElseThrow();
        if (b instanceof Tensor tensor) {
            long second = CpuStorage.addressOf(tensor);
            run(memory, op, (Tensor) a, b, compiled.ofTensors, second, out);
            return;
        }
        CpuStorage number = memory.allocate(Float.BYTES);
        try {
            number.window(0).putFloat(0, (float) ((Scalar) b).real());
            run(memory, op, (Tensor) a, b, compiled.withNumber, number.address(), out);
        } finally {
            number.release();
        }
    }

    private static void run(
            CpuMemory memory,
            BinaryOp op,
            Tensor a,
            Operand b,
            DnnlCalls calls,
            long second,
            Tensor out) {
        long first = CpuStorage.addressOf(a);
        long target = CpuStorage.addressOf(out);
        Parallel.run(
                out.layout().count() / DnnlCalls.SMALLEST,
                GRAIN / DnnlCalls.SMALLEST,
                (start, end) ->
                        calls.run(
                                (end - start) * DnnlCalls.SMALLEST,
                                (primitive, from) -> {
                                    long bytes = (start * DnnlCalls.SMALLEST + from) * Float.BYTES;
                                    primitive.execute(
                                            memory,
                                            first + bytes,
                                            b instanceof Tensor ? second + bytes : second,
                                            target + bytes);
                                }));
        long done = out.layout().count() / DnnlCalls.SMALLEST * DnnlCalls.SMALLEST;
        if (done < out.layout().count()) {
            Operand rest = b instanceof Tensor tensor ? from(tensor, done) : b;
            Elementwise.binary(op, from(a, done), rest, from(out, done));
        }
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
