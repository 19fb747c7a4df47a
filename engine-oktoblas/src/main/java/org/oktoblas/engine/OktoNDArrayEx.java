package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDUtils;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/** The operations that DJL's layers call on an array. */
public final class OktoNDArrayEx extends UpdateOps {

    /** The constants of "Self-Normalizing Neural Networks", Klambauer et al. 2017. */
    private static final double SELU_ALPHA = 1.6732632423543772848170429916717;

    private static final double SELU_SCALE = 1.0507009873554804934193349852946;

    OktoNDArrayEx(OktoNDArray array) {
        super(array);
    }

    @Override
    public OktoNDArray getArray() {
        return array;
    }

    @Override
    public OktoNDArrayIndexer getIndexer(NDManager manager) {
        return new OktoNDArrayIndexer(OktoNDManager.of(manager));
    }

    @Override
    public OktoNDArray rdiv(Number n) {
        return beside(n, number -> number.div(array));
    }

    @Override
    public OktoNDArray rsub(Number n) {
        return array.sub(n).negi();
    }

    @Override
    public OktoNDArray rmod(Number n) {
        return beside(n, number -> number.mod(array));
    }

    @Override
    public OktoNDArray rpow(Number n) {
        return beside(n, number -> number.pow(array));
    }

    @Override
    public OktoNDArray rdivi(Number n) {
        return beside(n, this::rdivi);
    }

    @Override
    public OktoNDArray rmodi(Number n) {
        return beside(n, this::rmodi);
    }

    /** Computes with a number as an array of this array's type, where this array is. */
    private OktoNDArray beside(Number n, UnaryOperator<OktoNDArray> function) {
        try (OktoNDArray number = number(n)) {
            return function.apply(number);
        }
    }

    private OktoNDArray number(Number n) {
        try (Operation operation = array.operation()) {
            Tensor out = operation.create(new long[0], array.getDataType());
            operation.backend.fill(out, Scalar.of(n));
            return operation.result(out);
        }
    }

    @Override
    public OktoNDArray rdivi(NDArray b) {
        return array.inPlace(BinaryOp.DIVIDE, b, "rdivi", true);
    }

    @Override
    public OktoNDArray rmodi(NDArray b) {
        return array.inPlace(BinaryOp.REMAINDER, b, "rmodi", true);
    }

    @Override
    public OktoNDArray rpowi(Number n) {
        return array.inPlace(BinaryOp.POWER, n, "rpowi", true);
    }

    @Override
    public OktoNDArray relu() {
        return array.keeping(UnaryOp.RELU);
    }

    @Override
    public OktoNDArray sigmoid() {
        return array.floating(UnaryOp.SIGMOID);
    }

    @Override
    public OktoNDArray tanh() {
        return array.tanh();
    }

    /** GELU with the exact error function. */
    @Override
    public OktoNDArray gelu() {
        return array.floating(UnaryOp.GELU);
    }

    /** x · sigmoid(beta · x). */
    @Override
    public OktoNDArray swish(float beta) {
        if (beta == 1) {
            return array.floating(UnaryOp.SILU);
        }
        try (OktoNDArray scaled = array.mul(beta);
                OktoNDArray weights = scaled.floating(UnaryOp.SIGMOID)) {
            return weights.mul(array);
        }
    }

    /** x · tanh(log2(1 + exp(x))), as DJL defines it, with the logarithm to base 2. */
    @Override
    public OktoNDArray mish() {
        try (OktoNDArray power = array.exp();
                OktoNDArray logarithm = power.addi(1).log2();
                OktoNDArray weights = logarithm.tanh()) {
            return weights.mul(array);
        }
    }

    /** log(1 + exp(x)). */
    @Override
    public OktoNDArray softPlus() {
        // max(x, 0) - log(sigmoid(|x|)) does not overflow.
        DataType type = Types.floating(array.getDataType());
        try (Operation operation = array.operation()) {
            Tensor in = operation.read(array, type);
            Tensor out = operation.create(in.layout().shape(), type);
            Tensor logarithm = operation.create(in.layout().shape(), type);
            operation.backend.unary(UnaryOp.ABS, in, logarithm);
            operation.backend.unary(UnaryOp.SIGMOID, logarithm, logarithm);
            operation.backend.unary(UnaryOp.LOG, logarithm, logarithm);
            operation.backend.unary(UnaryOp.RELU, in, out);
            operation.backend.binary(BinaryOp.SUBTRACT, out, logarithm, out);
            return operation.result(out);
        }
    }

    /** x / (1 + |x|). */
    @Override
    public OktoNDArray softSign() {
        try (OktoNDArray absolute = array.abs()) {
            return array.div(absolute.addi(1));
        }
    }

    /** x, or alpha · x where x is negative. */
    @Override
    public OktoNDArray leakyRelu(float alpha) {
        return withAxis(
                x -> {
                    try (OktoNDArray scaled = x.mul(alpha);
                            OktoNDArray positive = x.gt(0)) {
                        return x.getNDArrayInternal().where(positive, scaled);
                    }
                });
    }

    /** Computes with an axis at least, so that a constant does not widen the array's type. */
    private OktoNDArray withAxis(UnaryOperator<OktoNDArray> function) {
        if (array.rank() > 0) {
            return function.apply(array);
        }
        try (OktoNDArray line = array.view(array.layout().reshape(1));
                OktoNDArray result = function.apply(line)) {
            return result.view(result.layout().reshape());
        }
    }

    /** x, or alpha · (exp(x) − 1) where x is negative. */
    @Override
    public OktoNDArray elu(float alpha) {
        return elu(alpha, 1);
    }

    @Override
    public OktoNDArray selu() {
        return elu(SELU_ALPHA, SELU_SCALE);
    }

    private OktoNDArray elu(double alpha, double scale) {
        return withAxis(
                x -> {
                    try (OktoNDArray power = x.exp();
                            OktoNDArray positive = x.gt(0)) {
                        power.subi(1).muli(alpha);
                        OktoNDArray result = x.getNDArrayInternal().where(positive, power);
                        return scale == 1 ? result : result.muli(scale);
                    }
                });
    }

    /** x · weightᵀ + bias, with a weight of shape (out, in). */
    @Override
    public NDList linear(NDArray input, NDArray weight, NDArray bias) {
        try (Operation operation = operation(input)) {
            Tensor w = operation.read(weight);
            int rank = w.layout().rank();
            if (rank == 2) {
                w = w.with(w.layout().swap(0, 1));
            }
            Tensor out = ArrayProducts.multiply(operation, operation.read(input), w, "linear");
            if (bias != null) {
                Tensor b = operation.read(bias, out.dataType());
                b = ArrayArithmetic.stretch(b, out.layout().shape());
                operation.backend.binary(BinaryOp.ADD, out, b, out);
            }
            return new NDList(operation.result(out));
        }
    }

    /** Looks up rows of a weight of shape (rows, width): (…) to (…, width). */
    @Override
    public NDList embedding(NDArray input, NDArray weight, SparseFormat sparse) {
        try (Operation operation = operation(input)) {
            Tensor rows = operation.read(weight);
            if (rows.layout().rank() != 2) {
                throw new IllegalArgumentException(
                        "embedding needs a weight of shape (rows, width), not "
                                + weight.getShape()
                                + ".");
            }
            Tensor index = operation.read(input, DataType.INT64);
            long[] shape = index.layout().shape();
            long[] result = Arrays.copyOf(shape, shape.length + 1);
            result[shape.length] = rows.layout().size(1);
            Tensor flat = operation.reshape(index, index.layout().count());
            Tensor out = Selection.gather(operation, rows, 0, flat);
            return new NDList(operation.result(out.with(out.layout().reshape(result))));
        }
    }

    /** Normalises the last axes, whose shape is given, then scales by gamma and shifts by beta. */
    @Override
    public NDList layerNorm(
            NDArray input, Shape normalizedShape, NDArray gamma, NDArray beta, float eps) {
        try (Operation operation = operation(input)) {
            Tensor in = operation.read(input, Types.floating(input.getDataType()));
            int axes = normalizedShape.dimension();
            int lead = in.layout().rank() - axes;
            boolean fits = axes > 0 && lead >= 0;
            for (int i = 0; fits && i < axes; i++) {
                fits = in.layout().size(lead + i) == normalizedShape.get(i);
            }
            if (!fits) {
                throw new IllegalArgumentException(
                        "layerNorm over "
                                + normalizedShape
                                + " of an array of shape "
                                + input.getShape()
                                + ": the last axes must have that shape.");
            }
            checkNormalized("gamma", gamma, normalizedShape);
            checkNormalized("beta", beta, normalizedShape);
            Tensor scale = gamma == null ? null : operation.read(gamma, in.dataType());
            Tensor shift = beta == null ? null : operation.read(beta, in.dataType());
            Tensor out = operation.create(in.layout().shape(), in.dataType());
            if (out.layout().count() > 0) {
                operation.backend.layerNorm(in, axes, scale, shift, eps, out);
            }
            return new NDList(operation.result(out));
        }
    }

    /**
     * Checks that a parameter of a normalization has the shape of what is normalised, or is null.
     */
    static void checkNormalized(String name, NDArray parameter, Shape normalizedShape) {
        if (parameter != null && !parameter.getShape().equals(normalizedShape)) {
            throw new IllegalArgumentException(
                    "layerNorm over "
                            + normalizedShape
                            + " needs "
                            + name
                            + " of that shape, not "
                            + parameter.getShape()
                            + ".");
        }
    }

    /**
     * Returns the input itself, as another array, or in training with random zeros, each of
     * probability rate, and the other elements divided by 1 − rate. Elements that are no floats
     * become float32 then.
     */
    @Override
    public NDList dropout(NDArray input, float rate, boolean training) {
        Dropout.check(rate, "dropout's rate");
        if (!training) {
            OktoNDArray own = array.getManager().from(input);
            return new NDList(own.view(own.layout()));
        }
        try (Operation operation = operation(input)) {
            Tensor in = operation.read(input, Types.floating(input.getDataType()));
            return new NDList(operation.result(Dropout.apply(operation, in, rate)));
        }
    }

    /**
     * x, or alpha · x where x is negative ("Delving Deep into Rectifiers", He et al. 2015).
     *
     * @param alpha one number, or one for each channel, the input's second axis
     */
    @Override
    public NDList prelu(NDArray input, NDArray alpha) {
        try (Operation operation = operation(input)) {
            Tensor in = operation.read(input, Types.floating(input.getDataType()));
            Tensor slope = operation.read(alpha, in.dataType());
            int rank = in.layout().rank();
            long count = slope.layout().count();
            if (count != 1 && (rank < 2 || count != in.layout().size(1))) {
                throw new IllegalArgumentException(
                        "prelu of an array of shape "
                                + input.getShape()
                                + " with alpha of shape "
                                + alpha.getShape()
                                + ": alpha is one number, or one for each channel, the second axis.");
            }
            long[] along = new long[rank];
            Arrays.fill(along, 1);
            if (count != 1) {
                along[1] = count;
            }
            long[] shape = in.layout().shape();
            slope = ArrayArithmetic.stretch(operation.reshape(slope, along), shape);
            Tensor out = operation.create(shape, in.dataType());
            Tensor positive = operation.create(shape, DataType.BOOLEAN);
            operation.backend.binary(BinaryOp.GREATER, in, Scalar.of(0), positive);
            operation.backend.binary(BinaryOp.MULTIPLY, in, slope, out);
            operation.backend.where(positive, in, out, out);
            return new NDList(operation.result(out));
        }
    }

    /** This array's elements where the condition is true, else the other's. */
    @Override
    public OktoNDArray where(NDArray condition, NDArray other) {
        try (Operation operation = array.operation()) {
            Tensor a = operation.read(array);
            Tensor b = operation.read(other);
            Tensor c = operation.read(condition, DataType.BOOLEAN);
            DataType type =
                    Types.combine(
                            a.dataType(),
                            a.layout().rank() == 0,
                            b.dataType(),
                            b.layout().rank() == 0);
            Layout common = Layout.contiguous(Layout.broadcast(a.layout(), b.layout()));
            long[] shape = Layout.broadcast(common, c.layout());
            a = ArrayArithmetic.stretch(operation.cast(a, type), shape);
            b = ArrayArithmetic.stretch(operation.cast(b, type), shape);
            Tensor out = operation.create(shape, type);
            operation.backend.where(ArrayArithmetic.stretch(c, shape), a, b, out);
            return operation.result(out);
        }
    }

    @Override
    public OktoNDArray stack(NDList arrays, int axis) {
        return array.pile(arrays, axis);
    }

    @Override
    public OktoNDArray concat(NDList list, int axis) {
        NDUtils.checkConcatInput(list);
        return array.join(list, axis);
    }
}
