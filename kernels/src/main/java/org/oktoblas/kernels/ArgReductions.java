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

/** Finds where along an axis the largest or smallest elements lie. */
final class ArgReductions {

    private static final Results FINAL = new Results(0, 0, 0, 0);

    private final ReductionKernels kernels;

    ArgReductions(CudaDevice device) {
        kernels = new ReductionKernels(device, "argreduce", Sharing.VARIANTS);
    }

    /**
     * What a launch gives beside indices, and what it takes.
     *
     * @param part the outputs between one chunk's part and the next
     * @param keys where the parts' keys go; 0 for final results
     * @param positions where the indices of the elements stand, when parts are reduced; else 0
     * @param first the index of the first element
     */
    private record Results(long part, long keys, long positions, long first) {}

    /** Reduces an axis that is not empty to the index of an element; out has some. */
    void reduce(CudaStream stream, boolean largest, DeviceTensor in, int axis, DeviceTensor out) {
        long[] keptShape = Axes.without(in.shape(), axis);
        long[] keptIn = Axes.without(in.strides(), axis);
        long[] keptOut = Axes.without(out.strides(), axis);
        List<Iteration> walks = walks(in.shape()[axis], in.strides()[axis]);
        List<Iteration> kept = Iteration.of(keptShape, keptIn, keptOut);
        boolean whole = walks.size() == 1;
        for (int i = 0; i < kept.size() && whole; i++) {
            whole = Sharing.of(kept.get(i), walks.get(0), in, kept.size() == 1).chunks() == 1;
        }
        if (whole) {
            for (Iteration piece : kept) {
                Sharing sharing = Sharing.of(piece, walks.get(0), in, false);
                launch(stream, largest, in, piece, walks.get(0), out, sharing, FINAL);
            }
        } else {
            reduceParts(stream, largest, in, keptShape, keptIn, walks, out, keptOut);
        }
    }

    private static List<Iteration> walks(long length, long stride) {
        return Iteration.inOrder(new long[] {length}, new long[] {stride});
    }

    /** Reduces to parts, each a key and an index, and these to the outputs. */
    private void reduceParts(
            CudaStream stream,
            boolean largest,
            DeviceTensor in,
            long[] keptShape,
            long[] keptIn,
            List<Iteration> walks,
            DeviceTensor out,
            long[] keptOut) {
        long outputs = Axes.count(keptShape);
        long[] dense = Axes.denseStrides(keptShape);
        List<Iteration> kept = Iteration.of(keptShape, keptIn, dense);
        boolean divisible = kept.size() == 1;
        long parts = 0;
        for (Iteration walk : walks) {
            parts += divisible ? Sharing.of(kept.get(0), walk, in, true).chunks() : 1;
        }
        long bytes = parts * outputs * Long.BYTES;
        try (Workspace workspace = stream.workspace(2 * bytes)) {
            DeviceTensor keys =
                    DeviceTensor.dense(workspace.address(), ElementType.I64, parts, outputs);
            DeviceTensor indices = keys.with(parts * outputs, keys.shape(), keys.strides());
            long done = 0;
            long first = 0;
            for (Iteration walk : walks) {
                DeviceTensor part = indices.with(done * outputs, keys.shape(), keys.strides());
                int chunks = 1;
                for (Iteration piece : kept) {
                    Sharing sharing = Sharing.of(piece, walk, in, divisible);
                    chunks = sharing.chunks();
                    long to = (done * outputs + piece.offset(1)) * Long.BYTES;
                    Results results = new Results(outputs, keys.address() + to, 0, first);
                    launch(stream, largest, in, piece, walk, part, sharing, results);
                }
                done += chunks;
                first += walk.count();
            }
            Iteration all = walks(parts, outputs).get(0);
            for (Iteration piece : Iteration.of(keptShape, dense, keptOut)) {
                Sharing sharing = Sharing.of(piece, all, keys, false);
                long positions = indices.address() + piece.offset(0) * Long.BYTES;
                Results results = new Results(0, 0, positions, 0);
                launch(stream, true, keys, piece, all, out, sharing, results);
            }
        }
    }

    private void launch(
            CudaStream stream,
            boolean largest,
            DeviceTensor in,
            Iteration kept,
            Iteration walk,
            DeviceTensor out,
            Sharing sharing,
            Results results) {
        CudaKernel kernel = kernels.get(in.type(), sharing.variant());
        int width = sharing.across() ? 1 : sharing.width();
        long first = kept.offset(0) + walk.offset(0);
        Arguments arguments =
                Arguments.start()
                        .pointer(in.address() + first * in.type().bytes())
                        .pointer(out.address() + kept.offset(1) * Long.BYTES)
                        .pointer(results.keys)
                        .pointer(results.positions);
        kept.vectorized(sharing.across() ? sharing.width() : 1).write(arguments);
        arguments
                .int64(walk.innerStride(0) * width)
                .int64(results.first)
                .int64(results.part)
                .int64(kept.innerStride(1))
                .int32(largest ? 0 : 1)
                .int32(sharing.lanes())
                .int32(walk.count() / width)
                .int32(sharing.chunk());
        stream.launch(kernel, sharing.blocks(), sharing.chunks(), 1, 0, arguments);
    }
}
