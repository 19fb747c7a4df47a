package org.oktoblas.engine;

import ai.djl.ndarray.types.DataType;
import java.nio.DoubleBuffer;
import java.util.Arrays;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Operand;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/**
 * Formulas over the tensors of one operation. Operands are broadcast against each other and must
 * have one data type; results are temporaries of the operation.
 */
final class TensorMath {

    private final Operation operation;

    TensorMath(Operation operation) {
        this.operation = operation;
    }

    Tensor add(Operand a, Operand b) {
        return binary(BinaryOp.ADD, a, b);
    }

    Tensor subtract(Operand a, Operand b) {
        return binary(BinaryOp.SUBTRACT, a, b);
    }

    Tensor multiply(Operand a, Operand b) {
        return binary(BinaryOp.MULTIPLY, a, b);
    }

    Tensor divide(Operand a, Operand b) {
        return binary(BinaryOp.DIVIDE, a, b);
    }

    Tensor maximum(Operand a, Operand b) {
        return binary(BinaryOp.MAXIMUM, a, b);
    }

    Tensor minimum(Operand a, Operand b) {
        return binary(BinaryOp.MINIMUM, a, b);
    }

    /** Returns op(a, b), of which one at least is a tensor. */
    Tensor binary(BinaryOp op, Operand a, Operand b) {
        Tensor tensor = (Tensor) (a instanceof Tensor ? a : b);
        long[] shape =
                a instanceof Tensor && b instanceof Tensor
                        ? Layout.broadcast(((Tensor) a).layout(), ((Tensor) b).layout())
                        : tensor.layout().shape();
        DataType type = op.isPredicate() ? DataType.BOOLEAN : tensor.dataType();
        Tensor out = operation.create(shape, type);
        into(op, a, b, out);
        return out;
    }

    /** out = op(a, b), where out may be one of them. */
    void into(BinaryOp op, Operand a, Operand b, Tensor out) {
        long[] shape = out.layout().shape();
        if (out.layout().count() > 0) {
            operation.backend.binary(op, stretch(a, shape), stretch(b, shape), out);
        }
    }

    private static Operand stretch(Operand operand, long[] shape) {
        return operand instanceof Tensor
                ? ArrayArithmetic.stretch((Tensor) operand, shape)
                : operand;
    }

    Tensor unary(UnaryOp op, Tensor in) {
        Tensor out = operation.create(in.layout().shape(), in.dataType());
        into(op, in, out);
        return out;
    }

    void into(UnaryOp op, Tensor in, Tensor out) {
        if (out.layout().count() > 0) {
            operation.backend.unary(op, in, out);
        }
    }

    /** Returns a where the condition is true, else b. */
    Tensor where(Tensor condition, Tensor a, Operand b) {
        long[] shape = Layout.broadcast(condition.layout(), a.layout());
        if (b instanceof Tensor) {
            shape = Layout.broadcast(Layout.contiguous(shape), ((Tensor) b).layout());
        }
        Tensor out = operation.create(shape, a.dataType());
        if (out.layout().count() > 0) {
            Tensor mask = ArrayArithmetic.stretch(condition, shape);
            operation.backend.where(mask, stretch(a, shape), stretch(b, shape), out);
        }
        return out;
    }

    /** Reduces axes, which stay with length 1. */
    Tensor reduce(ReduceOp op, Tensor in, int... axes) {
        long[] shape = in.layout().shape();
        for (int axis : axes) {
            shape[axis] = 1;
        }
        Tensor out = operation.create(shape, in.dataType());
        if (out.layout().count() > 0) {
            operation.backend.reduce(op, in, out);
        }
        return out;
    }

    /** Returns numbers from Java as a tensor. */
    Tensor tensor(double[] values, DataType type, long... shape) {
        Tensor doubles = operation.create(shape, DataType.FLOAT64);
        Buffers.write(DoubleBuffer.wrap(values), operation.backend, doubles, 0);
        return operation.cast(doubles, type);
    }

    /** Returns a tensor's elements that one index of an axis names, where they are. */
    static Tensor select(Tensor tensor, int axis, long index) {
        return tensor.with(tensor.layout().select(axis, index));
    }

    /** Returns a part of a tensor along an axis, where it is. */
    static Tensor slice(Tensor tensor, int axis, long start, long length) {
        return tensor.with(tensor.layout().slice(axis, start, length, 1));
    }

    /** Returns a shape of ones, but for one axis. */
    static long[] along(int rank, int axis, long length) {
        long[] shape = new long[rank];
        Arrays.fill(shape, 1);
        shape[axis] = length;
        return shape;
    }

    /**
     * Rounds to whole numbers, to the even one of two that are equally near, and limits to what
     * INT8 and UINT8 have, if that is the type that values are to be stored in. Other types than
     * integers take all values as they are.
     */
    Tensor roundTo(Tensor values, DataType type) {
        return type.isInteger() ? saturate(unary(UnaryOp.ROUND, values), type) : values;
    }

    /**
     * Limits what is to be stored in an integer type, and cut off behind the point, to what INT8
     * and UINT8 have. Values pass through single precision, which takes away the rounding errors
     * just below whole numbers.
     */
    Tensor truncateTo(Tensor values, DataType type) {
        if (!type.isInteger()) {
            return values;
        }
        return saturate(operation.cast(values, DataType.FLOAT32), type);
    }

    private Tensor saturate(Tensor values, DataType type) {
        if (type != DataType.UINT8 && type != DataType.INT8) {
            return values;
        }
        int low = type == DataType.UINT8 ? 0 : Byte.MIN_VALUE;
        return minimum(maximum(values, Scalar.of(low)), Scalar.of(low + 255));
    }
}
