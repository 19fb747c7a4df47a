package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import java.nio.LongBuffer;
import java.util.Arrays;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Tensor;

/**
 * Sums of long rows of INT64, read where they are: to copy them to the heap would take longer than
 * to add them. As integers wrap, parts may be joined in any order.
 */
final class Int64Sums {

    /** Shorter rows are left to {@link Reductions}. */
    private static final long SHORTEST_ROW = 1 << 12;

    /** Elements of a part, which is worth another thread. */
    private static final int PART = 1 << 15;

    private Int64Sums() {}

    static boolean suits(ReduceOp op, Tensor in, Tensor out) {
        return op == ReduceOp.SUM
                && in.dataType() == DataType.INT64
                && out.dataType() == DataType.INT64
                && in.layout().isContiguous()
                && Axes.rowLength(in.layout(), out.layout()) >= SHORTEST_ROW;
    }

    /** Sums what suits. */
    static void run(Tensor in, Tensor out) {
        long length = Axes.rowLength(in.layout(), out.layout());
        int rowParts = Math.toIntExact((length + PART - 1) / PART);
        int rows = Math.toIntExact(in.layout().count() / length);
        long[] sums = new long[Math.multiplyExact(rows, rowParts)];
        CpuStorage storage = (CpuStorage) in.storage();
        Parallel.run(
                sums.length,
                PART / Math.min(PART, length),
                (start, end) -> {
                    for (int i = (int) start; i < end; i++) {
                        long first = (long) (i % rowParts) * PART;
                        int n = (int) Math.min(PART, length - first);
                        long element = in.layout().offset() + i / rowParts * length + first;
                        sums[i] = sum(storage, element, n);
                    }
                });
        View<long[]> target = LongArithmetic.INSTANCE.view(out);
        long[] result = new long[1];
        for (int row = 0; row < rows; row++) {
            result[0] = Arrays.stream(sums, row * rowParts, (row + 1) * rowParts).sum();
            target.store(row, 1, result);
        }
    }

    /** Adds the halves of a part side by side: memory gives two streams faster than one. */
    private static long sum(CpuStorage storage, long element, int n) {
        int window = storage.windowAt(element * Long.BYTES);
        LongBuffer elements = storage.window(window).asLongBuffer();
        int first = (int) (element - CpuStorage.windowStart(window) / Long.BYTES);
        int half = n / 2;
        // Buffers of their own, so that an index alone says which element it is: the JIT does not
        // check it every time.
        LongBuffer left = elements.slice(first, half);
        LongBuffer right = elements.slice(first + half, half);
        long leftSum = n % 2 == 0 ? 0 : elements.get(first + n - 1);
        long rightSum = 0;
        for (int i = 0; i < half; i++) {
            leftSum += left.get(i);
            rightSum += right.get(i);
        }
        return leftSum + rightSum;
    }
}
