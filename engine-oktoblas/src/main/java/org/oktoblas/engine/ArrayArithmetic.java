package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Operand;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/**
 * Elementwise operations of two operands. Shapes broadcast; types meet as {@link Types#combine}
 * says, where a number counts as an array without dimensions.
 */
abstract class ArrayArithmetic extends ArrayTransfers {

    ArrayArithmetic(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    final OktoNDArray binary(BinaryOp op, NDArray other) {
        return binary(op, this, other, false);
    }

    /** Computes op(a, b), if asked in floating point even for integers. */
    private OktoNDArray binary(BinaryOp op, NDArray a, NDArray b, boolean floating) {
        try (Operation operation = operation()) {
            Tensor left = operation.read(a);
            Tensor right = operation.read(b);
            DataType type = meet(left, right.dataType(), right.layout().rank() == 0, floating);
            checkDifference(op, type);
            long[] shape = Layout.broadcast(left.layout(), right.layout());
            left = operation.cast(left, type);
            right = operation.cast(right, type);
            Tensor out = operation.create(shape, op.isPredicate() ? DataType.BOOLEAN : type);
            operation.backend.binary(op, stretch(left, shape), stretch(right, shape), out);
            return operation.result(out);
        }
    }

    final OktoNDArray binary(BinaryOp op, Number number) {
        return binary(op, number, false);
    }

    private OktoNDArray binary(BinaryOp op, Number number, boolean floating) {
        try (Operation operation = operation()) {
            Tensor left = operation.read(this);
            DataType type = meet(left, Types.of(number), true, floating);
            left = operation.cast(left, type);
            Tensor out =
                    operation.create(
                            left.layout().shape(), op.isPredicate() ? DataType.BOOLEAN : type);
            operation.backend.binary(op, left, scalar(op, Scalar.of(number), type), out);
            return operation.result(out);
        }
    }

    private OktoNDArray inPlace(BinaryOp op, NDArray other, String name) {
        return inPlace(op, other, name, false);
    }

    /** this = op(this, other), or op(other, this) when reversed. */
    final OktoNDArray inPlace(BinaryOp op, NDArray other, String name, boolean reversed) {
        try (Operation operation = operation()) {
            Tensor right = operation.read(other);
            store(operation, op, right, right.dataType(), right.layout().rank(), name, reversed);
            return (OktoNDArray) this;
        }
    }

    final OktoNDArray inPlace(BinaryOp op, Number number, String name, boolean reversed) {
        try (Operation operation = operation()) {
            store(operation, op, Scalar.of(number), Types.of(number), 0, name, reversed);
            return (OktoNDArray) this;
        }
    }

    private void store(
            Operation operation,
            BinaryOp op,
            Operand operand,
            DataType operandType,
            int operandRank,
            String name,
            boolean reversed) {
        Tensor out = operation.read(this);
        writable(out, name);
        DataType type = meet(out, operandType, operandRank == 0, op == BinaryOp.DIVIDE);
        checkDifference(op, type);
        if (!Types.fits(type, out.dataType())) {
            throw new IllegalArgumentException(
                    "NDArray."
                            + name
                            + " would give "
                            + type
                            + ", which an array of data type "
                            + out.dataType()
                            + " cannot hold in place: convert it by toType first, or use the"
                            + " operation that makes a new array.");
        }
        Operand right;
        if (operand instanceof Tensor) {
            long[] shape = out.layout().shape();
            right = apart(operation, out, operation.cast((Tensor) operand, type), shape);
        } else {
            right = scalar(op, (Scalar) operand, type);
        }
        Tensor left = operation.cast(out, type);
        Tensor result = type == out.dataType() ? out : operation.create(out.layout().shape(), type);
        operation.backend.binary(op, reversed ? right : left, reversed ? left : right, result);
        if (result != out) {
            operation.backend.copy(result, out);
        }
    }

    /**
     * Returns the operand in out's shape, copied if it overlaps out other than element by element.
     */
    private static Tensor apart(Operation operation, Tensor out, Tensor operand, long[] shape) {
        boolean shared = operand.storage() == out.storage();
        Tensor stretched = stretch(operand, shape);
        if (shared && !stretched.layout().equals(out.layout())) {
            return operation.copy(stretched, stretched.dataType());
        }
        return stretched;
    }

    private static void checkDifference(BinaryOp op, DataType type) {
        if (op == BinaryOp.SUBTRACT && type.isBoolean()) {
            throw new IllegalArgumentException(
                    "NDArray.sub of booleans: the difference is no boolean. Use logicalXor, or"
                            + " convert one of them by toType first.");
        }
    }

    private static DataType meet(
            Tensor left, DataType right, boolean rightScalar, boolean floating) {
        DataType type =
                Types.combine(left.dataType(), left.layout().rank() == 0, right, rightScalar);
        return floating ? Types.floating(type) : type;
    }

    /** Returns a number as the operand of an operation in a data type. */
    private static Scalar scalar(BinaryOp op, Scalar number, DataType type) {
        // As in PyTorch, factors and divisors go unrounded into what 16-bit floats compute in.
        boolean exact = op == BinaryOp.MULTIPLY || op == BinaryOp.DIVIDE;
        return exact && type.isFloating() ? number : Types.scalar(number, type);
    }

    static Tensor stretch(Tensor tensor, long[] shape) {
        Layout stretched = tensor.layout().broadcastTo(shape);
        return stretched == tensor.layout() ? tensor : tensor.with(stretched);
    }

    @Override
    public OktoNDArray add(Number n) {
        return binary(BinaryOp.ADD, n);
    }

    @Override
    public OktoNDArray add(NDArray other) {
        return binary(BinaryOp.ADD, other);
    }

    @Override
    public OktoNDArray sub(Number n) {
        return binary(BinaryOp.SUBTRACT, n);
    }

    @Override
    public OktoNDArray sub(NDArray other) {
        return binary(BinaryOp.SUBTRACT, other);
    }

    @Override
    public OktoNDArray mul(Number n) {
        return binary(BinaryOp.MULTIPLY, n);
    }

    @Override
    public OktoNDArray mul(NDArray other) {
        return binary(BinaryOp.MULTIPLY, other);
    }

    /** True division: integers give floating point. */
    @Override
    public OktoNDArray div(Number n) {
        return binary(BinaryOp.DIVIDE, n, true);
    }

    @Override
    public OktoNDArray div(NDArray other) {
        return binary(BinaryOp.DIVIDE, this, other, true);
    }

    @Override
    public OktoNDArray mod(Number n) {
        return binary(BinaryOp.REMAINDER, n);
    }

    @Override
    public OktoNDArray mod(NDArray other) {
        return binary(BinaryOp.REMAINDER, other);
    }

    @Override
    public OktoNDArray pow(Number n) {
        return binary(BinaryOp.POWER, n);
    }

    @Override
    public OktoNDArray pow(NDArray other) {
        return binary(BinaryOp.POWER, other);
    }

    @Override
    public OktoNDArray maximum(Number n) {
        return binary(BinaryOp.MAXIMUM, n);
    }

    @Override
    public OktoNDArray maximum(NDArray other) {
        return binary(BinaryOp.MAXIMUM, other);
    }

    @Override
    public OktoNDArray minimum(Number n) {
        return binary(BinaryOp.MINIMUM, n);
    }

    @Override
    public OktoNDArray minimum(NDArray other) {
        return binary(BinaryOp.MINIMUM, other);
    }

    @Override
    public OktoNDArray atan2(NDArray other) {
        return binary(BinaryOp.ATAN2, this, other, true);
    }

    @Override
    public OktoNDArray addi(Number n) {
        return inPlace(BinaryOp.ADD, n, "addi", false);
    }

    @Override
    public OktoNDArray addi(NDArray other) {
        return inPlace(BinaryOp.ADD, other, "addi");
    }

    @Override
    public OktoNDArray subi(Number n) {
        return inPlace(BinaryOp.SUBTRACT, n, "subi", false);
    }

    @Override
    public OktoNDArray subi(NDArray other) {
        return inPlace(BinaryOp.SUBTRACT, other, "subi");
    }

    @Override
    public OktoNDArray muli(Number n) {
        return inPlace(BinaryOp.MULTIPLY, n, "muli", false);
    }

    @Override
    public OktoNDArray muli(NDArray other) {
        return inPlace(BinaryOp.MULTIPLY, other, "muli");
    }

    @Override
    public OktoNDArray divi(Number n) {
        return inPlace(BinaryOp.DIVIDE, n, "divi", false);
    }

    @Override
    public OktoNDArray divi(NDArray other) {
        return inPlace(BinaryOp.DIVIDE, other, "divi");
    }

    @Override
    public OktoNDArray modi(Number n) {
        return inPlace(BinaryOp.REMAINDER, n, "modi", false);
    }

    @Override
    public OktoNDArray modi(NDArray other) {
        return inPlace(BinaryOp.REMAINDER, other, "modi");
    }

    @Override
    public OktoNDArray powi(Number n) {
        return inPlace(BinaryOp.POWER, n, "powi", false);
    }

    @Override
    public OktoNDArray powi(NDArray other) {
        return inPlace(BinaryOp.POWER, other, "powi");
    }

    @Override
    public OktoNDArray eq(Number n) {
        return binary(BinaryOp.EQUAL, n);
    }

    @Override
    public OktoNDArray eq(NDArray other) {
        return binary(BinaryOp.EQUAL, other);
    }

    @Override
    public OktoNDArray neq(Number n) {
        return binary(BinaryOp.NOT_EQUAL, n);
    }

    @Override
    public OktoNDArray neq(NDArray other) {
        return binary(BinaryOp.NOT_EQUAL, other);
    }

    @Override
    public OktoNDArray gt(Number n) {
        return binary(BinaryOp.GREATER, n);
    }

    @Override
    public OktoNDArray gt(NDArray other) {
        return binary(BinaryOp.GREATER, other);
    }

    @Override
    public OktoNDArray gte(Number n) {
        return binary(BinaryOp.GREATER_OR_EQUAL, n);
    }

    @Override
    public OktoNDArray gte(NDArray other) {
        return binary(BinaryOp.GREATER_OR_EQUAL, other);
    }

    @Override
    public OktoNDArray lt(Number n) {
        return binary(BinaryOp.LESS, n);
    }

    @Override
    public OktoNDArray lt(NDArray other) {
        return binary(BinaryOp.LESS, other);
    }

    @Override
    public OktoNDArray lte(Number n) {
        return binary(BinaryOp.LESS_OR_EQUAL, n);
    }

    @Override
    public OktoNDArray lte(NDArray other) {
        return binary(BinaryOp.LESS_OR_EQUAL, other);
    }

    @Override
    public OktoNDArray logicalAnd(NDArray other) {
        return binary(BinaryOp.LOGICAL_AND, other);
    }

    @Override
    public OktoNDArray logicalOr(NDArray other) {
        return binary(BinaryOp.LOGICAL_OR, other);
    }

    @Override
    public OktoNDArray logicalXor(NDArray other) {
        return binary(BinaryOp.LOGICAL_XOR, other);
    }
}
