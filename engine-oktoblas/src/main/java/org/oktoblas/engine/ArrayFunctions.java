package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/** Special functions that are made of others. */
abstract class ArrayFunctions extends ArraySequences {

    /** Lanczos's approximation of Γ with g = 7 and nine terms, good to the digits of doubles. */
    private static final double[] LANCZOS = {
        0.99999999999980993,
        676.5203681218851,
        -1259.1392167224028,
        771.32342877765313,
        -176.61502916214059,
        12.507343278686905,
        -0.13857109526572012,
        9.9843695780195716e-6,
        1.5056327351493116e-7
    };

    private static final double LANCZOS_G = 7;

    ArrayFunctions(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    /**
     * Returns x·log(y), which is 0 where x is 0 and y is a number, and NaN where y is NaN. Integers
     * give FLOAT32.
     */
    @Override
    public OktoNDArray xlogy(NDArray other) {
        try (Operation operation = operation()) {
            Tensor x = operation.read(this);
            Tensor y = operation.read(other);
            DataType met =
                    Types.combine(
                            x.dataType(),
                            x.layout().rank() == 0,
                            y.dataType(),
                            y.layout().rank() == 0);
            DataType type = Types.floating(met);
            long[] shape = Layout.broadcast(x.layout(), y.layout());
            x = stretch(operation.cast(x, type), shape);
            y = stretch(operation.cast(y, type), shape);
            Tensor product = operation.create(shape, type);
            operation.backend.unary(UnaryOp.LOG, y, product);
            operation.backend.binary(BinaryOp.MULTIPLY, x, product, product);
            Tensor zero = operation.create(shape, DataType.BOOLEAN);
            Tensor number = operation.create(shape, DataType.BOOLEAN);
            operation.backend.binary(BinaryOp.EQUAL, x, Scalar.of(0), zero);
            operation.backend.binary(BinaryOp.EQUAL, y, y, number);
            operation.backend.binary(BinaryOp.LOGICAL_AND, zero, number, zero);
            Tensor out = operation.create(shape, type);
            operation.backend.where(zero, Scalar.of(0), product, out);
            return operation.result(out);
        }
    }

    /**
     * Returns log |Γ(x)|, infinite at 0 and the negative whole numbers, by Lanczos's approximation
     * in double precision, and below ½ by the reflection Γ(x) Γ(1 − x) = π / sin(πx). Integers give
     * FLOAT32.
     */
    @Override
    public OktoNDArray gammaln() {
        DataType type = Types.floating(getDataType());
        try (Operation operation = operation()) {
            ComplexTensors.requireReal(tensor(), "NDArray.gammaln");
            Tensor x = operation.copy(operation.read(this), DataType.FLOAT64);
            long[] shape = x.layout().shape();
            Tensor low = operation.create(shape, DataType.BOOLEAN);
            operation.backend.binary(BinaryOp.LESS, x, Scalar.of(0.5), low);
            Tensor mirrored = operation.create(shape, DataType.FLOAT64);
            operation.backend.binary(BinaryOp.SUBTRACT, Scalar.of(1), x, mirrored);
            operation.backend.where(low, mirrored, x, mirrored);
            Tensor result = lanczos(operation, mirrored);
            Tensor reflected = reflection(operation, x);
            operation.backend.binary(BinaryOp.SUBTRACT, reflected, result, reflected);
            operation.backend.where(low, reflected, result, result);
            Tensor infinite = operation.create(shape, DataType.BOOLEAN);
            operation.backend.unary(UnaryOp.IS_INFINITE, x, infinite);
            operation.backend.where(infinite, Scalar.of(Double.POSITIVE_INFINITY), result, result);
            return operation.result(operation.cast(result, type));
        }
    }

    /** log(√(2π)) + (z + ½) log(t) − t + log(Σ), z = x − 1, t = z + g + ½, for x from ½ up. */
    private static Tensor lanczos(Operation operation, Tensor x) {
        long[] shape = x.layout().shape();
        Tensor sum = operation.create(shape, DataType.FLOAT64);
        Tensor term = operation.create(shape, DataType.FLOAT64);
        operation.backend.fill(sum, Scalar.of(LANCZOS[0]));
        for (int i = 1; i < LANCZOS.length; i++) {
            operation.backend.binary(BinaryOp.ADD, x, Scalar.of(i - 1), term);
            operation.backend.binary(BinaryOp.DIVIDE, Scalar.of(LANCZOS[i]), term, term);
            operation.backend.binary(BinaryOp.ADD, sum, term, sum);
        }
        operation.backend.unary(UnaryOp.LOG, sum, sum);
        Tensor t = operation.create(shape, DataType.FLOAT64);
        operation.backend.binary(BinaryOp.ADD, x, Scalar.of(LANCZOS_G - 0.5), t);
        operation.backend.binary(BinaryOp.SUBTRACT, sum, t, sum);
        operation.backend.unary(UnaryOp.LOG, t, t);
        operation.backend.binary(BinaryOp.SUBTRACT, x, Scalar.of(0.5), term);
        operation.backend.binary(BinaryOp.MULTIPLY, term, t, term);
        operation.backend.binary(BinaryOp.ADD, sum, term, sum);
        double constant = Math.log(2 * Math.PI) / 2;
        operation.backend.binary(BinaryOp.ADD, sum, Scalar.of(constant), sum);
        return sum;
    }

    /** log(π / |sin(πx)|), where the sine is exactly 0 at whole numbers. */
    private static Tensor reflection(Operation operation, Tensor x) {
        Tensor fraction = operation.create(x.layout().shape(), DataType.FLOAT64);
        operation.backend.unary(UnaryOp.ROUND, x, fraction);
        operation.backend.binary(BinaryOp.SUBTRACT, x, fraction, fraction);
        operation.backend.binary(BinaryOp.MULTIPLY, fraction, Scalar.of(Math.PI), fraction);
        operation.backend.unary(UnaryOp.SIN, fraction, fraction);
        operation.backend.unary(UnaryOp.ABS, fraction, fraction);
        operation.backend.unary(UnaryOp.LOG, fraction, fraction);
        double pi = Math.log(Math.PI);
        operation.backend.binary(BinaryOp.SUBTRACT, Scalar.of(pi), fraction, fraction);
        return fraction;
    }
}
