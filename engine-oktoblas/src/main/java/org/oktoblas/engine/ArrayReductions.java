package org.oktoblas.engine;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Consumer;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/** Operations along axes: sums and the like, cumulative ones, the places of extremes, sorting. */
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

    @Override
    public OktoNDArray argMax() {
        return argReduce(true);
    }

    @Override
    public OktoNDArray argMax(int axis) {
        return argReduce(true, axis);
    }

    @Override
    public OktoNDArray argMin() {
        return argReduce(false);
    }

    @Override
    public OktoNDArray argMin(int axis) {
        return argReduce(false, axis);
    }

    private OktoNDArray argReduce(boolean largest) {
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            Tensor flat = operation.reshape(in, in.layout().count());
            return argReduce(operation, largest, flat, 0);
        }
    }

    private OktoNDArray argReduce(boolean largest, int axis) {
        int along = axis(axis);
        if (isScalar()) {
            return filled(0, DataType.INT64);
        }
        try (Operation operation = operation()) {
            return argReduce(operation, largest, operation.read(this), along);
        }
    }

    private OktoNDArray argReduce(Operation operation, boolean largest, Tensor in, int axis) {
        if (in.layout().size(axis) == 0) {
            throw new IllegalArgumentException(
                    "An NDArray of shape " + getShape() + " has no extreme: the axis is empty.");
        }
        long[] shape = in.layout().shape();
        shape[axis] = 1;
        Tensor out = operation.create(shape, DataType.INT64);
        operation.backend.argReduce(largest, in, axis, out);
        return operation.result(out.with(out.layout().dropAxis(axis)));
    }

    @Override
    public OktoNDArray sort() {
        return sort(-1);
    }

    @Override
    public OktoNDArray sort(int axis) {
        try (Operation operation = operation()) {
            return operation.result(sort(operation, false, axis, Long.MAX_VALUE)[0]);
        }
    }

    /** Indices that would sort an axis; equal elements keep their order, or lose it descending. */
    @Override
    public OktoNDArray argSort(int axis, boolean ascending) {
        try (Operation operation = operation()) {
            Tensor indices = sort(operation, false, axis, Long.MAX_VALUE)[1];
            if (ascending || indices.layout().rank() == 0 || indices.layout().count() == 0) {
                return operation.result(indices);
            }
            int along = axis(axis);
            long n = indices.layout().size(along);
            Tensor reversed = indices.with(indices.layout().slice(along, n - 1, n, -1));
            return operation.result(operation.copy(reversed, DataType.INT64));
        }
    }

    /**
     * The k largest or smallest elements along an axis and their INT64 indices. Unsorted, a small k
     * comes in order all the same, and a larger one as {@link Selector} leaves it.
     */
    @Override
    public NDList topK(int count, int axis, boolean largest, boolean sorted) {
        // An array without dimensions gives its element, however few are asked for.
        int k = isScalar() && count == 0 ? 1 : count;
        int along = axis(axis);
        long n = isScalar() ? 1 : layout().size(along);
        if (k < 0 || k > n) {
            throw new IllegalArgumentException(
                    "topK was asked for "
                            + k
                            + " elements, but axis "
                            + axis
                            + " of shape "
                            + getShape()
                            + " has "
                            + n
                            + ".");
        }
        try (Operation operation = operation()) {
            boolean select = !sorted && k * 64L > n && n > 1;
            Tensor[] both =
                    select
                            ? select(operation, operation.read(this), along, k, largest)
                            : sort(operation, largest, axis, k);
            return new NDList(operation.result(both[0]), operation.result(both[1]));
        }
    }

    private static Tensor[] select(
            Operation operation, Tensor in, int axis, int k, boolean largest) {
        int last = in.layout().rank() - 1;
        Tensor rows = in.with(in.layout().swap(axis, last));
        double[] values = HostElements.doubles(operation, rows);
        long[] shape = rows.layout().shape();
        int n = (int) shape[last];
        long[] found = new long[values.length / n * k];
        for (int row = 0; row * n < values.length; row++) {
            double[] one = Arrays.copyOfRange(values, row * n, (row + 1) * n);
            int[] order = new Selector(one, largest).select(k);
            for (int i = 0; i < k; i++) {
                found[row * k + i] = order[i];
            }
        }
        shape[last] = k;
        Tensor indices = HostElements.tensor(operation, found);
        indices = indices.with(indices.layout().reshape(shape).swap(axis, last));
        indices = operation.copy(indices, DataType.INT64);
        Tensor out = operation.create(indices.layout().shape(), in.dataType());
        if (found.length > 0) {
            operation.backend.gather(in, axis, indices, out);
        }
        return new Tensor[] {out, indices};
    }

    /** Returns at most {@code limit} sorted values and their indices. */
    private Tensor[] sort(Operation operation, boolean descending, int axis, long limit) {
        Tensor in = operation.read(this);
        int along = axis(axis);
        if (in.layout().rank() == 0) {
            in = in.with(in.layout().reshape(1));
            Tensor[] one = sort(operation, descending, in, 0, limit);
            return new Tensor[] {
                one[0].with(one[0].layout().dropAxis(0)), one[1].with(one[1].layout().dropAxis(0))
            };
        }
        return sort(operation, descending, in, along, limit);
    }

    private static Tensor[] sort(
            Operation operation, boolean descending, Tensor in, int axis, long limit) {
        long[] shape = in.layout().shape();
        shape[axis] = Math.min(limit, shape[axis]);
        Tensor values = operation.create(shape, in.dataType());
        Tensor indices = operation.create(shape, DataType.INT64);
        operation.backend.sort(descending, in, axis, values, indices);
        return new Tensor[] {values, indices};
    }
}
