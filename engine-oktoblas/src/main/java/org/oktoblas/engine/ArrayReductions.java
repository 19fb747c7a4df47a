package org.oktoblas.engine;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Consumer;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/** Reductions along axes, sums and the like, and cumulative ones. */
abstract class ArrayReductions extends ArrayMath {

    private static final int[] NO_AXES = {};

    ArrayReductions(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    /** Reduces the given axes, or all if none is given, computing in a data type. */
    private OktoNDArray reduce(ReduceOp op, int[] axes, boolean keepDims, DataType type) {
        try (Operation operation = operation()) {
            Tensor in = operation.read(this, type);
            return operation.result(reduce(operation, op, in, axes, keepDims));
        }
    }

    /** As {@link #reduce(ReduceOp, int[], boolean, DataType)}, within an operation. */
    final Tensor reduce(Operation operation, ReduceOp op, Tensor in, int[] axes, boolean keepDims) {
        return reduce(
                operation, op, in, axes, keepDims, out -> operation.backend.reduce(op, in, out));
    }

    /** As that, with the reduction itself given. */
    private Tensor reduce(
            Operation operation,
            ReduceOp op,
            Tensor in,
            int[] axes,
            boolean keepDims,
            Consumer<Tensor> reduction) {
        boolean[] reduced = reduced(axes, in.layout().rank());
        long[] kept = in.layout().shape();
        int left = 0;
        for (int i = 0; i < kept.length; i++) {
            if (reduced[i]) {
                checkNotEmpty(op, kept[i]);
                kept[i] = 1;
            } else {
                left++;
            }
        }
        Tensor out = operation.create(kept, in.dataType());
        reduction.accept(out);
        if (keepDims) {
            return out;
        }
        long[] shape = new long[left];
        int axis = 0;
        for (int i = 0; i < kept.length; i++) {
            if (!reduced[i]) {
                shape[axis++] = kept[i];
            }
        }
        return out.with(out.layout().reshape(shape));
    }

    private void checkNotEmpty(ReduceOp op, long length) {
        if (length == 0 && (op == ReduceOp.MAX || op == ReduceOp.MIN)) {
            throw new IllegalArgumentException(
                    "An NDArray of shape "
                            + getShape()
                            + " has no "
                            + op.name().toLowerCase(Locale.ROOT)
                            + ": the reduced axis is empty.");
        }
    }

    private boolean[] reduced(int[] axes, int rank) {
        boolean[] reduced = new boolean[rank];
        if (axes.length == 0) {
            Arrays.fill(reduced, true);
        }
        for (int axis : axes) {
            int i = axis(axis);
            if (i < rank) {
                reduced[i] = true;
            }
        }
        return reduced;
    }

    final DataType floatingOnly(String operation) {
        DataType type = getDataType();
        if (!type.isFloating()) {
            throw new IllegalArgumentException(
                    "NDArray."
                            + operation
                            + " needs floating point elements, but these are "
                            + type
                            + ": convert them by toType first.");
        }
        return type;
    }

    @Override
    public OktoNDArray max() {
        return max(NO_AXES, false);
    }

    @Override
    public OktoNDArray max(int[] axes, boolean keepDims) {
        return reduce(ReduceOp.MAX, axes, keepDims, getDataType());
    }

    @Override
    public OktoNDArray min() {
        return min(NO_AXES, false);
    }

    @Override
    public OktoNDArray min(int[] axes, boolean keepDims) {
        return reduce(ReduceOp.MIN, axes, keepDims, getDataType());
    }

    /** Sums; integers and booleans give INT64. */
    @Override
    public OktoNDArray sum() {
        return sum(NO_AXES, false);
    }

    @Override
    public OktoNDArray sum(int[] axes, boolean keepDims) {
        return reduce(ReduceOp.SUM, axes, keepDims, Types.sum(getDataType()));
    }

    @Override
    public OktoNDArray prod() {
        return prod(NO_AXES, false);
    }

    @Override
    public OktoNDArray prod(int[] axes, boolean keepDims) {
        return reduce(ReduceOp.PRODUCT, axes, keepDims, Types.sum(getDataType()));
    }

    @Override
    public OktoNDArray mean() {
        return mean(NO_AXES, false);
    }

    @Override
    public OktoNDArray mean(int[] axes, boolean keepDims) {
        return reduce(ReduceOp.MEAN, axes, keepDims, floatingOnly("mean"));
    }

    @Override
    public OktoNDArray norm(boolean keepDims) {
        return norm(2, NO_AXES, keepDims);
    }

    @Override
    public OktoNDArray norm(int order, int[] axes, boolean keepDims) {
        DataType type = floatingOnly("norm");
        try (Operation operation = operation()) {
            Tensor in = operation.read(this, type);
            return operation.result(norm(operation, in, order, axes, keepDims));
        }
    }

    /** Returns whether each sum along axes is of a single element. */
    private boolean single(Tensor in, int[] axes) {
        boolean[] reduced = reduced(axes, in.layout().rank());
        for (int i = 0; i < reduced.length; i++) {
            if (reduced[i] && in.layout().size(i) != 1) {
                return false;
            }
        }
        return true;
    }

    private static void sumSquares(Operation operation, Tensor in, Tensor out) {
        if (!operation.backend.sumSquares(in, out)) {
            Tensor squares = operation.create(in.layout().shape(), in.dataType());
            operation.backend.unary(UnaryOp.SQUARE, in, squares);
            operation.backend.reduce(ReduceOp.SUM, squares, out);
        }
    }

    /** (Σ |x|^order)^(1/order), or the number of non-zeros for order 0. */
    private Tensor norm(
            Operation operation, Tensor array, double order, int[] axes, boolean keepDims) {
        // The squares of 16-bit floats would overflow.
        Tensor in = operation.cast(array, Types.wide(array.dataType()));
        if (order == 2 && !single(in, axes)) {
            Tensor sums =
                    reduce(
                            operation,
                            ReduceOp.SUM,
                            in,
                            axes,
                            keepDims,
                            out -> sumSquares(operation, in, out));
            operation.backend.unary(UnaryOp.SQRT, sums, sums);
            return operation.cast(sums, array.dataType());
        }
        Tensor powers = operation.create(in.layout().shape(), in.dataType());
        if (order > 0 && single(in, axes)) {
            // Without squares, which may overflow.
            operation.backend.unary(UnaryOp.ABS, in, powers);
            Tensor sizes = reduce(operation, ReduceOp.SUM, powers, axes, keepDims);
            return operation.cast(sizes, array.dataType());
        }
        if (order == 0) {
            Tensor nonzero = operation.create(in.layout().shape(), DataType.BOOLEAN);
            operation.backend.binary(BinaryOp.NOT_EQUAL, in, Scalar.of(0), nonzero);
            operation.backend.copy(nonzero, powers);
        } else {
            operation.backend.unary(UnaryOp.ABS, in, powers);
            if (order != 1) {
                operation.backend.binary(BinaryOp.POWER, powers, Scalar.of(order), powers);
            }
        }
        Tensor sums = reduce(operation, ReduceOp.SUM, powers, axes, keepDims);
        if (order != 0 && order != 1) {
            operation.backend.binary(BinaryOp.POWER, sums, Scalar.of(1 / order), sums);
        }
        return operation.cast(sums, array.dataType());
    }

    /** Divides by the norm along an axis, or by eps where the norm is smaller. */
    @Override
    public OktoNDArray normalize(double exponent, long dim, double eps) {
        DataType type = floatingOnly("normalize");
        int axis = axis(dim);
        try (Operation operation = operation()) {
            Tensor in = operation.read(this, type);
            Tensor norm = norm(operation, in, exponent, new int[] {axis}, true);
            operation.backend.binary(BinaryOp.MAXIMUM, norm, Scalar.of(eps), norm);
            Tensor out = operation.create(in.layout().shape(), type);
            operation.backend.binary(BinaryOp.DIVIDE, in, stretch(norm, in.layout().shape()), out);
            return operation.result(out);
        }
    }

    private OktoNDArray scan(ReduceOp op, int axis, DataType type) {
        try (Operation operation = operation()) {
            Tensor in = operation.read(this, type);
            if (in.layout().rank() == 0) {
                axis(axis);
                return operation.result(operation.copy(in, type));
            }
            Tensor out = operation.create(in.layout().shape(), type);
            operation.backend.scan(op, in, axis(axis), out);
            return operation.result(out);
        }
    }

    /** Cumulative sum along the first axis. */
    @Override
    public OktoNDArray cumSum() {
        if (isScalar()) {
            return view(layout().reshape(1));
        }
        if (!isEmpty()) {
            return cumSum(0);
        }
        try (Operation operation = operation()) {
            return operation.result(operation.create(new long[] {0}, getDataType()));
        }
    }

    @Override
    public OktoNDArray cumSum(int axis) {
        return scan(ReduceOp.SUM, axis, Types.sum(getDataType()));
    }

    @Override
    public OktoNDArray cumProd(int axis) {
        return scan(ReduceOp.PRODUCT, axis, Types.sum(getDataType()));
    }

    @Override
    public OktoNDArray cumProd(int axis, DataType dataType) {
        return scan(ReduceOp.PRODUCT, axis, Types.supported(dataType));
    }
}
