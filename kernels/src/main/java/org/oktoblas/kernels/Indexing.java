package org.oktoblas.kernels;

import org.oktoblas.cuda.Arguments;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.Iteration;

/**
 * Gather and scatter along an axis. An index counts from the end where it is negative; what one
 * outside the axis names is neither read nor written.
 */
public final class Indexing {

    /** The most bytes that a thread moves at once. */
    static final int UNIT_BYTES = 16;

    private final CudaDevice device;
    private final CudaKernel[] gathers = new CudaKernel[UNIT_BYTES + 1];
    private final Scatters scatters;

    /** Makes the operations of a device. */
    public Indexing(CudaDevice device) {
        this.device = device;
        scatters = new Scatters(device);
    }

    /**
     * out[i0, …, ia, …] = in[i0, …, index[i0, …, ia, …], …], element by element and bit by bit.
     * Waits until the indices are known to be good.
     *
     * @param in of out's type and shape but for the axis
     * @param index I64, of out's shape; stride 0 along the last axis moves whole rows
     * @throws IndexOutOfBoundsException if an index is outside the axis
     */
    public void gather(
            CudaStream stream, DeviceTensor in, int axis, DeviceTensor index, DeviceTensor out) {
        if (out.count() == 0) {
            return;
        }
        try (IndexCheck check = new IndexCheck(stream, index)) {
            gather(stream, in, axis, index, out, check.address());
            check.verify(axis, in.shape()[axis]);
        }
    }

    private void gather(
            CudaStream stream,
            DeviceTensor in,
            int axis,
            DeviceTensor index,
            DeviceTensor out,
            long error) {
        int bytes = in.type().bytes();
        long stride = in.strides()[axis];
        long[] bases = in.strides().clone();
        bases[axis] = 0;
        long first = 0;
        for (Iteration walk :
                Iteration.inOrder(out.shape(), out.strides(), index.strides(), bases)) {
            int width = width(walk, stride, bytes, out, index, in);
            CudaKernel kernel = kernel(width * bytes);
            Arguments arguments =
                    Arguments.start()
                            .pointer(in.address() + walk.offset(2) * bytes)
                            .pointer(out.address() + walk.offset(0) * bytes)
                            .pointer(index.address() + walk.offset(1) * Long.BYTES)
                            .pointer(error);
            Iteration units = walk.vectorized(width);
            units.write(arguments)
                    .int64(in.shape()[axis])
                    .int64(stride)
                    .int64(first)
                    .int32(bytes)
                    .int32(width);
            int block = kernel.threads() * kernel.constant("gatherUnits");
            stream.launch(kernel, (units.count() - 1) / block + 1, arguments);
            first += walk.count();
        }
    }

    /** Returns the neighbours that share an index and can be moved at once. */
    private static int width(
            Iteration walk,
            long stride,
            int bytes,
            DeviceTensor out,
            DeviceTensor index,
            DeviceTensor in) {
        boolean rows =
                walk.innerStride(0) == 1 && walk.innerStride(1) == 0 && walk.innerStride(2) == 1;
        if (!rows) {
            return 1;
        }
        int width = walk.vector(UNIT_BYTES / bytes, out, index, in);
        while (stride % width != 0) {
            width /= 2;
        }
        return width;
    }

    private CudaKernel kernel(int unitBytes) {
        if (gathers[unitBytes] == null) {
            // Two threads may both get here, and find the same.
            gathers[unitBytes] = device.kernel("gather_b" + 8 * unitBytes);
        }
        return gathers[unitBytes];
    }

    /**
     * out[i0, …, index[i0, …, ia, …], …] = (or, when accumulating, +=) source[i0, …, ia, …]. Where
     * an index occurs more than once, sources follow each other in row-major order, and each sum is
     * rounded to the type; the last one wins. Waits until the indices are known to be good.
     *
     * @param source of out's type and of index's shape
     * @param index I64, as long as out but for the axis
     * @param out shares no memory with source
     * @throws IndexOutOfBoundsException if an index is outside the axis
     */
    public void scatter(
            CudaStream stream,
            boolean accumulate,
            DeviceTensor source,
            int axis,
            DeviceTensor index,
            DeviceTensor out) {
        if (source.count() != 0) {
            scatters.scatter(stream, accumulate, source, axis, index, out);
        }
    }
}
