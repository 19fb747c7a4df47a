package org.oktoblas.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;

import ai.djl.ndarray.types.DataType;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/** Products of float32 matrices, or batches of them, both of which may change. */
final class DnnlProducts {

    /** Below so many multiplications plain Java is done before oneDNN has compiled the shape. */
    private static final long SMALLEST = 1 << 23;

    /** The result is computed in tiles, as many at a time as there are threads. */
    private static final long TILE_ROWS = 128;

    private static final long TILE_COLUMNS = 512;

    /** Multiplications worth another thread. */
    private static final long GRAIN = 1 << 21;

    private static final long KIND = 2;

    private DnnlProducts() {}

    /**
     * Returns whether a product is large enough to be compiled, and of a kind that can. This
     * depends on types, sizes and layouts alone, so that a program computes the same whenever it
     * runs.
     */
    static boolean suits(Tensor a, Tensor b, Tensor out) {
        long depth = a.layout().size(a.layout().rank() - 1);
        return a.dataType() == DataType.FLOAT32
                && b.dataType() == DataType.FLOAT32
                && out.dataType() == DataType.FLOAT32
                && out.layout().count() * depth >= SMALLEST
                && Matrix.fits(a.layout())
                && Matrix.fits(b.layout())
                && Matrix.fits(out.layout());
    }

    /** Multiplies (…, M, K) by (…, K, N), which suit. */
    static void multiply(CpuMemory memory, Tensor a, Tensor b, Tensor out) {
        Layout layout = out.layout();
        int rank = layout.rank();
        long m = layout.size(rank - 2);
        long n = layout.size(rank - 1);
        long depth = a.layout().size(rank - 1);
        long rowTiles = (m + TILE_ROWS - 1) / TILE_ROWS;
        long columnTiles = (n + TILE_COLUMNS - 1) / TILE_COLUMNS;
        long work = Math.min(m, TILE_ROWS) * Math.min(n, TILE_COLUMNS) * depth;
        Parallel.run(
                layout.count() / (m * n) * rowTiles * columnTiles,
                Math.max(1, GRAIN / work),
                (start, end) -> {
                    for (long tile = start; tile < end; tile++) {
                        long matrix = tile / (rowTiles * columnTiles);
                        long row = tile / columnTiles % rowTiles * TILE_ROWS;
                        long column = tile % columnTiles * TILE_COLUMNS;
                        long rows = Math.min(TILE_ROWS, m - row);
                        long columns = Math.min(TILE_COLUMNS, n - column);
                        multiply(
                                memory,
                                Matrix.of(a, matrix).part(row, rows, 0, depth),
                                Matrix.of(b, matrix).part(0, depth, column, columns),
                                Matrix.of(out, matrix).part(row, rows, column, columns));
                    }
                });
    }

    /** Multiplies two matrices on the calling thread. */
    static void multiply(CpuMemory memory, Matrix a, Matrix b, Matrix out) {
        DnnlPrimitives.Key key =
                new DnnlPrimitives.Key(
                        KIND,
                        out.rows(),
                        a.columns(),
                        out.columns(),
                        a.rowStride(),
                        a.columnStride(),
                        b.rowStride(),
                        b.columnStride(),
                        out.rowStride(),
                        out.columnStride());
        DnnlPrimitive product =
                DnnlPrimitives.get(
                        key,
                        () ->
                                DnnlOperations.product(
                                        a.describe(),
                                        b.describe(),
                                        out.describe(),
                                        DnnlOperations.Finish.NOTHING));
        try {
            product.execute(memory, a.address(), b.address(), out.address());
        } finally {
            product.release();
        }
    }

    /** A float32 matrix at an address; strides count elements. */
    record Matrix(long address, long rows, long columns, long rowStride, long columnStride) {

        /** Returns whether the last two dimensions have rows or columns beside each other. */
        static boolean fits(Layout layout) {
            int last = layout.rank() - 1;
            long rows = layout.size(last - 1);
            long columns = layout.size(last);
            long rowStride = layout.stride(last - 1);
            long columnStride = layout.stride(last);
            return (columnStride == 1 || columns == 1) && (rowStride >= columns || rows == 1)
                    || (rowStride == 1 || rows == 1) && (columnStride >= rows || columns == 1);
        }

        /** Returns one matrix of a batch, counted in row-major order. */
        static Matrix of(Tensor tensor, long index) {
            Layout layout = tensor.layout();
            int last = layout.rank() - 1;
            long element = layout.offset();
            long rest = index;
            for (int i = last - 2; i >= 0; i--) {
                element += rest % layout.size(i) * layout.stride(i);
                rest /= layout.size(i);
            }
            return new Matrix(
                    ((CpuStorage) tensor.storage()).address() + element * Float.BYTES,
                    layout.size(last - 1),
                    layout.size(last),
                    layout.stride(last - 1),
                    layout.stride(last));
        }

        /** Returns some of the rows and columns. */
        Matrix part(long row, long rowCount, long column, long columnCount) {
            return new Matrix(
                            address + (row * rowStride + column * columnStride) * Float.BYTES,
                            rowCount,
                            columnCount,
                            rowStride,
                            columnStride)
                    .plain();
        }

        /** Gives strides that are never used the values that a dense matrix would have there. */
        private Matrix plain() {
            boolean byRows = columns == 1 ? rowStride != 1 || rows == 1 : columnStride == 1;
            if (rows == 1) {
                return byRows || columns == 1
                        ? new Matrix(address, rows, columns, columns, 1)
                        : new Matrix(address, rows, columns, 1, columnStride);
            }
            if (columns == 1) {
                return byRows
                        ? new Matrix(address, rows, columns, rowStride, 1)
                        : new Matrix(address, rows, columns, 1, rows);
            }
            return this;
        }

        Matrix transposed() {
            return new Matrix(address, columns, rows, columnStride, rowStride);
        }

        private dnnl_memory_desc describe() {
            return Dnnl.describe(
                    dnnl_f32, new long[] {rows, columns}, new long[] {rowStride, columnStride});
        }
    }
}
