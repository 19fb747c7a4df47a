package org.oktoblas.kernels;

import org.oktoblas.cuda.Arguments;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.Iteration;
import org.oktoblas.cuda.Workspace;

/**
 * Stable sorting and top-k along an axis, for all element types and layouts.
 *
 * <p>Lines that fit a tile are sorted by one block, several at once if they are short. Of longer
 * ones, blocks sort tiles; if few elements are kept, tiles of what was kept are sorted again until
 * one is left, else pairs of runs are merged.
 */
public final class Sorting {

    /** {@code kSortTile}. */
    static final int TILE = 2048;

    /** The longest axis: filled up to whole tiles, it is still counted by an int. */
    private static final long LONGEST = Integer.MAX_VALUE / TILE * TILE;

    private final CudaDevice device;
    private final Elementwise elementwise;
    private final CudaKernel[] tiles = new CudaKernel[2];
    private final CudaKernel[] merge = new CudaKernel[2];

    /** Makes the operations of a device. */
    public Sorting(CudaDevice device) {
        this.device = device;
        elementwise = new Elementwise(device);
    }

    /** One call's arguments. */
    private record Job(
            CudaStream stream,
            boolean descending,
            DeviceTensor in,
            int axis,
            DeviceTensor values,
            DeviceTensor indices) {

        boolean isWide() {
            return in.type().bytes() == Long.BYTES;
        }

        /** The bytes of a key with its index. */
        int elementBytes() {
            return isWide() ? 16 : 8;
        }

        int length() {
            return (int) in.shape()[axis];
        }

        int keep() {
            return (int) values.shape()[axis];
        }
    }

    /**
     * What a launch reads and writes.
     *
     * @param from where candidates stand, or 0 for the input's elements
     * @param to where runs go, or 0 for the outputs
     * @param length the elements or candidates of a line
     * @param span those that a block sorts, or the length of a run that is merged
     * @param parts the blocks of a line
     * @param keep the elements kept of a run, or of a line
     * @param rows the lines that a block sorts at once
     */
    private record Pass(long from, long to, int length, int span, int parts, int keep, int rows) {}

    /**
     * Sorts along an axis, NaN as the largest, zeros of both signs equal, and keeps the first
     * elements. Equal elements keep their order, descending too.
     *
     * @param values of in's type; as long as indices along the axis, and at most as in
     * @param indices I64
     * @throws UnsupportedOperationException if the axis has 2^31 - 2048 elements or more
     */
    public void sort(
            CudaStream stream,
            boolean descending,
            DeviceTensor in,
            int axis,
            DeviceTensor values,
            DeviceTensor indices) {
        if (values.count() == 0) {
            return;
        }
        long length = in.shape()[axis];
        if (length > LONGEST) {
            throw new UnsupportedOperationException(
                    "Cannot sort along an axis of "
                            + length
                            + " elements; the most are "
                            + LONGEST
                            + ".");
        }
        boolean inPlace = values.address() == in.address() || indices.address() == in.address();
        if (length > TILE && inPlace) {
            // The last launch reads from the input what its other blocks write.
            try (Workspace copy = stream.workspace(in.count() * in.type().bytes())) {
                DeviceTensor apart = DeviceTensor.dense(copy.address(), in.type(), in.shape());
                elementwise.copy(stream, in, apart);
                sort(new Job(stream, descending, apart, axis, values, indices));
            }
            return;
        }
        sort(new Job(stream, descending, in, axis, values, indices));
    }

    private void sort(Job job) {
        int axis = job.axis;
        for (Iteration lines :
                Iteration.of(
                        Axes.without(job.in.shape(), axis),
                        Axes.without(job.in.strides(), axis),
                        Axes.without(job.values.strides(), axis),
                        Axes.without(job.indices.strides(), axis))) {
            if (job.length() <= TILE) {
                int rows = Math.min(TILE / job.length(), lines.count());
                Pass pass = new Pass(0, 0, job.length(), job.length(), 1, job.keep(), rows);
                launch(job, lines, false, pass);
            } else if (job.keep() <= TILE / 2) {
                select(job, lines);
            } else {
                merge(job, lines);
            }
        }
    }

    /** Sorts tiles, keeps the first of each, and so on with what was kept. */
    private void select(Job job, Iteration lines) {
        int keep = job.keep();
        int parts = parts(job.length(), TILE);
        int groups = parts(parts, TILE / keep);
        long bytes = (long) lines.count() * keep * job.elementBytes();
        try (Workspace even = job.stream.workspace(bytes * parts);
                Workspace odd = job.stream.workspace(groups == 1 ? 0 : bytes * groups)) {
            long from = 0;
            long to = even.address();
            int length = job.length();
            int span = TILE;
            while (parts > 1) {
                launch(job, lines, false, new Pass(from, to, length, span, parts, keep, 1));
                length = parts * keep;
                span = TILE / keep * keep;
                parts = parts(length, span);
                from = to;
                to = from == even.address() ? odd.address() : even.address();
            }
            launch(job, lines, false, new Pass(from, 0, length, span, 1, keep, 1));
        }
    }

    /** Sorts tiles and merges them, filled up to whole tiles with what sorts last. */
    private void merge(Job job, Iteration lines) {
        int tileCount = parts(job.length(), TILE);
        int length = tileCount * TILE;
        long bytes = (long) lines.count() * length * job.elementBytes();
        try (Workspace even = job.stream.workspace(bytes);
                Workspace odd = job.stream.workspace(tileCount <= 2 ? 0 : bytes)) {
            long from = even.address();
            long to = odd.address();
            launch(job, lines, false, new Pass(0, from, job.length(), TILE, tileCount, TILE, 1));
            long run = TILE;
            for (; 2 * run < length; run *= 2) {
                Pass pass = new Pass(from, to, length, (int) run, tileCount, TILE, 1);
                launch(job, lines, true, pass);
                long swapped = from;
                from = to;
                to = swapped;
            }
            int parts = parts(job.keep(), TILE);
            Pass pass = new Pass(from, 0, length, (int) run, parts, job.keep(), 1);
            launch(job, lines, true, pass);
        }
    }

    private static int parts(int length, int span) {
        return (length - 1) / span + 1;
    }

    private void launch(Job job, Iteration lines, boolean merging, Pass pass) {
        CudaKernel kernel = kernel(merging ? merge : tiles, merging, job.isWide());
        int bytes = job.in.type().bytes();
        Arguments arguments =
                Arguments.start()
                        .pointer(job.in.address() + lines.offset(0) * bytes)
                        .pointer(pass.from)
                        .pointer(pass.to)
                        .pointer(job.values.address() + lines.offset(1) * bytes)
                        .pointer(job.indices.address() + lines.offset(2) * Long.BYTES);
        lines.write(arguments);
        arguments
                .int64(job.in.strides()[job.axis])
                .int64(job.values.strides()[job.axis])
                .int64(job.indices.strides()[job.axis])
                .int32(pass.length)
                .int32(pass.span)
                .int32(pass.parts)
                .int32(pass.keep)
                .int32(pass.rows)
                .int32(Axes.isOuter(job.in, job.axis) ? 1 : 0)
                .int32(kernel.constant("type" + job.in.type()))
                .int32(job.descending ? 1 : 0);
        int blocks = parts(lines.count(), pass.rows);
        job.stream.launch(kernel, Math.multiplyExact(blocks, pass.parts), arguments);
    }

    private CudaKernel kernel(CudaKernel[] found, boolean merging, boolean wide) {
        int i = wide ? 1 : 0;
        if (found[i] == null) {
            // Two threads may both get here, and find the same.
            found[i] =
                    device.kernel(
                            (merging ? "sort_merge_" : "sort_tiles_") + (wide ? "n64" : "n32"));
        }
        return found[i];
    }
}
