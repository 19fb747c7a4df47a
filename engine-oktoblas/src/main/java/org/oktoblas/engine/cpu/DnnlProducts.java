package org.oktoblas.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;

import ai.djl.ndarray.types.DataType;
import java.util.Optional;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/** Products of float32 matrices, or batches of them, both of which may change. */
final class DnnlProducts {

    /** Below so many multiplications plain Java is done before oneDNN has compiled the shape. */
    private static final long SMALLEST = 1 << 23;

    private static final long KIND = 2;

    private DnnlProducts() {}

    /**
     * Returns whether a product is large enough to be compiled. This depends on the sizes alone, so
     * that a program computes the same whenever it runs.
     */
    static boolean isWorthwhile(Tensor a, Tensor b, Tensor out) {
        long depth = a.layout().size(a.layout().rank() - 1);
        return a.dataType() == DataType.FLOAT32
                && b.dataType() == DataType.FLOAT32
                && out.dataType() == DataType.FLOAT32
                && out.layout().rank() <= 6
                && out.layout().count() * depth >= SMALLEST;
    }

    /**
     * Multiplies, if oneDNN can with these layouts.
     *
     * @return false if it cannot; nothing is then done
     */
    static boolean multiply(CpuMemory memory, Tensor a, Tensor b, Tensor out) {
        Layout left = a.layout();
        Layout right = b.layout();
        Layout result = out.layout();
        if (!isPlain(left) || !isPlain(right) || !isPlain(result)) {
            return false;
        }
        Optional<DnnlPrimitive> product =
                DnnlPrimitives.find(
                        key(left, right, result),
                        () ->
                                DnnlOperations.product(
                                        describe(left),
                                        describe(right),
                                        describe(result),
                                        DnnlOperations.Finish.NOTHING));
        if (product.isEmpty()) {
            return false;
        }
        try {
            product.get().execute(memory, address(a), address(b), address(out));
        } finally {
            product.get().release();
        }
        return true;
    }

    /** Returns the address of a tensor's first element. */
    static long address(Tensor tensor) {
        return ((CpuStorage) tensor.storage()).address()
                + tensor.layout().offset() * tensor.dataType().getNumOfBytes();
    }

    /** Returns whether matrices have rows or columns beside each other, and no stride backwards. */
    private static boolean isPlain(Layout layout) {
        int last = layout.rank() - 1;
        for (int i = 0; i <= last; i++) {
            if (layout.stride(i) < 0) {
                return false;
            }
        }
        long rows = layout.size(last - 1);
        long columns = layout.size(last);
        long rowStride = layout.stride(last - 1);
        long columnStride = layout.stride(last);
        return (columnStride == 1 || columns == 1) && (rowStride >= columns || rows == 1)
                || (rowStride == 1 || rows == 1) && (columnStride >= rows || columns == 1);
    }

    /** A dimension of stride 0 repeats one matrix: oneDNN broadcasts those of length 1. */
    private static dnnl_memory_desc describe(Layout layout) {
        int rank = layout.rank();
        long[] shape = layout.shape();
        long[] strides = layout.strides();
        for (int i = 0; i < rank; i++) {
            if (strides[i] == 0) {
                shape[i] = i < rank - 2 ? 1 : shape[i];
            }
        }
        // The stride of a single row or column is never used, but must look like one.
        if (shape[rank - 1] == 1 && strides[rank - 2] != 1) {
            strides[rank - 1] = 1;
        } else if (shape[rank - 1] == 1) {
            strides[rank - 1] = shape[rank - 2];
        }
        if (shape[rank - 2] == 1) {
            strides[rank - 2] = strides[rank - 1] == 1 ? shape[rank - 1] : 1;
        }
        return Dnnl.describe(dnnl_f32, shape, strides);
    }

    private static DnnlPrimitives.Key key(Layout a, Layout b, Layout out) {
        int rank = out.rank();
        long[] values = new long[2 + 4 * rank + 1];
        values[0] = KIND;
        values[1] = rank;
        for (int i = 0; i < rank; i++) {
            values[2 + 4 * i] = out.size(i);
            values[3 + 4 * i] = a.stride(i);
            values[4 + 4 * i] = b.stride(i);
            values[5 + 4 * i] = out.stride(i);
        }
        values[values.length - 1] = a.size(rank - 1);
        return new DnnlPrimitives.Key(values);
    }
}
