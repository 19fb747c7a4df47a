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
 * Scatter. Elements meet in one place only along the axis, so a line along it (at one place of the
 * other axes) is what has an order: a thread walks along it, or its indices are sorted first.
 */
final class Scatters {

    /** {@code kScatterThreads}. */
    static final int THREADS = 256;

    private static final int LOG_THREADS = 8;
    private static final int MOST_YZ = 65535;

    /** Threads walk along lines that are no longer than this. */
    private static final int SHORT = 32;

    /** Or than this, if there are many. */
    private static final int SHORT_OF_MANY = 1024;

    private static final int MANY_LINES = 1 << 14;

    private final CudaDevice device;
    private final Sorting sorting;

    Scatters(CudaDevice device) {
        this.device = device;
        sorting = new Sorting(device);
    }

    /**
     * One call, with the axes told apart: lines along which the index varies, and columns along
     * which it repeats.
     */
    private record Job(
            CudaStream stream,
            boolean accumulate,
            DeviceTensor source,
            int axis,
            DeviceTensor index,
            DeviceTensor out,
            boolean[] repeats) {

        long length() {
            return index.shape()[axis];
        }

        long size() {
            return out.shape()[axis];
        }

        /** Returns a tensor's entries for the axes of lines, or for those of columns. */
        long[] pick(long[] entries, boolean columns) {
            boolean[] flags = new boolean[entries.length];
            for (int i = 0; i < flags.length; i++) {
                flags[i] = i != axis && repeats[i] == columns;
            }
            return Axes.select(entries, flags, true);
        }
    }

    void scatter(
            CudaStream stream,
            boolean accumulate,
            DeviceTensor source,
            int axis,
            DeviceTensor index,
            DeviceTensor out) {
        boolean[] repeats = new boolean[index.rank()];
        for (int i = 0; i < repeats.length; i++) {
            repeats[i] = index.strides()[i] == 0 || index.shape()[i] == 1;
        }
        Job job = new Job(stream, accumulate, source, axis, index, out, repeats);
        long lines = Axes.count(job.pick(index.shape(), false));
        if (isSerial(lines, job.length())) {
            try (IndexCheck check = new IndexCheck(stream, index)) {
                apply(job, "serial", 0, 0, false, check.address());
                check.verify(axis, job.size());
            }
        } else {
            sorted(job, lines);
        }
    }

    /** Returns whether threads walk along lines, rather than along what sorting brings together. */
    static boolean isSerial(long lines, long length) {
        return length <= SHORT || lines >= MANY_LINES && length <= SHORT_OF_MANY;
    }

    private void sorted(Job job, long lines) {
        boolean wide = job.size() > Integer.MAX_VALUE;
        ElementType type = wide ? ElementType.I64 : ElementType.I32;
        long count = lines * job.length();
        // Of an index that repeats, one element stands for all.
        long[] shape = job.index.shape().clone();
        long[] lineStrides = Axes.denseStrides(job.pick(shape, false));
        long[] strides = new long[shape.length];
        for (int i = 0, line = 0; i < shape.length; i++) {
            if (i == job.axis) {
                strides[i] = 1;
            } else if (job.repeats[i]) {
                shape[i] = 1;
            } else {
                strides[i] = lineStrides[line++] * job.length();
            }
        }
        DeviceTensor distinct = job.index.with(0, shape, job.index.strides());
        CudaStream stream = job.stream;
        try (IndexCheck check = new IndexCheck(stream, distinct);
                Workspace found = stream.workspace(count * type.bytes());
                Workspace ordered = stream.workspace(count * type.bytes());
                Workspace order = stream.workspace(count * Long.BYTES)) {
            locate(job, distinct, strides, found.address(), wide, check.address());
            long length = job.length();
            sorting.sort(
                    stream,
                    false,
                    DeviceTensor.dense(found.address(), type, lines, length),
                    1,
                    DeviceTensor.dense(ordered.address(), type, lines, length),
                    DeviceTensor.dense(order.address(), ElementType.I64, lines, length));
            apply(job, "sorted", ordered.address(), order.address(), wide, 0);
            check.verify(job.axis, job.size());
        }
    }

    /** Writes the place that each index means, line by line. */
    private void locate(
            Job job, DeviceTensor distinct, long[] strides, long to, boolean wide, long error) {
        CudaKernel kernel = device.kernel("scatter_places");
        int bytes = wide ? Long.BYTES : Integer.BYTES;
        long first = 0;
        for (Iteration walk : Iteration.inOrder(distinct.shape(), distinct.strides(), strides)) {
            Arguments arguments =
                    Arguments.start()
                            .pointer(distinct.address() + walk.offset(0) * Long.BYTES)
                            .pointer(to + walk.offset(1) * bytes)
                            .pointer(error);
            walk.write(arguments).int64(job.size()).int64(first).int32(wide ? 1 : 0);
            job.stream.launch(kernel, (walk.count() - 1) / kernel.threads() + 1, arguments);
            first += walk.count();
        }
    }

    /**
     * Moves or adds the elements.
     *
     * @param sortedPlaces where each line's places in order stand, or 0
     * @param order where their positions along the axis stand, or 0
     * @param error where the position of an index outside goes, or 0
     */
    private void apply(
            Job job, String way, long sortedPlaces, long order, boolean wide, long error) {
        DeviceTensor source = job.source;
        DeviceTensor out = job.out;
        long[] positions = Axes.denseStrides(job.index.shape());
        List<Iteration> columns =
                Iteration.of(
                        job.pick(job.index.shape(), true),
                        job.pick(source.strides(), true),
                        job.pick(out.strides(), true));
        long done = 0;
        for (Iteration lines :
                Iteration.inOrder(
                        job.pick(job.index.shape(), false),
                        job.pick(source.strides(), false),
                        job.pick(out.strides(), false),
                        job.pick(job.index.strides(), false),
                        job.pick(positions, false))) {
            for (Iteration column : columns) {
                int bytes = out.type().bytes();
                int width = job.accumulate ? 1 : width(job, lines, column);
                String action =
                        job.accumulate ? "add_" + out.type().suffix() : "b" + 8 * width * bytes;
                CudaKernel kernel = device.kernel("scatter_" + action + "_" + way);
                long before = done * job.length();
                Arguments arguments =
                        Arguments.start()
                                .pointer(source.address() + start(lines, column, 0) * bytes)
                                .pointer(out.address() + start(lines, column, 1) * bytes)
                                .pointer(job.index.address() + lines.offset(2) * Long.BYTES)
                                .pointer(
                                        sortedPlaces + before * (wide ? Long.BYTES : Integer.BYTES))
                                .pointer(order + before * Long.BYTES)
                                .pointer(error);
                lines.write(arguments);
                Iteration units = column.vectorized(width);
                units.write(arguments);
                int lanes = Math.min(LOG_THREADS, Sharing.ceilLog(units.count()));
                arguments
                        .int64(job.size())
                        .int64(source.strides()[job.axis])
                        .int64(out.strides()[job.axis])
                        .int64(job.index.strides()[job.axis])
                        .int64(positions[job.axis])
                        .int64(job.length())
                        .int64(lines.offset(3))
                        .int32(bytes)
                        .int32(lanes)
                        .int32(wide ? 1 : 0);
                boolean serial = sortedPlaces == 0;
                job.stream.launch(
                        kernel,
                        (units.count() - 1 >> lanes) + 1,
                        blocks(serial ? lines.count() : job.length(), LOG_THREADS - lanes),
                        serial ? 1 : blocks(lines.count(), 0),
                        0,
                        arguments);
            }
            done += lines.count();
        }
    }

    private static long start(Iteration lines, Iteration column, int tensor) {
        return lines.offset(tensor) + column.offset(tensor);
    }

    private static int blocks(long items, int logItems) {
        return (int) Math.min(MOST_YZ, (items - 1 >> logItems) + 1);
    }

    /** Returns the neighbouring columns that can be moved at once. */
    private static int width(Job job, Iteration lines, Iteration column) {
        if (column.innerStride(0) != 1 || column.innerStride(1) != 1) {
            return 1;
        }
        int most = Indexing.UNIT_BYTES / job.out.type().bytes();
        int width = column.vector(most, job.source, job.out);
        while (!divides(width, job, lines)) {
            width /= 2;
        }
        return width;
    }

    private static boolean divides(int width, Job job, Iteration lines) {
        boolean divides =
                job.source.strides()[job.axis] % width == 0
                        && job.out.strides()[job.axis] % width == 0;
        for (int tensor = 0; tensor < 2; tensor++) {
            divides &= lines.offset(tensor) % width == 0;
            for (int i = 0; i < lines.rank(); i++) {
                divides &= lines.stride(tensor, i) % width == 0;
            }
        }
        return divides;
    }
}
