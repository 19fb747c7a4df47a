package org.oktoblas.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;

import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/** Copies of transposed float32 matrices, or batches of them, to rows: a reorder of oneDNN. */
final class DnnlTransposes {

    /** Below so many elements a matrix is copied before oneDNN has compiled its shape. */
    private static final long SMALLEST = 1 << 14;

    /** A part of the work: so many rows of the result. */
    private static final long ROWS = 256;

    private static final long KIND = 3;

    private DnnlTransposes() {}

    static boolean suits(Tensor in, Tensor out) {
        Layout layout = in.layout();
        int last = layout.rank() - 1;
        return in.dataType() == DataType.FLOAT32
                && out.dataType() == DataType.FLOAT32
                && last >= 1
                && layout.stride(last - 1) == 1
                && layout.size(last - 1) > 1
                && layout.size(last) > 1
                && layout.stride(last) >= layout.size(last - 1)
                && layout.size(last - 1) * layout.size(last) >= SMALLEST
                && layout.count() > 0
                && out.layout().isContiguous();
    }

    /** Copies what suits. */
    static void run(CpuMemory memory, Tensor in, Tensor out) {
        Layout layout = in.layout();
        int last = layout.rank() - 1;
        long rows = layout.size(last - 1);
        long columns = layout.size(last);
        long parts = (rows + ROWS - 1) / ROWS;
        Parallel.run(
                layout.count() / (rows * columns) * parts,
                1,
                (start, end) -> {
                    for (long part = start; part < end; part++) {
                        long row = part % parts * ROWS;
                        long count = Math.min(ROWS, rows - row);
                        copy(
                                memory,
                                DnnlProducts.Matrix.of(in, part / parts)
                                        .part(row, count, 0, columns),
                                DnnlProducts.Matrix.of(out, part / parts)
                                        .part(row, count, 0, columns));
                    }
                });
    }

    private static void copy(CpuMemory memory, DnnlProducts.Matrix in, DnnlProducts.Matrix out) {
        DnnlPrimitives.Key key =
                new DnnlPrimitives.Key(
                        KIND,
                        in.rows(),
                        in.columns(),
                        in.rowStride(),
                        in.columnStride(),
                        out.rowStride(),
                        out.columnStride());
        long[] shape = {in.rows(), in.columns()};
        DnnlPrimitive reorder =
                DnnlPrimitives.get(
                        key,
                        () ->
                                DnnlOperations.reorder(
                                        Dnnl.describe(
                                                dnnl_f32,
                                                shape,
                                                new long[] {in.rowStride(), in.columnStride()}),
                                        Dnnl.describe(
                                                dnnl_f32,
                                                shape,
                                                new long[] {out.rowStride(), out.columnStride()})));
        try {
            reorder.execute(memory, in.address(), out.address());
        } finally {
            reorder.release();
        }
    }
}
