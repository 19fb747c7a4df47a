package org.oktoblas.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.dnnl_sgemm;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/**
 * Attention whose products are oneDNN's general matrix product, which unlike a compiled operation
 * takes any number of keys: it grows by one with every token.
 */
final class DnnlAttention extends CausalAttention {

    private static final int QUERIES = 64;

    private final CpuMemory memory;

    DnnlAttention(
            CpuMemory memory,
            Tensor query,
            Tensor keys,
            Tensor values,
            Tensor mask,
            double scale,
            Tensor out) {
        super(query, keys, values, mask, scale, out, QUERIES);
        this.memory = memory;
    }

    /** Returns whether the arguments lie in memory as matrices do. */
    static boolean fits(Tensor... tensors) {
        for (Tensor tensor : tensors) {
            Layout layout = tensor.layout();
            boolean rows = layout.size(2) == 1 || layout.stride(2) >= layout.size(3);
            if (layout.size(3) > 1 && layout.stride(3) != 1 || !rows || layout.size(3) == 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    void block(long head, int first, int count, int visible) {
        CpuStorage space = memory.allocate((long) count * visible * Float.BYTES);
        try {
            Operands operands = Operands.LOCAL.get();
            FloatPointer scores = operands.third.at(space.address());
            long queryStride = stride(query);
            multiply(
                    'T',
                    count,
                    visible,
                    width,
                    scale,
                    operands.first.at(address(query, head) + first * queryStride * Float.BYTES),
                    queryStride,
                    operands.second.at(address(keys, head)),
                    stride(keys),
                    scores,
                    visible);
            long[] allowed = allowed(head, visible);
            Elements<float[], ?> elements = new FloatingElements.Float32(space);
            float[] row = Scratch.get().floats(0, visible);
            for (int t = 0; t < count; t++) {
                elements.load((long) t * visible, 1, row, 0, visible);
                weigh(row, allowed, visible - count + t + 1, visible);
                elements.store((long) t * visible, 1, row, 0, visible);
            }
            long outStride = stride(out);
            multiply(
                    'N',
                    count,
                    width,
                    visible,
                    1,
                    scores,
                    visible,
                    operands.second.at(address(values, head)),
                    stride(values),
                    operands.first.at(address(out, head) + first * outStride * Float.BYTES),
                    outStride);
        } finally {
            space.release();
        }
    }

    private static void multiply(
            char transposition,
            long m,
            long n,
            long k,
            float factor,
            FloatPointer a,
            long aStride,
            FloatPointer b,
            long bStride,
            FloatPointer c,
            long cStride) {
        Dnnl.check(
                dnnl_sgemm(
                        (byte) 'N',
                        (byte) transposition,
                        m,
                        n,
                        k,
                        factor,
                        a,
                        aStride,
                        b,
                        bStride,
                        0f,
                        c,
                        cStride),
                "multiply matrices");
    }

    private long address(Tensor tensor, long head) {
        return ((CpuStorage) tensor.storage()).address() + start(tensor, head) * Float.BYTES;
    }

    /** The distance of rows; where there is only one, the library wants a plausible number. */
    private long stride(Tensor tensor) {
        return tensor.layout().size(2) == 1 ? width : tensor.layout().stride(2);
    }

    /** A thread's pointers, set anew for each call. */
    private static final class Operands {

        static final ThreadLocal<Operands> LOCAL = ThreadLocal.withInitial(Operands::new);

        final Address first = new Address();
        final Address second = new Address();
        final Address third = new Address();
    }

    /** A pointer that can be set to any address and owns none. */
    private static final class Address extends FloatPointer {

        Address() {
            super((Pointer) null);
        }

        Address at(long value) {
            address = value;
            return this;
        }
    }
}
