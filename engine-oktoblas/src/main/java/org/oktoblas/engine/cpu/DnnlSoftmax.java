package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/**
 * Softmax of many contiguous float32 rows by oneDNN, and its logarithm from that. Its sums are of
 * floats, in as many lanes as the processor's vectors have; the logarithm's are of double.
 *
 * <p>Rows in which NaN comes out, wherever it does, are computed once more by {@link Softmax}:
 * oneDNN does not make all of a row NaN.
 */
final class DnnlSoftmax {

    /** Fewer elements are not worth compiling an operation for the length of their rows. */
    private static final long FEWEST = 1 << 16;

    /** Shorter rows are faster in Java, several at a time. */
    private static final int SHORTEST_ROW = 64;

    /** Elements of a call, if they are whole rows. */
    private static final int BLOCK = 1 << 14;

    /** What the keys of these operations begin with. */
    private static final long KIND = -'s';

    /** Tells whether oneDNN has more than its reference code; not for any length in particular. */
    private static final class Probe {
        static final boolean FAST =
                DnnlPrimitive.ifFast(() -> DnnlOperations.softmax(1, SHORTEST_ROW)) != null;
    }

    private DnnlSoftmax() {}

    static boolean suits(Tensor in, int axis, Tensor out) {
        Layout layout = in.layout();
        return in.dataType() == DataType.FLOAT32
                && out.dataType() == DataType.FLOAT32
                && axis == layout.rank() - 1
                && layout.count() >= FEWEST
                && layout.size(axis) >= SHORTEST_ROW
                && layout.size(axis) <= Integer.MAX_VALUE / Float.BYTES
                && layout.isContiguous()
                && out.layout().isContiguous()
                // A row of NaN is computed from what was there before.
                && in.storage() != out.storage()
                && Probe.FAST;
    }

    /** Computes what suits. */
    static void run(CpuMemory memory, boolean logarithm, Tensor in, Tensor out) {
        int n = (int) in.layout().size(in.layout().rank() - 1);
        long rows = in.layout().count() / n;
        int most = Math.max(1, BLOCK / n);
        Rows work = new Rows(memory, logarithm, in, out, n);
        // Calls of many rows, of some, and of one.
        int some = Math.max(1, most / 8);
        Parallel.run(
                rows,
                most,
                (start, end) -> {
                    long row = work.run(start, end, most);
                    row = work.run(row, end, some);
                    work.run(row, end, 1);
                });
    }

    private record Rows(CpuMemory memory, boolean logarithm, Tensor in, Tensor out, int n) {

        /** Computes rows as long as there are so many for a call, and returns the next one. */
        long run(long start, long end, int count) {
            if (end - start < count) {
                return start;
            }
            DnnlPrimitive primitive =
                    DnnlPrimitives.get(
                            new DnnlPrimitives.Key(KIND, count, n),
                            () -> DnnlOperations.softmax(count, n));
            try {
                long row = start;
                for (; row + count <= end; row += count) {
                    long at = row * n * Float.BYTES;
                    primitive.execute(
                            memory, CpuStorage.addressOf(in) + at, CpuStorage.addressOf(out) + at);
                    finish(row, row + count);
                }
                return row;
            } finally {
                primitive.release();
            }
        }

        /** Makes logarithms of rows, and computes those once more that have NaN in them. */
        private void finish(long start, long end) {
            View<float[]> source = FloatArithmetic.INSTANCE.view(in);
            View<float[]> target = FloatArithmetic.INSTANCE.view(out);
            float[] x = Scratch.get().floats(0, n);
            float[] p = Scratch.get().floats(1, n);
            for (long row = start; row < end; row++) {
                target.load(row * n, n, p);
                double sum = FloatReductions.sum(p, 0, n);
                boolean right = !Double.isNaN(sum);
                if (right && !logarithm) {
                    continue;
                }
                source.load(row * n, n, x);
                if (right) {
                    logarithms(x, p, sum);
                } else {
                    Softmax.rows(logarithm, x, 1, n);
                }
                target.store(row * n, n, x);
            }
        }

        /**
         * Makes the logarithms of a row's softmax: x_i - x_k - log(sum / p_k), for the largest p_k,
         * whose rounding so hardly matters, and the sum of all p, which is 1 but for what rounding
         * took from them.
         */
        private void logarithms(float[] x, float[] p, double sum) {
            int largest = 0;
            for (int i = 1; i < n; i++) {
                if (p[i] > p[largest]) {
                    largest = i;
                }
            }
            float max = x[largest];
            float log = (float) Math.log(sum / p[largest]);
            for (int i = 0; i < n; i++) {
                x[i] = x[i] - max - log;
            }
        }
    }
}
