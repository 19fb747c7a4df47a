package org.oktoblas.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.dnnl_reduction_max;
import static org.bytedeco.dnnl.global.dnnl.dnnl_reduction_min;
import static org.bytedeco.dnnl.global.dnnl.dnnl_reduction_sum;

import ai.djl.ndarray.types.DataType;
import java.util.Objects;
import java.util.stream.Stream;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Tensor;

/**
 * Sums, means, maxima and minima of long float32 rows by oneDNN, which keeps up with memory.
 *
 * <p>It reduces runs of neighbours to one float each, whose results are joined in double. A run
 * that is summed is short: unless numbers cancel, adding so few as floats loses less than a long
 * row's sum loses in the end by becoming a float. What oneDNN does otherwise than {@link
 * FloatReductions}, that does once more, run by run: sums that overflow, NaN, which is not always
 * the largest number there, and zeros, of which the negative is not the smaller one there.
 */
final class DnnlReductions {

    /** So many elements are reduced by one call: as many of these as there are. */
    private static final int[] CALLS = {1 << 17, 1 << 15, DnnlArithmetic.FEW};

    private static final int MANY = CALLS[0];

    private static final int FEW = DnnlArithmetic.FEW;

    /** Elements that are squared at a time, to be summed while they are in the cache. */
    private static final int SQUARED = 1 << 15;

    /** Shorter rows are added in double throughout. */
    private static final long SHORTEST_ROW = 1024;

    /** Elements of rows that are worth another thread, once runs are reduced. */
    private static final long GRAIN = 1 << 20;

    private static final Reducer SUMS = new Reducer(dnnl_reduction_sum, 128);
    private static final Reducer MAXIMA = new Reducer(dnnl_reduction_max, 1024);
    private static final Reducer MINIMA = new Reducer(dnnl_reduction_min, 1024);

    /** The sums of those runs whose extrema are wanted: not finite where NaN may be among them. */
    private static final Reducer CHECKS = new Reducer(dnnl_reduction_sum, 1024);

    private final CpuMemory memory;
    private final ReduceOp op;

    /** Whether elements are squared first. */
    private final boolean squares;

    private final Reducer reducer;
    private final View<float[]> source;
    private final long address;

    /** Elements of each row, and of each of its runs. */
    private final long length;

    private final int run;

    /** Stretches that begin with a run: rows, or all elements at once where rows are whole runs. */
    private final long lines;

    private final long lineLength;

    /** Runs of each line that oneDNN reduces. What remains is less than one of its calls. */
    private final long lineRuns;

    private DnnlReductions(CpuMemory memory, ReduceOp op, boolean squares, Tensor in, long length) {
        this.memory = memory;
        this.op = op;
        this.squares = squares;
        this.length = length;
        reducer = reducer(op);
        run = reducer.run;
        CpuStorage storage = (CpuStorage) in.storage();
        source =
                new View<>(
                        squares
                                ? new FloatingElements.Squares(storage)
                                : new FloatingElements.Float32(storage),
                        in.layout());
        address = storage.address() + in.layout().offset() * Float.BYTES;
        lineLength = length % run == 0 ? source.count() : length;
        lines = source.count() / lineLength;
        lineRuns = lineLength / FEW * (FEW / run);
    }

    static boolean suits(ReduceOp op, Tensor in, Tensor out) {
        Layout layout = in.layout();
        Reducer reducer = reducer(op);
        if (reducer == null
                || in.dataType() != DataType.FLOAT32
                || out.dataType() != DataType.FLOAT32
                || layout.count() < FEW
                || !layout.isContiguous()) {
            return false;
        }
        long length = rowLength(layout, out.layout());
        return (length >= FEW || length >= SHORTEST_ROW && length % reducer.run == 0)
                && reducer.isFast
                && CHECKS.isFast
                && DnnlArithmetic.canSquare();
    }

    private static Reducer reducer(ReduceOp op) {
        return switch (op) {
            case SUM, MEAN -> SUMS;
            case MAX -> MAXIMA;
            case MIN -> MINIMA;
            default -> null;
        };
    }

    /** Returns how many elements make a result if they are neighbours, 0 otherwise. */
    private static long rowLength(Layout in, Layout out) {
        long length = 1;
        int axis = in.rank() - 1;
        for (; axis >= 0 && out.size(axis) == 1; axis--) {
            length *= in.size(axis);
        }
        for (; axis >= 0; axis--) {
            if (out.size(axis) != in.size(axis)) {
                return 0;
            }
        }
        return length;
    }

    /** Reduces what suits. */
    static void run(CpuMemory memory, ReduceOp op, Tensor in, Tensor out) {
        run(memory, op, false, in, out);
    }

    /** Sums the squares of what suits a sum. */
    static void sumSquares(CpuMemory memory, Tensor in, Tensor out) {
        run(memory, ReduceOp.SUM, true, in, out);
    }

    private static void run(CpuMemory memory, ReduceOp op, boolean squares, Tensor in, Tensor out) {
        long length = rowLength(in.layout(), out.layout());
        new DnnlReductions(memory, op, squares, in, length).run(out);
    }

    private void run(Tensor out) {
        CpuStorage values = memory.allocate(lines * lineRuns * Float.BYTES);
        try {
            if (reducer == SUMS) {
                reduceRuns(values, values);
                joinRuns(values, values, out);
                return;
            }
            CpuStorage checks = memory.allocate(values.byteSize());
            try {
                reduceRuns(values, checks);
                joinRuns(values, checks, out);
            } finally {
                checks.release();
            }
        } finally {
            values.release();
        }
    }

    /** Reduces all runs, and checks each block of them while it is in the cache. */
    private void reduceRuns(CpuStorage values, CpuStorage checks) {
        int blockRuns = (squares ? SQUARED : MANY) / run;
        long blocks = (lineRuns + blockRuns - 1) / blockRuns;
        Parallel.run(
                lines * blocks,
                1,
                (start, end) -> {
                    for (long block = start; block < end; block++) {
                        long line = block / blocks;
                        long first = block % blocks * blockRuns;
                        long runs = Math.min(blockRuns, lineRuns - first);
                        long from = address + (line * lineLength + first * run) * Float.BYTES;
                        long to = (line * lineRuns + first) * Float.BYTES;
                        if (squares) {
                            reduceSquares(from, runs, values.address() + to);
                            continue;
                        }
                        reducer.reduce(memory, from, runs, values.address() + to);
                        if (checks != values) {
                            CHECKS.reduce(memory, from, runs, checks.address() + to);
                        }
                    }
                });
    }

    private void reduceSquares(long from, long runs, long to) {
        CpuStorage block = memory.allocate(runs * run * Float.BYTES);
        try {
            DnnlArithmetic.square(memory, from, runs * run, block.address());
            reducer.reduce(memory, block.address(), runs, to);
        } finally {
            block.release();
        }
    }

    private void joinRuns(CpuStorage values, CpuStorage checks, Tensor out) {
        View<float[]> runValues = runs(values);
        View<float[]> runChecks = runs(checks);
        View<float[]> target = FloatArithmetic.INSTANCE.view(out);
        Parallel.run(
                target.count(),
                Math.max(1, GRAIN / length),
                (start, end) -> {
                    float[] result = new float[1];
                    for (long row = start; row < end; row++) {
                        double value = join(runValues, runChecks, row);
                        result[0] = (float) (op == ReduceOp.MEAN ? value / length : value);
                        target.store(row, 1, result);
                    }
                });
    }

    private View<float[]> runs(CpuStorage storage) {
        return FloatArithmetic.INSTANCE.view(
                new Tensor(storage, DataType.FLOAT32, Layout.contiguous(lines * lineRuns)));
    }

    private double join(View<float[]> values, View<float[]> checks, long row) {
        long start = row * length;
        long line = start / lineLength;
        long first = start % lineLength / run;
        long runs = Math.max(0, Math.min(length / run, lineRuns - first));
        Scratch scratch = Scratch.get();
        float[] x = scratch.floats(5, Scratch.CHUNK);
        float[] check = scratch.floats(6, Scratch.CHUNK);
        double result = FloatReductions.identity(op);
        for (long done = 0; done < runs; done += Scratch.CHUNK) {
            int n = (int) Math.min(Scratch.CHUNK, runs - done);
            values.load(line * lineRuns + first + done, n, x);
            checks.load(line * lineRuns + first + done, n, check);
            boolean allRight = true;
            for (int i = 0; i < n; i++) {
                allRight &= isRight(x[i], check[i]);
            }
            if (allRight) {
                result = FloatReductions.join(op, result, FloatReductions.fold(op, x, n));
                continue;
            }
            for (int i = 0; i < n; i++) {
                double value =
                        isRight(x[i], check[i])
                                ? x[i]
                                : FloatReductions.row(op, source, start + (done + i) * run, run);
                result = FloatReductions.join(op, result, value);
            }
        }
        long rest = length - runs * run;
        if (rest > 0) {
            double value = FloatReductions.row(op, source, start + runs * run, rest);
            result = FloatReductions.join(op, result, value);
        }
        return result;
    }

    private boolean isRight(float value, float check) {
        return Math.abs(check) <= Float.MAX_VALUE && (reducer == SUMS || value != 0);
    }

    /** One of oneDNN's reductions, compiled for calls of several sizes. */
    private static final class Reducer {

        final int run;
        final boolean isFast;
        private final DnnlPrimitive[] calls = new DnnlPrimitive[CALLS.length];

        Reducer(int algorithm, int run) {
            this.run = run;
            for (int i = 0; i < CALLS.length; i++) {
                int runs = CALLS[i] / run;
                calls[i] =
                        DnnlPrimitive.ifFast(() -> DnnlOperations.reduction(algorithm, runs, run));
            }
            isFast = Stream.of(calls).allMatch(Objects::nonNull);
        }

        /** Reduces runs beside each other, a multiple of the smallest call's. */
        void reduce(CpuMemory memory, long from, long runs, long to) {
            long done = 0;
            for (int i = 0; i < CALLS.length; i++) {
                for (int step = CALLS[i] / run; done + step <= runs; done += step) {
                    calls[i].execute(
                            memory, from + done * run * Float.BYTES, to + done * Float.BYTES);
                }
            }
        }
    }
}
