package org.oktoblas.engine;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/** Elementwise functions of one array. */
abstract class ArrayMath extends ArrayArithmetic {

    ArrayMath(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    /** Computes a function that keeps the data type. */
    final OktoNDArray keeping(UnaryOp op) {
        return unary(op, getDataType(), getDataType());
    }

    /** Computes a function whose results are floating point, FLOAT32 for integers. */
    final OktoNDArray floating(UnaryOp op) {
        DataType type = Types.floating(getDataType());
        return unary(op, type, type);
    }

    private OktoNDArray predicate(UnaryOp op) {
        return unary(op, getDataType(), DataType.BOOLEAN);
    }

    private OktoNDArray unary(UnaryOp op, DataType inType, DataType outType) {
        try (Operation operation = operation()) {
            Tensor in = operation.read(this, inType);
            Tensor out = operation.create(in.layout().shape(), outType);
            operation.backend.unary(op, in, out);
            return operation.result(out);
        }
    }

    private OktoNDArray inPlace(UnaryOp op, String name) {
        try (Operation operation = operation()) {
            Tensor out = operation.read(this);
            writable(out, name);
            operation.backend.unary(op, out, out);
            return (OktoNDArray) this;
        }
    }

    private void checkNegatable(String name) {
        if (getDataType().isBoolean()) {
            throw new IllegalArgumentException(
                    "NDArray."
                            + name
                            + " of booleans: the negative is no boolean. Use logicalNot, or convert"
                            + " them by toType first.");
        }
    }

    @Override
    public OktoNDArray negi() {
        checkNegatable("negi");
        return inPlace(UnaryOp.NEGATE, "negi");
    }

    @Override
    public OktoNDArray signi() {
        return inPlace(UnaryOp.SIGN, "signi");
    }

    @Override
    public OktoNDArray toDegrees() {
        try (OktoNDArray scaled = mul(180.0)) {
            return scaled.div(Math.PI);
        }
    }

    @Override
    public OktoNDArray toRadians() {
        try (OktoNDArray scaled = mul(Math.PI)) {
            return scaled.div(180.0);
        }
    }

    @Override
    public OktoNDArray logicalNot() {
        return predicate(UnaryOp.LOGICAL_NOT);
    }

    @Override
    public OktoNDArray isNaN() {
        return predicate(UnaryOp.IS_NAN);
    }

    @Override
    public OktoNDArray isInfinite() {
        return predicate(UnaryOp.IS_INFINITE);
    }

    /** Reduces all elements to one BOOLEAN without dimensions. */
    final OktoNDArray quantify(ReduceOp op) {
        try (Operation operation = operation()) {
            Tensor in = operation.read(this, DataType.BOOLEAN);
            long[] ones = new long[in.layout().rank()];
            Arrays.fill(ones, 1);
            Tensor out = operation.create(ones, DataType.BOOLEAN);
            operation.backend.reduce(op, in, out);
            return operation.result(out.with(out.layout().reshape()));
        }
    }

    @Override
    public OktoNDArray all() {
        return quantify(ReduceOp.ALL);
    }

    @Override
    public OktoNDArray any() {
        return quantify(ReduceOp.ANY);
    }

    @Override
    public OktoNDArray none() {
        try (OktoNDArray any = any()) {
            return any.logicalNot();
        }
    }

    @Override
    public OktoNDArray neg() {
        checkNegatable("neg");
        return keeping(UnaryOp.NEGATE);
    }

    @Override
    public OktoNDArray sign() {
        return keeping(UnaryOp.SIGN);
    }

    @Override
    public OktoNDArray abs() {
        return keeping(UnaryOp.ABS);
    }

    /** Squares; booleans give INT64. */
    @Override
    public OktoNDArray square() {
        DataType type = Types.counted(getDataType());
        return unary(UnaryOp.SQUARE, type, type);
    }

    @Override
    public OktoNDArray floor() {
        return keeping(UnaryOp.FLOOR);
    }

    @Override
    public OktoNDArray ceil() {
        return keeping(UnaryOp.CEIL);
    }

    @Override
    public OktoNDArray round() {
        return keeping(UnaryOp.ROUND);
    }

    @Override
    public OktoNDArray trunc() {
        return keeping(UnaryOp.TRUNC);
    }

    @Override
    public OktoNDArray sqrt() {
        return floating(UnaryOp.SQRT);
    }

    @Override
    public OktoNDArray cbrt() {
        return floating(UnaryOp.CBRT);
    }

    @Override
    public OktoNDArray exp() {
        return floating(UnaryOp.EXP);
    }

    @Override
    public OktoNDArray log() {
        return floating(UnaryOp.LOG);
    }

    @Override
    public OktoNDArray log10() {
        return floating(UnaryOp.LOG10);
    }

    @Override
    public OktoNDArray log2() {
        return floating(UnaryOp.LOG2);
    }

    @Override
    public OktoNDArray sin() {
        return floating(UnaryOp.SIN);
    }

    @Override
    public OktoNDArray cos() {
        return floating(UnaryOp.COS);
    }

    @Override
    public OktoNDArray tan() {
        return floating(UnaryOp.TAN);
    }

    @Override
    public OktoNDArray asin() {
        return floating(UnaryOp.ASIN);
    }

    @Override
    public OktoNDArray acos() {
        return floating(UnaryOp.ACOS);
    }

    @Override
    public OktoNDArray atan() {
        return floating(UnaryOp.ATAN);
    }

    @Override
    public OktoNDArray sinh() {
        return floating(UnaryOp.SINH);
    }

    @Override
    public OktoNDArray cosh() {
        return floating(UnaryOp.COSH);
    }

    @Override
    public OktoNDArray tanh() {
        return floating(UnaryOp.TANH);
    }

    @Override
    public OktoNDArray asinh() {
        return floating(UnaryOp.ASINH);
    }

    @Override
    public OktoNDArray acosh() {
        return floating(UnaryOp.ACOSH);
    }

    @Override
    public OktoNDArray atanh() {
        return floating(UnaryOp.ATANH);
    }

    @Override
    public OktoNDArray erf() {
        return floating(UnaryOp.ERF);
    }

    @Override
    public OktoNDArray erfinv() {
        return floating(UnaryOp.ERF_INV);
    }
}
