package org.oktoblas.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_mul;
import static org.bytedeco.dnnl.global.dnnl.dnnl_reduction_max;
import static org.bytedeco.dnnl.global.dnnl.dnnl_reduction_min;
import static org.bytedeco.dnnl.global.dnnl.dnnl_reduction_sum;

import ai.djl.ndarray.types.DataType;
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

    /** Elements of a run that is summed: longer ones are faster, but rows have to be whole runs. */
    private static final int SUMMED = 512;

    private static final int FEW_SUMMED = 128;

    /** Elements of a run whose extremum is wanted. */
    private static final int COMPARED = 1024;

    /** Elements that are squared at a time, to be summed while they are in the cache. */
    private static final int SQUARED = 1 << 15;

    /** Shorter rows are added in double throughout. */
    private static final long SHORTEST_ROW = 1024;

    /** Elements of rows that are worth another thread, once runs are reduced. */
    private static final long GRAIN = 1 << 20;

    // Operations are compiled when one of their class is first wanted.

    private static final class Sums {
        static final Reducer RUNS = new Reducer(dnnl_reduction_sum, SUMMED);
    }

    private static final class ShortSums {
        static final Reducer RUNS = new Reducer(dnnl_reduction_sum, FEW_SUMMED);
    }

    private static final class Extrema {
        static final Reducer MAXIMA = new Reducer(dnnl_reduction_max, COMPARED);
        static final Reducer MINIMA = new Reducer(dnnl_reduction_min, COMPARED);

        /** The sums of the same runs: not finite where NaN may be among them. */
        static final Reducer CHECKS = new Reducer(dnnl_reduction_sum, COMPARED);
    }

    private static final class Squares {
        static final DnnlCalls CALLS =
                new DnnlCalls(n -> DnnlOperations.binary(dnnl_binary_mul, n, n));
    }

    private final CpuMemory memory;
    private final ReduceOp op;

    /** Whether elements are squared first. */
    private final boolean squares;

    private final boolean extrema;
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
        extrema = isExtreme(op);
        run = run(op, length);
        reducer = reducer(op, run);
        CpuStorage storage = (CpuStorage) in.storage();
        source =
                new View<>(
                        squares
                                ? new FloatingElements.Squares(storage)
                                : new FloatingElements.Float32(storage),
                        in.layout());
        address = CpuStorage.addressOf(in);
        lineLength = length % run == 0 ? source.count() : length;
        lines = source.count() / lineLength;
        lineRuns = lineLength / DnnlCalls.SMALLEST * (DnnlCalls.SMALLEST / run);
    }

    static boolean suits(ReduceOp op, Tensor in, Tensor out) {
        Layout layout = in.layout();
        if (!isExtreme(op) && op != ReduceOp.SUM && op != ReduceOp.MEAN
                || in.dataType() != DataType.FLOAT32
                || out.dataType() != DataType.FLOAT32
                || layout.count() < DnnlCalls.SMALLEST
                || !layout.isContiguous()) {
            return false;
        }
        long length = rowLength(layout, out.layout());
        return (length >= DnnlCalls.SMALLEST
                        || length >= SHORTEST_ROW && length % run(op, length) == 0)
                && reducer(op, run(op, length)).calls.areFast()
                && (!isExtreme(op) || Extrema.CHECKS.calls.areFast());
    }

    /** Returns whether the squares of a tensor are summed here. */
    static boolean suitsSquares(Tensor in, Tensor out) {
        return suits(ReduceOp.SUM, in, out) && Squares.CALLS.areFast();
    }

    private static boolean isExtreme(ReduceOp op) {
        return op == ReduceOp.MAX || op == ReduceOp.MIN;
    }

    /** Returns the elements of a run of rows of a length. */
    private static int run(ReduceOp op, long length) {
        if (isExtreme(op)) {
            return COMPARED;
        }
        return length >= DnnlCalls.SMALLEST || length % SUMMED == 0 ? SUMMED : FEW_SUMMED;
    }

    private static Reducer reducer(ReduceOp op, int run) {
        if (isExtreme(op)) {
            return op == ReduceOp.MAX ? Extrema.MAXIMA : Extrema.MINIMA;
        }
        return run == SUMMED ? Sums.RUNS : ShortSums.RUNS;
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
        CpuStorage checks = null;
        try {
            // Sums are their own checks.
            checks = extrema ? memory.allocate(values.byteSize()) : null;
            reduceRuns(values, checks);
            joinRuns(values, checks, out);
        } finally {
            values.release();
            if (checks != null) {
                checks.release();
            }
        }
    }

    /** Reduces all runs, and checks each block of them while it is in the cache. */
    private void reduceRuns(CpuStorage values, CpuStorage checks) {
        int blockRuns = (squares ? SQUARED : DnnlCalls.LARGEST) / run;
        long blocks = (lineRuns + blockRuns - 1) / blockRuns;
        // One block of squares, or of a short line, is too little for another thread.
        long grain = DnnlCalls.LARGEST / (Math.min(blockRuns, lineRuns) * run);
        Parallel.run(
                lines * blocks,
                Math.max(1, grain),
                (start, end) -> {
                    for (long block = start; block < end; block++) {
                        long line = block / blocks;
                        long first = block % blocks * blockRuns;
                        long count = Math.min(blockRuns, lineRuns - first) * run;
                        long from = address + (line * lineLength + first * run) * Float.BYTES;
                        long to = (line * lineRuns + first) * Float.BYTES;
                        if (squares) {
                            reduceSquares(from, count, values.address() + to);
                        } else {
                            reducer.reduce(memory, from, count, values.address() + to);
                        }
                        if (checks != null) {
                            Extrema.CHECKS.reduce(memory, from, count, checks.address() + to);
                        }
                    }
                });
    }

    private void reduceSquares(long from, long count, long to) {
        CpuStorage block = memory.allocate(count * Float.BYTES);
        try {
            Squares.CALLS.run(
                    count,
                    (multiply, start) -> {
                        long x = from + start * Float.BYTES;
                        multiply.execute(memory, x, x, block.address() + start * Float.BYTES);
                    });
            reducer.reduce(memory, block.address(), count, to);
        } finally {
            block.release();
        }
    }

    private void joinRuns(CpuStorage values, CpuStorage checks, Tensor out) {
        View<float[]> runValues = runs(values);
        View<float[]> runChecks = checks == null ? null : runs(checks);
        View<float[]> target = FloatArithmetic.INSTANCE.view(out);
        Parallel.run(
                target.count(),
                Math.max(1, GRAIN / length),
                (start, end) -> {
                    int most = (int) Math.max(1, Scratch.CHUNK * run / length);
                    float[] results = new float[most];
                    for (long row = start; row < end; row += most) {
                        int rows = (int) Math.min(most, end - row);
                        join(runValues, runChecks, row, rows, results);
                        target.store(row, rows, results);
                    }
                });
    }

    /** Joins the runs of rows: all at once of those that are whole runs, and few. */
    private void join(
            View<float[]> values, View<float[]> checks, long row, int rows, float[] results) {
        int whole = 0;
        int runs = 0;
        if (length % run == 0 && length / run <= Scratch.CHUNK) {
            runs = (int) (length / run);
            whole = (int) Math.max(0, Math.min(rows, lineRuns / runs - row));
        }
        float[] x = new float[whole * runs];
        float[] check = checks == null ? x : new float[x.length];
        values.load(row * runs, x.length, x);
        if (checks != null) {
            checks.load(row * runs, x.length, check);
        }
        for (int i = 0; i < rows; i++) {
            int start = i * runs;
            double value =
                    i < whole && areRight(x, check, start, runs)
                            ? FloatReductions.foldFew(op, x, start, runs)
                            : join(values, checks, row + i);
            results[i] = (float) (op == ReduceOp.MEAN ? value / length : value);
        }
    }

    private boolean areRight(float[] values, float[] checks, int start, int n) {
        boolean result = true;
        for (int i = start; i < start + n; i++) {
            result &= isRight(values[i], checks[i]);
        }
        return result;
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
        float[] check = checks == null ? x : scratch.floats(6, Scratch.CHUNK);
        double result = FloatReductions.identity(op);
        for (long done = 0; done < runs; done += Scratch.CHUNK) {
            int n = (int) Math.min(Scratch.CHUNK, runs - done);
            values.load(line * lineRuns + first + done, n, x);
            if (checks != null) {
                checks.load(line * lineRuns + first + done, n, check);
            }
            if (areRight(x, check, 0, n)) {
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
        return Math.abs(check) <= Float.MAX_VALUE && (!extrema || value != 0);
    }

    /** One of oneDNN's reductions, of runs of one length. */
    private static final class Reducer {

        private final int run;
        private final DnnlCalls calls;

        Reducer(int algorithm, int run) {
            this.run = run;
            calls = new DnnlCalls(n -> DnnlOperations.reduction(algorithm, n / run, run));
        }

        /** Reduces a number of elements, each run to a float. */
        void reduce(CpuMemory memory, long from, long count, long to) {
            calls.run(
                    count,
                    (primitive, start) ->
                            primitive.execute(
                                    memory,
                                    from + start * Float.BYTES,
                                    to + start / run * Float.BYTES));
        }
    }
}
