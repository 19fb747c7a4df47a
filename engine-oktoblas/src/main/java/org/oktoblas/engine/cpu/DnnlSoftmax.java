package org.oktoblas.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.dnnl_reduction_max;
import static org.bytedeco.dnnl.global.dnnl.dnnl_reduction_sum;

import ai.djl.ndarray.types.DataType;
import java.util.function.Supplier;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/**
 * Softmax of many contiguous float32 rows by oneDNN, and its logarithm from that: oneDNN's own is
 * off by as much as 4e-6. Sums are of floats, in as many lanes as the processor's vectors have.
 *
 * <p>Rows in which NaN comes out, wherever it does, are computed once more by {@link Softmax}:
 * oneDNN does not make all of a row NaN. Their sums tell which they are.
 */
final class DnnlSoftmax {

    /** Fewer elements are not worth compiling an operation for the length of their rows. */
    private static final long FEWEST = 1 << 16;

    /** Shorter rows are faster in Java, several at a time. */
    private static final int SHORTEST_ROW = 64;

    /** Longer rows are added in double: to a lane, no more than some thousand floats. */
    private static final int LONGEST_ROW = 1 << 16;

    /** Elements of a call, if they are whole rows. */
    private static final int BLOCK = 1 << 14;

    // What the keys of these operations begin with.
    private static final long SOFTMAX = -'s';
    private static final long SUMS = -'+';
    private static final long MAXIMA = -'m';

    /** Tells whether oneDNN has more than its reference code; not for any length in particular. */
    private static final class Probe {
        static final boolean FAST =
                isFast(() -> DnnlOperations.softmax(1, SHORTEST_ROW))
                        && isFast(() -> reduction(SUMS, 1, SHORTEST_ROW))
                        && isFast(() -> reduction(MAXIMA, 1, SHORTEST_ROW));

        private static boolean isFast(Supplier<DnnlPrimitive> compiler) {
            DnnlPrimitive primitive = DnnlPrimitive.ifFast(compiler);
            if (primitive != null) {
                primitive.release();
            }
            return primitive != null;
        }
    }

    private static DnnlPrimitive reduction(long kind, long rows, long n) {
        int algorithm = kind == SUMS ? dnnl_reduction_sum : dnnl_reduction_max;
        return DnnlOperations.reduction(algorithm, rows, n);
    }

    private DnnlSoftmax() {}

    static boolean suits(Tensor in, int axis, Tensor out) {
        Layout layout = in.layout();
        return in.dataType() == DataType.FLOAT32
                && out.dataType() == DataType.FLOAT32
                && axis == layout.rank() - 1
                && layout.count() >= FEWEST
                && layout.size(axis) >= SHORTEST_ROW
                && layout.size(axis) <= LONGEST_ROW
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
            try (Call softmax = call(SOFTMAX, count);
                    Call sums = call(SUMS, count);
                    Call maxima = logarithm ? call(MAXIMA, count) : null) {
                long row = start;
                for (; row + count <= end; row += count) {
                    long from = CpuStorage.addressOf(in) + row * n * Float.BYTES;
                    long to = CpuStorage.addressOf(out) + row * n * Float.BYTES;
                    softmax.run(from, to);
                    float[] sum = reduce(sums, to, count, 2);
                    if (logarithm) {
                        float[] largest = reduce(maxima, from, count, 5);
                        float[] largestPower = reduce(maxima, to, count, 6);
                        logarithms(row, count, largest, largestPower);
                    }
                    repair(row, count, sum);
                }
                return row;
            }
        }

        private Call call(long kind, int count) {
            return new Call(
                    memory,
                    DnnlPrimitives.get(
                            new DnnlPrimitives.Key(kind, count, n),
                            () ->
                                    kind == SOFTMAX
                                            ? DnnlOperations.softmax(count, n)
                                            : reduction(kind, count, n)));
        }

        /** Reduces rows to a float each. */
        private float[] reduce(Call reduction, long address, int count, int scratch) {
            float[] result = Scratch.get().floats(scratch, count);
            CpuStorage storage = memory.allocate((long) count * Float.BYTES);
            try {
                reduction.run(address, storage.address());
                new View<>(new FloatingElements.Float32(storage), Layout.contiguous(count))
                        .load(0, count, result);
            } finally {
                storage.release();
            }
            return result;
        }

        /**
         * Makes the logarithms of rows' softmax: x_i - x_k + log(p_k), for the largest, whose p_k
         * is the inverse of the sum.
         */
        private void logarithms(long start, int count, float[] largest, float[] largestPower) {
            float[] x = Scratch.get().floats(0, count * n);
            FloatArithmetic.INSTANCE.view(in).load(start * n, count * n, x);
            for (int row = 0; row < count; row++) {
                float max = largest[row];
                float log = (float) Math.log(largestPower[row]);
                for (int i = row * n; i < (row + 1) * n; i++) {
                    x[i] = x[i] - max + log;
                }
            }
            FloatArithmetic.INSTANCE.view(out).store(start * n, count * n, x);
        }

        /** Computes rows once more whose sums are NaN. */
        private void repair(long start, int count, float[] sums) {
            for (int row = 0; row < count; row++) {
                if (Float.isNaN(sums[row])) {
                    float[] x = Scratch.get().floats(0, n);
                    FloatArithmetic.INSTANCE.view(in).load((start + row) * n, n, x);
                    Softmax.rows(logarithm, x, 1, n);
                    FloatArithmetic.INSTANCE.view(out).store((start + row) * n, n, x);
                }
            }
        }
    }

    /** An operation for so long as it is called. */
    private record Call(CpuMemory memory, DnnlPrimitive primitive) implements AutoCloseable {

        void run(long from, long to) {
            primitive.execute(memory, from, to);
        }

        @Override
        public void close() {
            primitive.release();
        }
    }
}
