package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/**
 * Reductions. Floats are summed in double, integers in long; every output is computed by one thread
 * in the order of its elements, so that results do not depend on how many there are.
 */
final class Reductions {

    private static final long GRAIN = 1 << 15;

    private Reductions() {}

    static void reduce(ReduceOp op, Tensor in, Tensor out) {
        if (in.dataType().isFloating() && op != ReduceOp.ANY && op != ReduceOp.ALL) {
            reduce(Arithmetic.of(in.dataType()), DoubleArithmetic.INSTANCE, op, in, out);
        } else {
            reduce(Arithmetic.of(in.dataType()), LongArithmetic.INSTANCE, op, in, out);
        }
    }

    /** Sums the squares of a FLOAT32 tensor's elements. */
    static void sumSquares(Tensor in, Tensor out) {
        reduce(
                FloatArithmetic.INSTANCE,
                new FloatingElements.Squares((CpuStorage) in.storage()),
                DoubleArithmetic.INSTANCE,
                ReduceOp.SUM,
                in,
                out);
    }

    private static <A, W> void reduce(
            Arithmetic<A> kind, Arithmetic<W> wide, ReduceOp op, Tensor in, Tensor out) {
        reduce(kind, kind.elements((CpuStorage) in.storage(), in.dataType()), wide, op, in, out);
    }

    private static <A, W> void reduce(
            Arithmetic<A> kind,
            Elements<A, ?> elements,
            Arithmetic<W> wide,
            ReduceOp op,
            Tensor in,
            Tensor out) {
        Layout layout = in.layout();
        int rank = layout.rank();
        int[] kept = new int[rank];
        int[] reduced = new int[rank];
        int keptCount = 0;
        int reducedCount = 0;
        long length = 1;
        for (int i = 0; i < rank; i++) {
            if (out.layout().size(i) == 1 && layout.size(i) != 1) {
                reduced[reducedCount++] = i;
                length *= layout.size(i);
            } else {
                kept[keptCount++] = i;
            }
        }
        if (length == 0 && (op == ReduceOp.MAX || op == ReduceOp.MIN)) {
            throw new IllegalArgumentException(
                    op + " of no elements is undefined: the array's " + layout + " is empty.");
        }
        // Columns beside each other in memory are reduced together, row by row.
        boolean columns =
                reducedCount > 0
                        && keptCount > 0
                        && layout.stride(kept[keptCount - 1])
                                < layout.stride(reduced[reducedCount - 1])
                        && layout.size(kept[keptCount - 1]) >= 16;
        int[] order = new int[rank];
        System.arraycopy(kept, 0, order, columns ? reducedCount : 0, keptCount);
        System.arraycopy(reduced, 0, order, columns ? 0 : keptCount, reducedCount);
        View<A> source = new View<>(elements, Axes.select(layout, order, rank));
        Layout results = Axes.select(out.layout(), kept, keptCount);
        long n = length;
        Reduction<A, W> reduction = new Reduction<>(kind, wide, op, source, results.count(), n);
        DataType type = out.dataType();
        store(Arithmetic.of(type), wide, out, results, n, columns, reduction);
    }

    private static <A, W, R> void store(
            Arithmetic<R> kind,
            Arithmetic<W> wide,
            Tensor out,
            Layout results,
            long length,
            boolean columns,
            Reduction<A, W> reduction) {
        View<R> target =
                new View<>(kind.elements((CpuStorage) out.storage(), out.dataType()), results);
        Parallel.run(
                target.count(),
                Math.max(1, GRAIN / Math.max(1, length)),
                (start, end) -> {
                    for (long i = start; i < end; i += Scratch.CHUNK) {
                        int m = (int) Math.min(Scratch.CHUNK, end - i);
                        W values = wide.scratch(3, m);
                        if (columns) {
                            reduction.columns(i, m, values);
                        } else {
                            reduction.rows(i, m, values);
                        }
                        R narrow = kind.scratch(4, m);
                        kind.convert(wide, values, narrow, m);
                        target.store(i, m, narrow);
                    }
                });
    }

    /** One reduction's input, read as wide numbers. */
    private record Reduction<A, W>(
            Arithmetic<A> kind,
            Arithmetic<W> wide,
            ReduceOp op,
            View<A> source,
            long results,
            long length) {

        /** Reduces the columns from start on, all of them at once for each row. */
        void columns(long start, int m, W values) {
            if (kind == FloatArithmetic.INSTANCE && op != ReduceOp.ANY && op != ReduceOp.ALL) {
                FloatReductions.columns(op, floats(), start, results, length, m, (double[]) values);
                mean(values, m);
                return;
            }
            W row = wide.scratch(1, m);
            identity(values, m);
            BinaryOp combine =
                    switch (op) {
                        case SUM, MEAN -> BinaryOp.ADD;
                        case PRODUCT -> BinaryOp.MULTIPLY;
                        case MAX, ANY -> BinaryOp.MAXIMUM;
                        case MIN, ALL -> BinaryOp.MINIMUM;
                    };
            for (long r = 0; r < length; r++) {
                load(r * results + start, m, row);
                wide.binary(combine, values, row, m);
            }
            mean(values, m);
        }

        @SuppressWarnings("unchecked")
        private View<float[]> floats() {
            return (View<float[]>) source;
        }

        @SuppressWarnings("unchecked")
        private View<long[]> longs() {
            return (View<long[]>) source;
        }

        /** Reduces the rows from start on, one after the other. */
        void rows(long start, int m, W values) {
            if (kind == FloatArithmetic.INSTANCE && op != ReduceOp.ANY && op != ReduceOp.ALL) {
                double[] wideValues = (double[]) values;
                for (int i = 0; i < m; i++) {
                    wideValues[i] = FloatReductions.row(op, floats(), (start + i) * length, length);
                }
                mean(values, m);
                return;
            }
            if (kind == LongArithmetic.INSTANCE && op != ReduceOp.ANY && op != ReduceOp.ALL) {
                long[] wideValues = (long[]) values;
                for (int i = 0; i < m; i++) {
                    wideValues[i] = LongReductions.row(op, longs(), (start + i) * length, length);
                }
                mean(values, m);
                return;
            }
            W part = wide.scratch(1, Scratch.CHUNK);
            identity(values, m);
            for (int i = 0; i < m; i++) {
                for (long r = 0; r < length; r += Scratch.CHUNK) {
                    int n = (int) Math.min(Scratch.CHUNK, length - r);
                    load((start + i) * length + r, n, part);
                    if (values instanceof double[] accumulators) {
                        accumulators[i] = fold(op, accumulators[i], (double[]) part, n);
                    } else {
                        long[] accumulators = (long[]) values;
                        accumulators[i] =
                                LongReductions.fold(op, accumulators[i], (long[]) part, n);
                    }
                }
            }
            mean(values, m);
        }

        private void load(long start, int n, W target) {
            A narrow = kind.scratch(0, n);
            source.load(start, n, narrow);
            if (op == ReduceOp.ANY || op == ReduceOp.ALL) {
                byte[] truths = Truths.scratch(0, n);
                kind.toTruths(narrow, truths, n);
                long[] numbers = (long[]) target;
                for (int i = 0; i < n; i++) {
                    numbers[i] = truths[i];
                }
            } else {
                wide.convert(kind, narrow, target, n);
            }
        }

        private void identity(W values, int m) {
            Scalar identity =
                    switch (op) {
                        case SUM, MEAN -> new Scalar(0, 0);
                        case PRODUCT -> new Scalar(1, 1);
                        case ANY -> new Scalar(0, 0);
                        case ALL -> new Scalar(1, 1);
                        case MAX -> new Scalar(Double.NEGATIVE_INFINITY, Long.MIN_VALUE);
                        case MIN -> new Scalar(Double.POSITIVE_INFINITY, Long.MAX_VALUE);
                    };
            wide.fill(identity, values, m);
        }

        private void mean(W values, int m) {
            if (op == ReduceOp.MEAN) {
                W divisor = wide.scratch(1, m);
                wide.fill(Scalar.of(length), divisor, m);
                wide.binary(BinaryOp.DIVIDE, values, divisor, m);
            }
        }
    }

    private static double fold(ReduceOp op, double first, double[] x, int n) {
        double result = first;
        switch (op) {
            case PRODUCT -> {
                for (int i = 0; i < n; i++) {
                    result *= x[i];
                }
            }
            case MAX -> {
                for (int i = 0; i < n; i++) {
                    result = Math.max(result, x[i]);
                }
            }
            case MIN -> {
                for (int i = 0; i < n; i++) {
                    result = Math.min(result, x[i]);
                }
            }
            default -> {
                for (int i = 0; i < n; i++) {
                    result += x[i];
                }
            }
        }
        return result;
    }

    static <A> void argReduce(
            Arithmetic<A> kind, boolean largest, Tensor in, int axis, Tensor out) {
        long length = in.layout().size(axis);
        if (length == 0) {
            throw new IllegalArgumentException(
                    "The largest or smallest of no elements is undefined: axis "
                            + axis
                            + " has length 0.");
        }
        View<A> source =
                new View<>(
                        kind.elements((CpuStorage) in.storage(), in.dataType()),
                        Axes.toLast(in.layout(), axis));
        View<long[]> target =
                new View<>(
                        LongArithmetic.INSTANCE.elements(
                                (CpuStorage) out.storage(), out.dataType()),
                        Axes.without(out.layout(), axis));
        boolean floating = in.dataType().isFloating();
        Parallel.run(
                target.count(),
                Math.max(1, GRAIN / length),
                (start, end) -> {
                    long[] index = LongArithmetic.INSTANCE.scratch(2, 1);
                    for (long row = start; row < end; row++) {
                        Best best = new Best(largest);
                        for (long i = 0; i < length; i += Scratch.CHUNK) {
                            int n = (int) Math.min(Scratch.CHUNK, length - i);
                            A x = kind.scratch(0, n);
                            source.load(row * length + i, n, x);
                            if (floating) {
                                double[] wide = Scratch.get().doubles(1, n);
                                kind.toDoubles(x, wide, n);
                                best.look(wide, n, i);
                            } else {
                                best.look((long[]) x, n, i);
                            }
                        }
                        index[0] = best.index;
                        target.store(row, 1, index);
                    }
                });
    }

    /** The first largest or smallest element so far; NaN counts as either. */
    private static final class Best {

        private final boolean largest;
        private long index = -1;
        private double real;
        private long integral;

        Best(boolean largest) {
            this.largest = largest;
        }

        void look(double[] x, int n, long start) {
            for (int i = 0; i < n; i++) {
                double value = x[i];
                if (index < 0
                        || (largest ? value > real : value < real)
                        || value != value && real == real) {
                    real = value;
                    index = start + i;
                }
            }
        }

        void look(long[] x, int n, long start) {
            for (int i = 0; i < n; i++) {
                long value = x[i];
                if (index < 0 || (largest ? value > integral : value < integral)) {
                    integral = value;
                    index = start + i;
                }
            }
        }
    }
}
