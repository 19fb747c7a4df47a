package org.oktoblas.kernels;

import java.util.List;
import java.util.Locale;
import org.oktoblas.cuda.Arguments;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Iteration;
import org.oktoblas.cuda.Workspace;

/**
 * Reductions and scans of tensors of any layout. Floats are kept in double and rounded once,
 * integers in 64 bits that wrap. What is added in which order depends on shapes and strides alone,
 * so that results are the same in every run and on every device.
 */
public final class Reductions {

    private final ReductionKernels reduce;
    private final ArgReductions argReductions;
    private final Scans scans;

    /** Makes the operations of a device. */
    public Reductions(CudaDevice device) {
        reduce = new ReductionKernels(device, "reduce", Sharing.VARIANTS);
        argReductions = new ArgReductions(device);
        scans = new Scans(device, this);
    }

    /**
     * Reduces the axes in which out has length 1 and in does not.
     *
     * @param op sum, mean, product, max or min, for which out has in's type; any or all, for which
     *     it is BOOL. Means of integers are cut off towards zero; NaN is the largest and the
     *     smallest; in max and min -0 is below 0
     * @throws IllegalArgumentException for the largest or smallest of no elements
     * @throws ArithmeticException for the mean of no integers
     */
    public void reduce(CudaStream stream, String op, DeviceTensor in, DeviceTensor out) {
        boolean[] reduced = new boolean[in.rank()];
        long length = 1;
        for (int i = 0; i < reduced.length; i++) {
            reduced[i] = out.shape()[i] == 1 && in.shape()[i] != 1;
            length *= reduced[i] ? in.shape()[i] : 1;
        }
        if (length == 0 && (op.equals("max") || op.equals("min"))) {
            throw new IllegalArgumentException(
                    op.toUpperCase(Locale.ROOT)
                            + " of no elements is undefined: the array "
                            + in
                            + " is empty.");
        }
        if (out.count() == 0) {
            return;
        }
        if (length == 0 && op.equals("mean") && !in.type().isFloating()) {
            throw new ArithmeticException("Integer division by zero in an array.");
        }
        reduce(stream, op, in, reduced, out, op.equals("mean") ? length : 1);
    }

    /**
     * Reduces flagged axes.
     *
     * @param out any type that the totals can be stored as; F64 and I64 keep them as they are
     * @param divisor what a mean's sum is divided by
     */
    private void reduce(
            CudaStream stream,
            String op,
            DeviceTensor in,
            boolean[] reduced,
            DeviceTensor out,
            long divisor) {
        long[] keptShape = Axes.select(in.shape(), reduced, false);
        long[] keptIn = Axes.select(in.strides(), reduced, false);
        long[] keptOut = Axes.select(out.strides(), reduced, false);
        long[] reducedShape = Axes.select(in.shape(), reduced, true);
        long[] reducedIn = Axes.select(in.strides(), reduced, true);
        List<Iteration> kept = Iteration.of(keptShape, keptIn, keptOut);
        List<Iteration> walks = Iteration.of(reducedShape, reducedIn);
        if (walks.size() <= 1) {
            Iteration walk = walks.isEmpty() ? null : walks.get(0);
            Sharing[] sharings = new Sharing[kept.size()];
            boolean whole = true;
            for (int i = 0; i < sharings.length; i++) {
                sharings[i] = sharing(kept.get(i), walk, in, sharings.length == 1);
                whole &= sharings[i].chunks() == 1;
            }
            if (whole) {
                for (int i = 0; i < sharings.length; i++) {
                    launch(stream, op, in, kept.get(i), walk, out, sharings[i], 0, divisor);
                }
                return;
            }
        }
        reduceParts(stream, op, in, keptShape, keptIn, walks, out, divisor);
    }

    /** Reduces to parts, one beside the other for each output, and these to the outputs. */
    private void reduceParts(
            CudaStream stream,
            String op,
            DeviceTensor in,
            long[] keptShape,
            long[] keptIn,
            List<Iteration> walks,
            DeviceTensor out,
            long divisor) {
        long outputs = Axes.count(keptShape);
        List<Iteration> kept = Iteration.of(keptShape, keptIn, Axes.denseStrides(keptShape));
        boolean divisible = kept.size() == 1;
        long parts = 0;
        for (Iteration walk : walks) {
            parts += divisible ? sharing(kept.get(0), walk, in, true).chunks() : 1;
        }
        ElementType type = in.type().isFloating() ? ElementType.F64 : ElementType.I64;
        try (Workspace workspace = stream.workspace(parts * outputs * Long.BYTES)) {
            DeviceTensor part = DeviceTensor.dense(workspace.address(), type, outputs);
            for (Iteration walk : walks) {
                int chunks = 1;
                for (Iteration piece : kept) {
                    Sharing sharing = sharing(piece, walk, in, divisible);
                    chunks = sharing.chunks();
                    launch(stream, op, in, piece, walk, part, sharing, outputs, 1);
                }
                part = part.with(chunks * outputs, part.shape(), part.strides());
            }
            long[] shape = Axes.prepend(parts, out.shape());
            boolean[] first = new boolean[shape.length];
            first[0] = true;
            reduce(
                    stream,
                    op,
                    DeviceTensor.dense(workspace.address(), type, shape),
                    first,
                    out.with(0, Axes.prepend(1, out.shape()), Axes.prepend(0, out.strides())),
                    divisor);
        }
    }

    private static Sharing sharing(
            Iteration kept, Iteration walk, DeviceTensor in, boolean divisible) {
        return walk == null
                ? new Sharing(true, 1, 8, (kept.count() - 1) / Sharing.THREADS + 1, 0, 1)
                : Sharing.of(kept, walk, in, divisible);
    }

    private void launch(
            CudaStream stream,
            String op,
            DeviceTensor in,
            Iteration kept,
            Iteration walk,
            DeviceTensor out,
            Sharing sharing,
            long part,
            long divisor) {
        CudaKernel kernel = reduce.get(in.type(), sharing.variant());
        long first = kept.offset(0) + (walk == null ? 0 : walk.offset(0));
        Arguments arguments =
                Arguments.start()
                        .pointer(in.address() + first * in.type().bytes())
                        .pointer(out.address() + kept.offset(1) * out.type().bytes());
        kept.vectorized(sharing.across() ? sharing.width() : 1).write(arguments);
        if (walk == null) {
            writeEmptyWalk(arguments);
        } else {
            walk.vectorized(sharing.across() ? 1 : sharing.width()).write(arguments);
        }
        arguments
                .int64(part)
                .int64(kept.innerStride(1))
                .int64(divisor)
                .int32(kernel.constant(ReductionKernels.constant("op", op)))
                .int32(kernel.constant("type" + out.type()))
                .int32(sharing.lanes())
                .int32(sharing.chunk());
        stream.launch(kernel, sharing.blocks(), sharing.chunks(), 1, 0, arguments);
    }

    /** Writes an {@code Indexer<1>} over nothing. */
    private static void writeEmptyWalk(Arguments arguments) {
        arguments.int32(0).int32(0);
        for (int i = 0; i < 8; i++) {
            arguments.int32(1).int32(1).int32(0);
        }
        for (int i = 0; i < 8; i++) {
            arguments.int64(0);
        }
    }

    /**
     * Writes the index of the largest or smallest element along an axis, the first among equals;
     * NaN counts as either.
     *
     * @param out I64, of length 1 along the axis
     * @throws IllegalArgumentException if the axis is empty
     */
    public void argReduce(
            CudaStream stream, boolean largest, DeviceTensor in, int axis, DeviceTensor out) {
        if (in.shape()[axis] == 0) {
            throw new IllegalArgumentException(
                    "The largest or smallest of no elements is undefined: axis "
                            + axis
                            + " has length 0.");
        }
        if (out.count() == 0) {
            return;
        }
        argReductions.reduce(stream, largest, in, axis, out);
    }

    /**
     * Writes the cumulative sums or products along an axis, each with its own element.
     *
     * @param op sum or product
     * @param out of in's type and shape, possibly the same view
     * @throws UnsupportedOperationException for other operations
     */
    public void scan(CudaStream stream, String op, DeviceTensor in, int axis, DeviceTensor out) {
        if (!op.equals("sum") && !op.equals("product")) {
            throw new UnsupportedOperationException(
                    "A scan is a cumulative SUM or PRODUCT, not "
                            + op.toUpperCase(Locale.ROOT)
                            + ".");
        }
        if (in.count() != 0) {
            scans.scan(stream, op, in, axis, out);
        }
    }

    /** Reduces the last axis to totals that are not rounded: out is F64 or I64. */
    void totals(CudaStream stream, String op, DeviceTensor in, DeviceTensor out) {
        boolean[] last = new boolean[in.rank()];
        last[last.length - 1] = true;
        reduce(stream, op, in, last, out, 1);
    }
}
