package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.Activation;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.MathMode;
import org.oktoblas.engine.backend.PackedMatrix;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/** A constant right-hand side for plain Java: float32, row by row, rounded to bfloat16 if asked. */
final class JavaMatrix implements PackedMatrix {

    private final Tensor weights;
    private final MathMode mode;

    private JavaMatrix(Tensor weights, MathMode mode) {
        this.weights = weights;
        this.mode = mode;
    }

    static JavaMatrix pack(CpuMemory memory, Tensor matrix, MathMode mode) {
        Layout layout = Layout.contiguous(matrix.layout().shape());
        CpuStorage storage = memory.allocate(layout.count() * Float.BYTES);
        Tensor weights = new Tensor(storage, DataType.FLOAT32, layout);
        Tensor source = matrix;
        try {
            if (mode == MathMode.BFLOAT16 && matrix.dataType() != DataType.BFLOAT16) {
                CpuStorage rounded = memory.allocate(layout.count() * Short.BYTES);
                source = new Tensor(rounded, DataType.BFLOAT16, layout);
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
        return new JavaMatrix(weights, mode);
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
            if (mode == MathMode.BFLOAT16) {
                Tensor rounded = roundToBfloat16(memory, a);
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

    /** Returns a rounded copy; bfloat16 is read as the float that it is. */
    private static Tensor roundToBfloat16(CpuMemory memory, Tensor a) {
        Layout layout = Layout.contiguous(a.layout().shape());
        Tensor rounded =
                new Tensor(
                        memory.allocate(layout.count() * Short.BYTES), DataType.BFLOAT16, layout);
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
