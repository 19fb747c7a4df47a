package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/** Linear algebra: diagonals, traces, inverses, products of batches. */
abstract class ArrayLinear extends ArrayProducts {

    ArrayLinear(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    @Override
    public OktoNDArray diagonal() {
        return diagonal(0);
    }

    @Override
    public OktoNDArray diagonal(int offset) {
        return diagonal(offset, 0, 1);
    }

    /**
     * Returns a view of the diagonals of the planes of two axes, which one axis, the last,
     * replaces: element i is at (i, i + offset), or (i − offset, i) for a negative offset.
     */
    @Override
    public OktoNDArray diagonal(int offset, int axis1, int axis2) {
        Layout layout = layout();
        int row = axis(axis1);
        int column = axis(axis2);
        if (layout.rank() < 2 || row == column) {
            throw new IllegalArgumentException(
                    "A diagonal of axes "
                            + axis1
                            + " and "
                            + axis2
                            + " in an NDArray of shape "
                            + getShape()
                            + ": give two different axes.");
        }
        long down = Math.max(0, -(long) offset);
        long right = Math.max(0, (long) offset);
        long length = Math.min(layout.size(row) - down, layout.size(column) - right);
        length = Math.max(0, length);
        int rank = layout.rank() - 1;
        long[] shape = new long[rank];
        long[] strides = new long[rank];
        int next = 0;
        for (int i = 0; i <= rank; i++) {
            if (i != row && i != column) {
                shape[next] = layout.size(i);
                strides[next++] = layout.stride(i);
            }
        }
        shape[next] = length;
        strides[next] = layout.stride(row) + layout.stride(column);
        long skipped = down * layout.stride(row) + right * layout.stride(column);
        long start = layout.offset() + (length == 0 ? 0 : skipped);
        return view(new Layout(shape, strides, start));
    }

    /** Sums the diagonals of the planes of two axes; integers and booleans give INT64. */
    @Override
    public OktoNDArray trace(int offset, int axis1, int axis2) {
        try (OktoNDArray diagonal = diagonal(offset, axis1, axis2)) {
            return diagonal.sum(new int[] {-1}, false);
        }
    }

    /** Multiplies (B…, N, M) by (B…, M, K), with the same lengths B…, to (B…, N, K). */
    @Override
    public OktoNDArray batchDot(NDArray other) {
        long[] left = layout().shape();
        long[] right = other.getShape().getShape();
        int batch = left.length - 2;
        if (batch < 1
                || right.length != left.length
                || !Arrays.equals(left, 0, batch, right, 0, batch)
                || left[batch + 1] != right[batch]) {
            throw new IllegalArgumentException(
                    "batchDot needs shapes (B…, N, M) and (B…, M, K) with the same lengths B…, not "
                            + getShape()
                            + " and "
                            + other.getShape()
                            + ": matMul broadcasts, and takes fewer axes.");
        }
        return matMul(other);
    }

    /**
     * Inverts the matrices of the last two axes. They come to the processor and are solved there in
     * double precision.
     *
     * @throws IllegalArgumentException if they are not square, not floating point, or one of them
     *     has no inverse
     */
    @Override
    public OktoNDArray inverse() {
        DataType type = floatingOnly("inverse");
        int rank = rank();
        if (rank < 2 || layout().size(rank - 1) != layout().size(rank - 2)) {
            throw new IllegalArgumentException(
                    "inverse needs square matrices as the last two axes, but the shape is "
                            + getShape()
                            + ".");
        }
        int n = Math.toIntExact(layout().size(rank - 1));
        try (Operation operation = operation()) {
            double[] all = HostElements.doubles(operation, operation.read(this));
            int size = n * n;
            for (int i = 0; size > 0 && i < all.length / size; i++) {
                double[] one = Arrays.copyOfRange(all, i * size, (i + 1) * size);
                if (!new Gauss(one, n).invert()) {
                    throw new IllegalArgumentException(
                            "Matrix "
                                    + i
                                    + " of an NDArray of shape "
                                    + getShape()
                                    + " is singular and has no inverse.");
                }
                System.arraycopy(one, 0, all, i * size, size);
            }
            long[] shape = layout().shape();
            return operation.result(new TensorMath(operation).tensor(all, type, shape));
        }
    }
}
