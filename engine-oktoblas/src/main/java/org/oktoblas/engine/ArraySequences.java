package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.SparseFormat;
import java.util.Arrays;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/** Sequences along axes: differences, masks of padding, rotations. */
abstract class ArraySequences extends ArrayStatistics {

    ArraySequences(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    /**
     * Subtracts neighbours along an axis, n times, which shortens it by n; booleans differ or not.
     *
     * @throws IllegalArgumentException if n is negative or there are no axes
     */
    @Override
    public OktoNDArray diff(int n, int dim) {
        int along = axis(dim);
        if (n < 0 || isScalar()) {
            throw new IllegalArgumentException(
                    "diff of order "
                            + n
                            + " of an NDArray of shape "
                            + getShape()
                            + ": the order is not negative, and there must be an axis.");
        }
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            BinaryOp op =
                    in.dataType() == DataType.BOOLEAN ? BinaryOp.LOGICAL_XOR : BinaryOp.SUBTRACT;
            if (n == 0) {
                return operation.result(operation.copy(in, in.dataType()));
            }
            long[] shape = in.layout().shape();
            if (n >= shape[along]) {
                shape[along] = 0;
                return operation.result(operation.create(shape, in.dataType()));
            }
            Tensor left = in;
            Tensor spare = null;
            for (int i = 0; i < n; i++) {
                shape[along]--;
                // Steps between write to the memory of the last but one; the result has its own.
                Tensor out =
                        spare == null || i == n - 1
                                ? operation.create(shape, in.dataType())
                                : TensorMath.slice(spare, along, 0, shape[along]);
                operation.backend.binary(
                        op,
                        TensorMath.slice(left, along, 1, shape[along]),
                        TensorMath.slice(left, along, 0, shape[along]),
                        out);
                spare = i == 0 ? null : left;
                left = out;
            }
            return operation.result(left);
        }
    }

    @Override
    public OktoNDArray sequenceMask(NDArray sequenceLength) {
        return sequenceMask(sequenceLength, 0);
    }

    /**
     * Returns a copy, of shape (B, T, …), in which a value stands for what is behind the end of
     * each sequence.
     *
     * @param sequenceLength (B) numbers, of which the whole part counts
     * @throws IllegalArgumentException if the shapes are others
     */
    @Override
    public OktoNDArray sequenceMask(NDArray sequenceLength, float value) {
        Layout layout = layout();
        long[] lengths = sequenceLength.getShape().getShape();
        if (layout.rank() < 2 || lengths.length != 1 || lengths[0] != layout.size(0)) {
            throw new IllegalArgumentException(
                    "sequenceMask needs an NDArray of shape (B, T, …) and B lengths, not shapes "
                            + getShape()
                            + " and "
                            + sequenceLength.getShape()
                            + ".");
        }
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            Tensor ends = operation.read(sequenceLength, DataType.INT64);
            long[] plane = {layout.size(0), layout.size(1)};
            Tensor steps = operation.create(new long[] {1, plane[1]}, DataType.INT64);
            operation.backend.arange(Scalar.of(0), Scalar.of(1), steps);
            Tensor inside = operation.create(plane, DataType.BOOLEAN);
            operation.backend.binary(
                    BinaryOp.LESS,
                    stretch(steps, plane),
                    stretch(ends.with(ends.layout().insertAxis(1)), plane),
                    inside);
            Layout mask = inside.layout();
            for (int axis = 2; axis < layout.rank(); axis++) {
                mask = mask.insertAxis(axis);
            }
            long[] shape = layout.shape();
            Tensor out = operation.create(shape, in.dataType());
            operation.backend.where(stretch(inside.with(mask), shape), in, Scalar.of(value), out);
            return operation.result(out);
        }
    }

    /**
     * Rotates, in a copy, by a quarter turn from the first towards the second of two axes; negative
     * times turn the other way.
     *
     * @throws IllegalArgumentException unless two different axes are given
     */
    @Override
    public OktoNDArray rotate90(int times, int[] axes) {
        int rank = rank();
        if (axes.length != 2 || rank < 2 || axis(axes[0]) == axis(axes[1])) {
            throw new IllegalArgumentException(
                    "rotate90 of an NDArray of shape "
                            + getShape()
                            + " in the plane of axes "
                            + Arrays.toString(axes)
                            + ": give two different axes.");
        }
        int from = axis(axes[0]);
        int to = axis(axes[1]);
        int turns = Math.floorMod(times, 4);
        Layout layout = layout();
        if (turns == 1 || turns == 2) {
            layout = layout.reverse(to);
        }
        if (turns == 2 || turns == 3) {
            layout = layout.reverse(from);
        }
        if (turns % 2 == 1) {
            layout = layout.swap(from, to);
        }
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            return operation.result(operation.copy(in.with(layout), in.dataType()));
        }
    }

    /** Returns a copy: all arrays of this engine are dense. */
    @Override
    public OktoNDArray toDense() {
        return duplicate();
    }

    /** Refuses all formats but dense. */
    @Override
    @Refuses(value = Refusal.SPARSE, when = "the format is not DENSE")
    public OktoNDArray toSparse(SparseFormat fmt) {
        if (fmt == SparseFormat.DENSE) {
            return duplicate();
        }
        throw Unavailable.because("NDArray.toSparse(" + fmt + ")", Refusal.SPARSE);
    }
}
