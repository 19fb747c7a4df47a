package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.Activation;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.MathMode;
import org.oktoblas.engine.backend.PackedMatrix;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/** A constant right-hand side for plain Java: float32, row by row, rounded to 16 bits if asked. */
final class JavaMatrix implements PackedMatrix {

    private final Tensor weights;

    /** The type that both sides are rounded to, or null. */
    private final DataType rounding;

    private JavaMatrix(Tensor weights, DataType rounding) {
        this.weights = weights;
        this.rounding = rounding;
    }

    static JavaMatrix pack(CpuMemory memory, Tensor matrix, MathMode mode) {
        DataType rounding =
                switch (mode) {
                    case FLOAT32 -> null;
                    case FLOAT16 -> DataType.FLOAT16;
                    case BFLOAT16 -> DataType.BFLOAT16;
                };
        Layout layout = Layout.contiguous(matrix.layout().shape());
        CpuStorage storage = memory.allocate(layout.count() * Float.BYTES);
        Tensor weights = new Tensor(storage, DataType.FLOAT32, layout);
        Tensor source = matrix;
        try {
            if (rounding != null && matrix.dataType() != rounding) {
                CpuStorage half = memory.allocate(layout.count() * Short.BYTES);
                source = new Tensor(half, rounding, layout);
                Elementwise.copy(matrix, source);
            }
            Elementwise.copy(source, weights);
        } catch (RuntimeException | Error e) {
            storage.release();
            throw e;
        } finally {
            if (source != matrix) {
                source.storage().release();
            }
        }
        return new JavaMatrix(weights, rounding);
    }

    @Override
    public long rows() {
        return weights.layout().size(0);
    }

    @Override
    public long columns() {
        return weights.layout().size(1);
    }

    @Override
    public long byteSize() {
        return weights.storage().byteSize();
    }

    @Override
    public void close() {
        weights.storage().release();
    }

    void linear(
            CpuMemory memory,
            Tensor a,
            Tensor bias,
            Activation activation,
            Tensor residual,
            Tensor out) {
        weights.storage().retain();
        try {
            if (rounding != null) {
                Tensor rounded = round(memory, a);
                try {
                    multiply(rounded, bias, activation, residual, out);
                } finally {
                    rounded.storage().release();
                }
            } else {
                multiply(a, bias, activation, residual, out);
            }
        } finally {
            weights.storage().release();
        }
    }

    /** Returns a rounded copy; its 16 bits are read as the floats that they are. */
    private Tensor round(CpuMemory memory, Tensor a) {
        Layout layout = Layout.contiguous(a.layout().shape());
        Tensor rounded =
                new Tensor(memory.allocate(layout.count() * Short.BYTES), rounding, layout);
        Elementwise.copy(a, rounded);
        return rounded;
    }

    private void multiply(
            Tensor a, Tensor bias, Activation activation, Tensor residual, Tensor out) {
        FloatArithmetic kind = FloatArithmetic.INSTANCE;
        View<float[]> shift = bias == null ? null : kind.view(bias);
        View<float[]> added = residual == null ? null : kind.view(residual);
        long n = columns();
        Products.matmul(
                kind,
                a,
                weights,
                out,
                (row, column, count, values) -> {
                    float[] operand = kind.scratch(0, count);
                    if (shift != null) {
                        shift.load(column, count, operand);
                        kind.binary(BinaryOp.ADD, values, operand, count);
                    }
                    activate(activation, values, count);
                    if (added != null) {
                        added.load(row * n + column, count, operand);
                        kind.binary(BinaryOp.ADD, values, operand, count);
                    }
                });
    }

    static void activate(Activation activation, float[] x, int n) {
        UnaryOp op =
                switch (activation) {
                    case NONE -> null;
                    case RELU -> UnaryOp.RELU;
                    case GELU -> UnaryOp.GELU;
                    case GELU_TANH -> UnaryOp.GELU_TANH;
                    case SILU -> UnaryOp.SILU;
                    case TANH -> UnaryOp.TANH;
                    case SIGMOID -> UnaryOp.SIGMOID;
                };
        if (op != null) {
            FloatArithmetic.INSTANCE.unary(op, x, n);
        }
    }
}
