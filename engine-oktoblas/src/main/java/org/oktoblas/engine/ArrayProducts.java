package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/** Matrix products, softmax and what else a network's layers are made of. */
abstract class ArrayProducts extends ArrayIndexing {

    ArrayProducts(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    /**
     * Multiplies matrices, the last two axes of each operand; the axes before them are broadcast.
     * An operand with one axis is a row on the left and a column on the right.
     */
    @Override
    public OktoNDArray matMul(NDArray other) {
        try (Operation operation = operation()) {
            Tensor a = operation.read(this);
            Tensor b = operation.read(other);
            return operation.result(multiply(operation, a, b, "matMul"));
        }
    }

    /** Multiplies (batch, M, K) by (batch, K, N). */
    @Override
    public OktoNDArray batchMatMul(NDArray other) {
        if (rank() != 3
                || other.getShape().dimension() != 3
                || layout().size(0) != other.getShape().get(0)) {
            throw new IllegalArgumentException(
                    "batchMatMul needs two arrays of three axes, the first of one length, not "
                            + getShape()
                            + " and "
                            + other.getShape()
                            + ".");
        }
        return matMul(other);
    }

    /** Multiplies two vectors, to a scalar, or two matrices. */
    @Override
    public OktoNDArray dot(NDArray other) {
        int rank = rank();
        if (rank != other.getShape().dimension() || rank > 2 || rank < 1) {
            throw new IllegalArgumentException(
                    "dot needs two vectors or two matrices, not "
                            + getShape()
                            + " and "
                            + other.getShape()
                            + ": use matMul.");
        }
        return matMul(other);
    }

    /** Multiplies within an operation. */
    static Tensor multiply(Operation operation, Tensor left, Tensor right, String name) {
        boolean row = left.layout().rank() == 1;
        boolean column = right.layout().rank() == 1;
        Tensor a = row ? left.with(left.layout().insertAxis(0)) : left;
        Tensor b = column ? right.with(right.layout().insertAxis(1)) : right;
        int rankA = a.layout().rank();
        int rankB = b.layout().rank();
        if (rankA < 2 || rankB < 2 || a.layout().size(rankA - 1) != b.layout().size(rankB - 2)) {
            throw new IllegalArgumentException(
                    name
                            + " of shapes "
                            + Arrays.toString(left.layout().shape())
                            + " and "
                            + Arrays.toString(right.layout().shape())
                            + ": the last axis of the left must be as long as the last but one of"
                            + " the right.");
        }
        DataType type = Types.widest(a.dataType(), b.dataType());
        a = operation.cast(a, type);
        b = operation.cast(b, type);
        Tensor out = rankB == 2 ? folded(operation, a, b) : batched(operation, a, b);
        Layout layout = out.layout();
        if (column) {
            layout = layout.dropAxis(layout.rank() - 1);
        }
        if (row) {
            layout = layout.dropAxis(layout.rank() - (column ? 1 : 2));
        }
        return out.with(layout);
    }

    /** (…, M, K) · (K, N) as one product of (…·M, K). */
    private static Tensor folded(Operation operation, Tensor a, Tensor b) {
        long[] shape = a.layout().shape();
        long k = shape[shape.length - 1];
        shape[shape.length - 1] = b.layout().size(1);
        long rows = k == 0 ? 0 : a.layout().count() / k;
        Tensor out = operation.create(shape, a.dataType());
        if (out.layout().count() == 0 || k == 0) {
            return zeros(operation, out);
        }
        Tensor flat = operation.reshape(a, rows, k);
        operation.backend.matmul(flat, b, out.with(out.layout().reshape(rows, b.layout().size(1))));
        return out;
    }

    private static Tensor batched(Operation operation, Tensor a, Tensor b) {
        Layout x = a.layout();
        Layout y = b.layout();
        long m = x.size(x.rank() - 2);
        long k = x.size(x.rank() - 1);
        long n = y.size(y.rank() - 1);
        long[] lead = Layout.broadcast(lead(x), lead(y));
        Tensor out = operation.create(shape(lead, m, n), a.dataType());
        if (out.layout().count() == 0 || k == 0) {
            return zeros(operation, out);
        }
        operation.backend.matmul(
                ArrayArithmetic.stretch(a, shape(lead, m, k)),
                ArrayArithmetic.stretch(b, shape(lead, k, n)),
                out);
        return out;
    }

    private static Tensor zeros(Operation operation, Tensor out) {
        if (out.layout().count() > 0) {
            operation.backend.fill(out, Scalar.of(0));
        }
        return out;
    }

    private static Layout lead(Layout layout) {
        return Layout.contiguous(Arrays.copyOf(layout.shape(), layout.rank() - 2));
    }

    private static long[] shape(long[] lead, long rows, long columns) {
        long[] shape = Arrays.copyOf(lead, lead.length + 2);
        shape[lead.length] = rows;
        shape[lead.length + 1] = columns;
        return shape;
    }

    @Override
    public OktoNDArray softmax(int axis) {
        return softmax(false, axis, "softmax");
    }

    @Override
    public OktoNDArray logSoftmax(int axis) {
        return softmax(true, axis, "logSoftmax");
    }

    private OktoNDArray softmax(boolean logarithm, int axis, String name) {
        DataType type = floatingOnly(name);
        int along = axis(axis);
        try (Operation operation = operation()) {
            Tensor in = operation.read(this, type);
            Layout shape = in.layout();
            Tensor rows = shape.rank() == 0 ? in.with(shape.reshape(1)) : in;
            Tensor out = operation.create(rows.layout().shape(), type);
            if (shape.count() > 0) {
                operation.backend.softmax(logarithm, rows, along, out);
            }
            return operation.result(out.with(out.layout().reshape(shape.shape())));
        }
    }

    /**
     * Limits elements to a range; a floating point limit makes integers floating point, and any
     * limit makes booleans numbers.
     */
    @Override
    public OktoNDArray clip(Number min, Number max) {
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            boolean floating = Types.of(min).isFloating() || Types.of(max).isFloating();
            DataType type = floating ? Types.floating(in.dataType()) : Types.counted(in.dataType());
            in = operation.cast(in, type);
            Tensor out = operation.create(in.layout().shape(), type);
            operation.backend.binary(BinaryOp.MAXIMUM, in, Types.scalar(Scalar.of(min), type), out);
            operation.backend.binary(
                    BinaryOp.MINIMUM, out, Types.scalar(Scalar.of(max), type), out);
            return operation.result(out);
        }
    }

    /** Returns FLOAT32 rows with a 1 at the place that each element names. */
    @Override
    public OktoNDArray oneHot(int depth) {
        return oneHot(depth, 1, 0, DataType.FLOAT32);
    }

    @Override
    public OktoNDArray oneHot(int depth, DataType dataType) {
        return oneHot(depth, 1, 0, dataType);
    }

    @Override
    public OktoNDArray oneHot(int depth, float onValue, float offValue, DataType dataType) {
        try (Operation operation = operation()) {
            Tensor in = operation.read(this, DataType.INT64);
            Tensor index = in.with(in.layout().insertAxis(in.layout().rank()));
            int axis = index.layout().rank() - 1;
            long[] shape = index.layout().shape();
            Tensor on = operation.create(new long[0], Types.supported(dataType));
            operation.backend.fill(on, Scalar.of(onValue));
            Tensor source = ArrayArithmetic.stretch(on, shape);
            shape[axis] = depth;
            Tensor out = operation.create(shape, dataType);
            operation.backend.fill(out, Scalar.of(offValue));
            operation.backend.scatter(false, source, axis, index, out);
            return operation.result(out);
        }
    }
}
