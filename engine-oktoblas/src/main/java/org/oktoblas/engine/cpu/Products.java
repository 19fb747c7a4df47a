package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/**
 * Matrix products in plain Java, for all data types. A block of rows and columns of the result is
 * computed by one thread, from panels of the right-hand side that are copied to the heap, where the
 * JIT vectorises. Every result is summed in the order of k, four products at a time, whatever the
 * number of rows.
 */
final class Products {

    private static final int ROWS = 64;
    private static final int COLUMNS = 512;
    private static final int DEPTH = 128;

    /** Multiplications worth another thread. */
    private static final long GRAIN = 1 << 17;

    private static final Scalar ZERO = new Scalar(0, 0);

    private Products() {}

    /** What happens to a finished stretch of a result row before it is stored. */
    interface Finish<A> {
        void apply(long row, long column, int n, A values);
    }

    static <A> void matmul(Arithmetic<A> kind, Tensor a, Tensor b, Tensor out, Finish<A> finish) {
        Layout layout = out.layout();
        int rank = layout.rank();
        long m = layout.size(rank - 2);
        long n = layout.size(rank - 1);
        long depth = a.layout().size(rank - 1);
        if (layout.count() == 0) {
            return;
        }
        long batch = layout.count() / (m * n);
        long rowBlocks = (m + ROWS - 1) / ROWS;
        // Narrower blocks where the matrix is small, so that there is one for every thread.
        int width = (int) Math.min(COLUMNS, Math.max(64, n / Parallel.THREADS / 64 * 64));
        long columnBlocks = (n + width - 1) / width;
        View<A> left = kind.view(a);
        View<A> right = kind.view(b);
        View<A> target = kind.view(out);
        Parallel.run(
                batch * rowBlocks * columnBlocks,
                Math.max(1, GRAIN / Math.max(1, depth * Math.min(width, n) * Math.min(ROWS, m))),
                (start, end) -> {
                    for (long block = start; block < end; block++) {
                        long matrix = block / (rowBlocks * columnBlocks);
                        long row = block / columnBlocks % rowBlocks * ROWS;
                        long column = block % columnBlocks * width;
                        int rows = (int) Math.min(ROWS, m - row);
                        int columns = (int) Math.min(width, n - column);
                        A[] sums = kind.matrix(0, ROWS, COLUMNS);
                        for (int i = 0; i < rows; i++) {
                            kind.fill(ZERO, sums[i], columns);
                        }
                        for (long k = 0; k < depth; k += DEPTH) {
                            int part = (int) Math.min(DEPTH, depth - k);
                            A[] factors = kind.matrix(1, ROWS, DEPTH);
                            for (int i = 0; i < rows; i++) {
                                left.load((matrix * m + row + i) * depth + k, part, factors[i]);
                            }
                            A[] panel = kind.matrix(2, DEPTH, COLUMNS);
                            for (int i = 0; i < part; i++) {
                                right.load(
                                        (matrix * depth + k + i) * n + column, columns, panel[i]);
                            }
                            for (int i = 0; i < rows; i++) {
                                kind.multiplyAdd(factors[i], panel, sums[i], part, columns);
                            }
                        }
                        for (int i = 0; i < rows; i++) {
                            A values = sums[i];
                            if (finish != null) {
                                finish.apply(row + i, column, columns, values);
                            }
                            target.store((matrix * m + row + i) * n + column, columns, values);
                        }
                    }
                });
    }
}
