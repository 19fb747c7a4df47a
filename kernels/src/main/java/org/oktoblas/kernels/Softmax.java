package org.oktoblas.kernels;

import java.util.List;
import org.oktoblas.cuda.Arguments;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Iteration;
import org.oktoblas.cuda.Workspace;

/** Softmax of one element type. */
final class Softmax {

    /** Threads that share a column at most. */
    private static final int MOST_COLUMN_BITS = 3;

    private final RowKernels kernels;
    private final CudaKernel column;
    private final Elementwise elementwise;
    private final int multiprocessors;

    Softmax(CudaDevice device, Elementwise elementwise, ElementType type) {
        // Doubles take so long to compute that reading them twice costs nothing.
        kernels = new RowKernels(device, "softmax", type, type != ElementType.F64);
        column = kernels.kernel("column");
        this.elementwise = elementwise;
        multiprocessors = device.properties().multiprocessors();
    }

    void run(CudaStream stream, boolean logarithm, DeviceTensor in, int axis, DeviceTensor out) {
        int count = RowKernels.length(in.shape()[axis]);
        if (count > 1 && Axes.isOuter(in, axis)) {
            long rows = in.count() / count;
            int bits = columnBits(count, kernels.columnHeld());
            long blocks = (rows - 1) / (column.threads() >> bits) + 1;
            if (blocks >= multiprocessors || count <= kernels.columnHeld() << bits) {
                columns(stream, logarithm, in, axis, out, bits);
            } else {
                // A few long columns would leave most of the chip idle; as rows they can be split.
                turned(stream, logarithm, in, axis, out);
            }
        } else {
            rows(stream, logarithm, in, axis, out);
        }
    }

    /** Returns the logarithm of how many threads share a column. */
    static int columnBits(int count, int held) {
        int bits = 0;
        while (bits < MOST_COLUMN_BITS && held << bits < count) {
            bits++;
        }
        return bits;
    }

    private static List<Iteration> walks(DeviceTensor in, int axis, DeviceTensor out) {
        return Iteration.of(
                Axes.without(in.shape(), axis),
                Axes.without(out.strides(), axis),
                Axes.without(in.strides(), axis));
    }

    private void columns(
            CudaStream stream,
            boolean logarithm,
            DeviceTensor in,
            int axis,
            DeviceTensor out,
            int bits) {
        for (Iteration walk : walks(in, axis, out)) {
            Arguments arguments =
                    arguments(walk, logarithm, in, axis, out)
                            .int32(bits)
                            .int32(0)
                            .int32(0)
                            .int32(0)
                            .pointer(0);
            int blocks = RowKernels.blocks(walk.count(), column.threads() >> bits);
            stream.launch(column, blocks, arguments);
        }
    }

    private void turned(
            CudaStream stream, boolean logarithm, DeviceTensor in, int axis, DeviceTensor out) {
        try (Temporaries temporaries = new Temporaries(stream, elementwise)) {
            long[] shape = Axes.append(Axes.without(in.shape(), axis), in.shape()[axis]);
            DeviceTensor rows = temporaries.copy(lastAxis(in, axis), in.type());
            rows(stream, logarithm, rows, shape.length - 1, rows);
            elementwise.copy(stream, rows, lastAxis(out, axis));
        }
    }

    /** Returns a view of which an axis has become the last. */
    private static DeviceTensor lastAxis(DeviceTensor tensor, int axis) {
        return tensor.with(
                0,
                Axes.append(Axes.without(tensor.shape(), axis), tensor.shape()[axis]),
                Axes.append(Axes.without(tensor.strides(), axis), tensor.strides()[axis]));
    }

    private void rows(
            CudaStream stream, boolean logarithm, DeviceTensor in, int axis, DeviceTensor out) {
        int count = RowKernels.length(in.shape()[axis]);
        long inStride = stride(in, axis);
        for (Iteration walk : walks(in, axis, out)) {
            RowPlan plan = kernels.plan(walk, out, in, inStride, count);
            if (plan.way() == RowPlan.Way.SPLIT) {
                split(stream, logarithm, walk, in, axis, out, plan);
                continue;
            }
            CudaKernel kernel = kernels.whole(plan);
            Arguments arguments =
                    arguments(walk, logarithm, in, axis, out)
                            .int32(plan.groupBits())
                            .int32(plan.vectors())
                            .int32(0)
                            .int32(0)
                            .pointer(0);
            int rowsPerBlock = kernel.threads() >> plan.groupBits();
            stream.launch(kernel, RowKernels.blocks(walk.count(), rowsPerBlock), arguments);
        }
    }

    private void split(
            CudaStream stream,
            boolean logarithm,
            Iteration walk,
            DeviceTensor in,
            int axis,
            DeviceTensor out,
            RowPlan plan) {
        int blocks = Math.multiplyExact(walk.count(), plan.slices());
        try (Workspace partial = stream.workspace(2L * blocks * kernels.wideBytes())) {
            for (CudaKernel kernel : List.of(kernels.partial, kernels.finish)) {
                Arguments arguments =
                        arguments(walk, logarithm, in, axis, out)
                                .int32(0)
                                .int32(0)
                                .int32(plan.slice())
                                .int32(plan.slices())
                                .pointer(partial.address());
                stream.launch(kernel, blocks, arguments);
            }
        }
    }

    /** Writes {@code SoftmaxParams} up to what depends on the kernel. */
    private static Arguments arguments(
            Iteration walk, boolean logarithm, DeviceTensor in, int axis, DeviceTensor out) {
        Arguments arguments =
                Arguments.start()
                        .pointer(RowKernels.at(out, walk, 0))
                        .pointer(RowKernels.at(in, walk, 1));
        return walk.write(arguments)
                .int64(stride(out, axis))
                .int64(stride(in, axis))
                .int32((int) in.shape()[axis])
                .int32(logarithm ? 1 : 0);
    }

    /** Returns a stride; where there is a single element, that of tensors without gaps. */
    private static long stride(DeviceTensor tensor, int axis) {
        return tensor.shape()[axis] == 1 ? 1 : tensor.strides()[axis];
    }
}
