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

/**
 * Cumulative sums and products. A line that is divided into chunks takes three launches or more:
 * the chunks' totals, their own cumulation, and the chunks, each continuing what came before it.
 */
final class Scans {

    private static final int ROWS = 0;
    private static final int LINES = 1;

    private final ReductionKernels kernels;
    private final Reductions reductions;

    Scans(CudaDevice device, Reductions reductions) {
        kernels = new ReductionKernels(device, "scan", "rows", "lines");
        this.reductions = reductions;
    }

    /** Scans a tensor that is not empty. */
    void scan(CudaStream stream, String op, DeviceTensor in, int axis, DeviceTensor out) {
        long[] shape = Axes.without(in.shape(), axis);
        long[] inStrides = Axes.without(in.strides(), axis);
        long[] outStrides = Axes.without(out.strides(), axis);
        long length = in.shape()[axis];
        long lines = Axes.count(shape);
        boolean inner = !Axes.isOuter(in, axis);
        ScanPlan plan =
                ScanPlan.of(
                        (int) Math.min(lines, Integer.MAX_VALUE),
                        length,
                        inner,
                        lines <= Integer.MAX_VALUE);
        if (plan.chunks() == 1) {
            // No tensor's memory is meant by the third walk.
            List<Iteration> pieces = Iteration.of(shape, inStrides, outStrides, outStrides);
            for (Iteration piece : pieces) {
                ScanPlan own = ScanPlan.of(piece.count(), length, inner, false);
                launch(stream, op, in, axis, out, piece, own, 0);
            }
            return;
        }
        long divided = plan.chunks() - 1;
        ElementType type = in.type().isFloating() ? ElementType.F64 : ElementType.I64;
        try (Workspace workspace = stream.workspace(lines * divided * Long.BYTES)) {
            DeviceTensor before =
                    DeviceTensor.dense(workspace.address(), type, Axes.append(shape, divided));
            long stride = in.strides()[axis];
            DeviceTensor chunks =
                    in.with(
                            0,
                            Axes.append(before.shape(), plan.chunk()),
                            Axes.append(Axes.append(inStrides, plan.chunk() * stride), stride));
            DeviceTensor totals =
                    before.with(
                            0, Axes.append(before.shape(), 1), Axes.append(before.strides(), 0));
            reductions.totals(stream, op, chunks, totals);
            scan(stream, op, before, before.rank() - 1, before);
            long[] beforeStrides = Axes.without(before.strides(), before.rank() - 1);
            for (Iteration piece : Iteration.of(shape, inStrides, outStrides, beforeStrides)) {
                launch(stream, op, in, axis, out, piece, plan, before.address());
            }
        }
    }

    private void launch(
            CudaStream stream,
            String op,
            DeviceTensor in,
            int axis,
            DeviceTensor out,
            Iteration lines,
            ScanPlan plan,
            long before) {
        CudaKernel kernel = kernels.get(in.type(), plan.alongLines() ? ROWS : LINES);
        int bytes = in.type().bytes();
        Arguments arguments =
                Arguments.start()
                        .pointer(in.address() + lines.offset(0) * bytes)
                        .pointer(out.address() + lines.offset(1) * bytes)
                        .pointer(before == 0 ? 0 : before + lines.offset(2) * Long.BYTES);
        lines.write(arguments);
        arguments
                .int64(in.shape()[axis])
                .int64(plan.chunk())
                .int64(in.strides()[axis])
                .int64(out.strides()[axis])
                .int32(op.equals("product") ? 1 : 0)
                .int32(out.type() == ElementType.BOOL ? 1 : 0)
                .int32(plan.lanes())
                .int32(plan.rows());
        stream.launch(kernel, plan.gridX(lines.count()), plan.gridY(), 1, 0, arguments);
    }
}
