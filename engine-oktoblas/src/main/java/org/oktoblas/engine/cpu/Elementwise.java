package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Operand;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/** The primitives that compute every element by itself. */
final class Elementwise {

    /**
     * Elements worth another thread, where an element takes a nanosecond and where it takes ten.
     */
    private static final long CHEAP = 1 << 15;

    private static final long COSTLY = 1 << 13;

    /** Elements worth another thread where they are only copied. */
    private static final long COPIED = 1 << 17;

    /** Up to this length, walking along an axis takes longer than walking across it. */
    private static final long SHORT = 8;

    /** Bytes are so small that more of them are computed at a time. */
    private static final int TRUTHS = 2 * Scratch.CHUNK;

    /** A chunk of what takes long: while it is computed, the processor fetches the next one. */
    private static final int SMALL_CHUNK = 384;

    private Elementwise() {}

    /** What is done with the elements from start to start + n, at most a chunk. */
    private interface Chunk {
        void run(long start, int n);
    }

    /** What is told of the first n elements of an array, which may be changed. */
    private interface Test<A> {
        void run(A x, byte[] truths, int n);
    }

    private static void chunks(long count, long grain, Chunk chunk) {
        chunks(count, grain, Scratch.CHUNK, chunk);
    }

    private static void chunks(long count, long grain, int size, Chunk chunk) {
        Parallel.run(
                count,
                grain,
                (start, end) -> {
                    for (long i = start; i < end; i += size) {
                        chunk.run(i, (int) Math.min(size, end - i));
                    }
                });
    }

    static <A> void fill(Arithmetic<A> kind, Tensor out, Scalar value) {
        View<A> target = kind.view(out);
        chunks(
                target.count(),
                CHEAP,
                (start, n) -> {
                    A x = kind.scratch(0, n);
                    kind.fill(value, x, n);
                    target.store(start, n, x);
                });
    }

    static <A> void arange(Arithmetic<A> kind, Scalar first, Scalar step, Tensor out) {
        View<A> target = kind.view(out);
        chunks(
                target.count(),
                CHEAP,
                (start, n) -> {
                    A x = kind.scratch(0, n);
                    kind.sequence(first, step, start, x, n);
                    target.store(start, n, x);
                });
    }

    static void read(Tensor in, float[] out) {
        View<float[]> source = FloatArithmetic.INSTANCE.view(in);
        // In stretches that no storage's window cuts.
        Parallel.run(
                out.length,
                COPIED,
                (start, end) -> {
                    for (long i = start; i < end; i += CHEAP) {
                        source.load(i, (int) Math.min(CHEAP, end - i), out, (int) i);
                    }
                });
    }

    static void copy(Tensor in, Tensor out) {
        if (out.layout().count() == 0) {
            // A part of an empty array may begin behind its memory.
            return;
        }
        if (in.dataType() == out.dataType()) {
            if (copyBytes(in, out)) {
                return;
            }
            if (isShort(in.layout()) || isShort(out.layout())) {
                moveAcross(Arithmetic.moving(in.dataType()), in, out);
            } else {
                move(Arithmetic.moving(in.dataType()), Scratch.CHUNK, in, out);
            }
        } else {
            convert(Arithmetic.of(in.dataType()), in, Arithmetic.of(out.dataType()), out);
        }
    }

    /** Returns whether the last axis is short, as where elements are repeated, and stands alone. */
    private static boolean isShort(Layout layout) {
        int last = layout.rank() - 1;
        return last > 0
                && layout.size(last) > 1
                && layout.size(last) <= SHORT
                && layout.size(last - 1) > SHORT
                && layout.stride(last - 1) != layout.stride(last) * layout.size(last);
    }

    /** Copies between contiguous layouts of one data type, if they are such. */
    private static boolean copyBytes(Tensor in, Tensor out) {
        if (!in.layout().isContiguous() || !out.layout().isContiguous()) {
            return false;
        }
        CpuStorage source = (CpuStorage) in.storage();
        CpuStorage target = (CpuStorage) out.storage();
        if (source.windowCount() > 1 || target.windowCount() > 1) {
            return false;
        }
        int width = in.dataType().getNumOfBytes();
        ByteBuffer from = source.window(0);
        target.window(0)
                .put(
                        (int) out.layout().offset() * width,
                        from,
                        (int) in.layout().offset() * width,
                        (int) in.layout().count() * width);
        return true;
    }

    private static <A> void move(Arithmetic<A> kind, int size, Tensor in, Tensor out) {
        View<A> source = kind.view(in);
        View<A> target = kind.view(out);
        chunks(
                target.count(),
                CHEAP,
                size,
                (start, n) -> {
                    A x = kind.scratch(0, n);
                    source.load(start, n, x);
                    target.store(start, n, x);
                });
    }

    /**
     * Copies across the last axis: what stands at one place of it, and then at the next, of a chunk
     * of the others, so that threads do not write beside each other.
     */
    private static <A> void moveAcross(Arithmetic<A> kind, Tensor in, Tensor out) {
        int size = (int) in.layout().size(in.layout().rank() - 1);
        List<View<A>> sources =
                IntStream.range(0, size).mapToObj(i -> across(kind, in, i)).toList();
        List<View<A>> targets =
                IntStream.range(0, size).mapToObj(i -> across(kind, out, i)).toList();
        chunks(
                targets.get(0).count(),
                CHEAP / size,
                (start, n) -> {
                    A x = kind.scratch(0, n);
                    for (int i = 0; i < size; i++) {
                        sources.get(i).load(start, n, x);
                        targets.get(i).store(start, n, x);
                    }
                });
    }

    private static <A> View<A> across(Arithmetic<A> kind, Tensor tensor, int place) {
        int last = tensor.layout().rank() - 1;
        Layout layout = tensor.layout().slice(last, place, 1, 1);
        return kind.view(tensor.with(Axes.without(layout, last)));
    }

    /** Writes a truth of every element. */
    private static <A> void test(
            View<A> source, IntFunction<A> scratch, int size, Tensor out, Test<A> test) {
        View<byte[]> target = Truths.view(out);
        chunks(
                target.count(),
                CHEAP,
                size,
                (start, n) -> {
                    A x = scratch.apply(n);
                    byte[] truths = Truths.scratch(1, n);
                    source.load(start, n, x);
                    test.run(x, truths, n);
                    target.store(start, n, truths);
                });
    }

    private static <A, B> void convert(
            Arithmetic<A> from, Tensor in, Arithmetic<B> to, Tensor out) {
        if (in.dataType() == DataType.BOOLEAN && out.dataType() == DataType.FLOAT32) {
            truthsToFloats(in, out);
            return;
        }
        if (in.dataType() == DataType.FLOAT32 && out.dataType() == DataType.INT32) {
            floatsToInts(in, out);
            return;
        }
        if (Float16Pairs.suits(in, out)) {
            Float16Pairs.convert(in, out);
            return;
        }
        View<A> source = from.view(in);
        if (out.dataType() == DataType.BOOLEAN) {
            test(source, n -> from.scratch(0, n), Scratch.CHUNK, out, from::toTruths);
            return;
        }
        if (from.equals(to)) {
            // What is loaded and stored is converted by that.
            move(from, SMALL_CHUNK, in, out);
            return;
        }
        View<B> target = to.view(out);
        chunks(
                target.count(),
                CHEAP,
                (start, n) -> {
                    A x = from.scratch(0, n);
                    B y = to.scratch(1, n);
                    source.load(start, n, x);
                    to.convert(from, x, y, n);
                    target.store(start, n, y);
                });
    }

    private static void truthsToFloats(Tensor in, Tensor out) {
        View<byte[]> source = Truths.view(in);
        View<float[]> target = FloatArithmetic.INSTANCE.view(out);
        chunks(
                target.count(),
                CHEAP,
                (start, n) -> {
                    byte[] x = Truths.scratch(0, n);
                    float[] y = FloatArithmetic.INSTANCE.scratch(1, n);
                    source.load(start, n, x);
                    for (int i = 0; i < n; i++) {
                        y[i] = x[i] & 0xff;
                    }
                    target.store(start, n, y);
                });
    }

    private static void floatsToInts(Tensor in, Tensor out) {
        View<float[]> source = FloatArithmetic.INSTANCE.view(in);
        View<int[]> target = Ints.view(out);
        chunks(
                target.count(),
                CHEAP,
                (start, n) -> {
                    float[] x = FloatArithmetic.INSTANCE.scratch(0, n);
                    int[] y = Ints.scratch(1, n);
                    source.load(start, n, x);
                    for (int i = 0; i < n; i++) {
                        int value = (int) x[i];
                        // Where an int ends, the lower half of a long is meant.
                        boolean ends = value == Integer.MIN_VALUE || value == Integer.MAX_VALUE;
                        y[i] = ends ? (int) (long) x[i] : value;
                    }
                    target.store(start, n, y);
                });
    }

    static <A> void unary(Arithmetic<A> kind, UnaryOp op, Tensor in, Tensor out) {
        View<A> source = kind.view(in);
        switch (op) {
            case IS_NAN, IS_INFINITE, LOGICAL_NOT ->
                    test(
                            source,
                            n -> kind.scratch(0, n),
                            Scratch.CHUNK,
                            out,
                            (x, truths, n) -> kind.test(op, x, truths, n));
            default -> {
                View<A> target = kind.view(out);
                chunks(
                        target.count(),
                        isCheap(op) ? CHEAP : COSTLY,
                        (start, n) -> {
                            A x = kind.scratch(0, n);
                            source.load(start, n, x);
                            kind.unary(op, x, n);
                            target.store(start, n, x);
                        });
            }
        }
    }

    private static boolean isCheap(UnaryOp op) {
        return switch (op) {
            case NEGATE, ABS, SQUARE, SQRT, RECIPROCAL, RELU -> true;
            default -> false;
        };
    }

    static void binary(BinaryOp op, Operand a, Operand b, Tensor out) {
        DataType type =
                a instanceof Tensor tensor
                        ? tensor.dataType()
                        : b instanceof Tensor tensor ? tensor.dataType() : out.dataType();
        if (type == DataType.BOOLEAN
                && Truths.combines(op)
                && a instanceof Tensor left
                && b instanceof Tensor right) {
            combine(op, left, right, out);
        } else if (Ints.computes(op, type)) {
            compute(op, a, b, out);
        } else if (type == DataType.FLOAT32
                && op.isPredicate()
                && !Truths.combines(op)
                && a instanceof Tensor floats
                && b instanceof Scalar number) {
            FloatRange range = FloatRange.of(op, (float) number.real());
            test(Ints.view(floats), n -> Ints.scratch(0, n), SMALL_CHUNK, out, range::test);
        } else {
            binary(Arithmetic.of(type), op, a, b, out);
        }
    }

    private static void compute(BinaryOp op, Operand a, Operand b, Tensor out) {
        View<int[]> left = a instanceof Tensor tensor ? Ints.view(tensor) : null;
        View<int[]> right = b instanceof Tensor tensor ? Ints.view(tensor) : null;
        View<int[]> target = Ints.view(out);
        chunks(
                target.count(),
                CHEAP,
                (start, n) -> {
                    int[] x = Ints.scratch(0, n);
                    int[] y = Ints.scratch(1, n);
                    Ints.load(a, left, start, n, x);
                    Ints.load(b, right, start, n, y);
                    Ints.compute(op, x, y, n);
                    target.store(start, n, x);
                });
    }

    private static void combine(BinaryOp op, Tensor a, Tensor b, Tensor out) {
        View<byte[]> left = Truths.view(a);
        View<byte[]> right = Truths.view(b);
        View<byte[]> target = Truths.view(out);
        chunks(
                target.count(),
                CHEAP,
                TRUTHS,
                (start, n) -> {
                    byte[] x = Truths.scratch(0, n);
                    byte[] y = Truths.scratch(1, n);
                    left.load(start, n, x);
                    right.load(start, n, y);
                    byte[] result = Truths.scratch(2, n);
                    Truths.combine(op, x, y, result, n);
                    target.store(start, n, result);
                });
    }

    private static <A> void binary(
            Arithmetic<A> kind, BinaryOp op, Operand a, Operand b, Tensor out) {
        Source<A> left = new Source<>(kind, a);
        Source<A> right = new Source<>(kind, b);
        if (op.isPredicate()) {
            View<byte[]> target = Truths.view(out);
            chunks(
                    target.count(),
                    CHEAP,
                    SMALL_CHUNK,
                    (start, n) -> {
                        A x = kind.scratch(0, n);
                        A y = kind.scratch(1, n);
                        byte[] truths = Truths.scratch(2, n);
                        left.load(start, n, x);
                        right.load(start, n, y);
                        kind.compare(op, x, y, truths, n);
                        target.store(start, n, truths);
                    });
            return;
        }
        View<A> target = kind.view(out);
        boolean power = op == BinaryOp.POWER && b instanceof Scalar;
        chunks(
                target.count(),
                op == BinaryOp.POWER || op == BinaryOp.ATAN2 ? COSTLY : CHEAP,
                (start, n) -> {
                    A x = kind.scratch(0, n);
                    left.load(start, n, x);
                    if (power) {
                        kind.power(x, (Scalar) b, n);
                    } else {
                        A y = kind.scratch(1, n);
                        right.load(start, n, y);
                        kind.binary(op, x, y, n);
                    }
                    target.store(start, n, x);
                });
    }

    static <A> void where(Arithmetic<A> kind, Tensor condition, Operand a, Operand b, Tensor out) {
        View<byte[]> conditions = Truths.view(condition);
        Source<A> left = new Source<>(kind, a);
        Source<A> right = new Source<>(kind, b);
        View<A> target = kind.view(out);
        chunks(
                target.count(),
                CHEAP,
                (start, n) -> {
                    byte[] truths = Truths.scratch(2, n);
                    A x = kind.scratch(0, n);
                    A y = kind.scratch(1, n);
                    conditions.load(start, n, truths);
                    left.load(start, n, x);
                    right.load(start, n, y);
                    kind.select(truths, x, y, n);
                    target.store(start, n, x);
                });
    }

    /** A tensor or a scalar, loaded alike. */
    private static final class Source<A> {

        private final Arithmetic<A> kind;
        private final View<A> view;
        private final Scalar scalar;

        Source(Arithmetic<A> kind, Operand operand) {
            this.kind = kind;
            view = operand instanceof Tensor tensor ? kind.view(tensor) : null;
            scalar = operand instanceof Scalar value ? value : null;
        }

        void load(long start, int n, A target) {
            if (view != null) {
                view.load(start, n, target);
            } else {
                kind.fill(scalar, target, n);
            }
        }
    }
}
