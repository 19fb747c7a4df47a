package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.FloatPointer;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/**
 * Products of float32 matrices, or batches of them, both of which may change. oneDNN has a routine
 * for them that is not compiled for their sizes, so that small products and sizes seen once are
 * fast as well.
 */
final class DnnlProducts {

    /** The result is computed in tiles, as many at a time as there are threads. */
    private static final long TILE_ROWS = 128;

    private static final long TILE_COLUMNS = 512;

    /** Multiplications worth another thread. */
    private static final long GRAIN = 1 << 20;

    private static final byte PLAIN = 'N';
    private static final byte TRANSPOSED = 'T';

    private DnnlProducts() {}

    /**
     * Returns whether a product is of a kind that the routine takes. This depends on types, sizes
     * and layouts alone, so that a program computes the same whenever it runs.
     */
    static boolean suits(Tensor a, Tensor b, Tensor out) {
        int last = out.layout().rank() - 1;
        boolean dot = out.layout().size(last) == 1 && out.layout().size(last - 1) == 1;
        return a.dataType() == DataType.FLOAT32
                && b.dataType() == DataType.FLOAT32
                && out.dataType() == DataType.FLOAT32
                && !dot
                && out.layout().count() > 0
                && a.layout().size(last) > 0
                && Matrix.fits(a.layout())
                && Matrix.fits(b.layout())
                && Matrix.fits(out.layout());
    }

    /** Multiplies (…, M, K) by (…, K, N), which suit. */
    static void multiply(Tensor a, Tensor b, Tensor out) {
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
                                Matrix.of(a, matrix).part(row, rows, 0, depth),
                                Matrix.of(b, matrix).part(0, depth, column, columns),
                                Matrix.of(out, matrix).part(row, rows, column, columns));
                    }
                });
    }

    /** Multiplies two matrices on the calling thread. */
    static void multiply(Matrix a, Matrix b, Matrix out) {
        if (out.columnStride() != 1) {
            // The routine writes rows; the transposed product's rows are these columns.
            multiply(b.transposed(), a.transposed(), out.transposed());
            return;
        }
        Dnnl.check(
                OpenMp.onThisThread(
                        () ->
                                dnnl.dnnl_sgemm(
                                        a.columnStride() == 1 ? PLAIN : TRANSPOSED,
                                        b.columnStride() == 1 ? PLAIN : TRANSPOSED,
                                        out.rows(),
                                        out.columns(),
                                        a.columns(),
                                        1,
                                        new Address(a.address()),
                                        a.lineStride(),
                                        new Address(b.address()),
                                        b.lineStride(),
                                        0,
                                        new Address(out.address()),
                                        out.lineStride())),
                "multiply matrices");
    }

    /** A pointer to any address; it owns nothing. */
    private static final class Address extends FloatPointer {

        Address(long value) {
            address = value;
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

        /**
         * Returns how far apart rows are, or columns where the elements of those are together; what
         * a single one has for a stride does not matter but to the routine's checks.
         */
        private long lineStride() {
            return columnStride == 1 ? Math.max(rowStride, columns) : Math.max(columnStride, rows);
        }
    }
}
