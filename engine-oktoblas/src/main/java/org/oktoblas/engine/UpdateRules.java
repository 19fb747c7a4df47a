package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/**
 * One step of an optimizer, by the formulas that DJL's optimizers document. The gradient is always
 * g = clip(rescale · gradient, −limit, limit) + decay · weight; a negative limit stands for none.
 * Weights and states change in place, other arrays do not. Weights of 16 bits are updated in
 * float32, and rounded once.
 */
final class UpdateRules implements AutoCloseable {

    private final Operation operation;
    private final TensorMath math;
    private final Tensor[] targets;
    private final Tensor[] values;
    private final Tensor gradient;
    private final Tensor scratch;

    /**
     * Starts a step.
     *
     * @param name the method of NDArrayEx, for messages
     * @param inputs a weight, its gradient, and as many states as the rule has
     * @param weightDecay what is multiplied by the weight and added to the gradient
     * @throws IllegalArgumentException if arrays are missing, their shapes differ, or a weight or
     *     state is not floating point or another engine's
     */
    UpdateRules(
            OktoNDArray array,
            String name,
            NDList inputs,
            int states,
            float weightDecay,
            float rescale,
            float limit) {
        check(name, inputs, states);
        DataType type = inputs.get(0).getDataType();
        DataType working = type == DataType.FLOAT64 ? type : DataType.FLOAT32;
        operation = array.operation();
        try {
            math = new TensorMath(operation);
            targets = new Tensor[1 + states];
            values = new Tensor[1 + states];
            for (int i = 0; i <= states; i++) {
                targets[i] = operation.read(inputs.get(i == 0 ? 0 : i + 1));
                ArrayTransfers.writable(targets[i], name);
                values[i] = operation.cast(targets[i], working);
            }
            gradient = operation.copy(operation.read(inputs.get(1)), working);
            scratch = operation.create(gradient.layout().shape(), working);
            prepare(weightDecay, rescale, limit);
        } catch (RuntimeException | Error e) {
            operation.close();
            throw e;
        }
    }

    private static void check(String name, NDList inputs, int states) {
        if (inputs.size() < 2 + states) {
            throw new IllegalArgumentException(
                    name
                            + " needs a weight, its gradient and "
                            + states
                            + " arrays of state, not "
                            + inputs.size()
                            + " arrays.");
        }
        NDArray weight = inputs.get(0);
        for (int i = 0; i < 2 + states; i++) {
            NDArray other = inputs.get(i);
            if (i != 1 && !(other instanceof OktoNDArray)) {
                throw new IllegalArgumentException(
                        name
                                + " changes weight and state in place, and one of them is an array"
                                + " of engine "
                                + other.getManager().getEngine().getEngineName()
                                + ": copy it with NDManager.from first.");
            }
            if (!other.getShape().equals(weight.getShape())
                    || i != 1 && !other.getDataType().isFloating()) {
                throw new IllegalArgumentException(
                        name
                                + " of a weight of shape "
                                + weight.getShape()
                                + " with an array of shape "
                                + other.getShape()
                                + " and data type "
                                + other.getDataType()
                                + ": gradient and state must have the weight's shape, and weight"
                                + " and state be floating point.");
            }
        }
    }

    private void prepare(float weightDecay, float rescale, float limit) {
        if (rescale != 1) {
            multiply(gradient, rescale);
        }
        if (limit >= 0) {
            math.into(BinaryOp.MINIMUM, gradient, Scalar.of(limit), gradient);
            math.into(BinaryOp.MAXIMUM, gradient, Scalar.of(-limit), gradient);
        }
        if (weightDecay != 0) {
            addScaled(gradient, values[0], weightDecay);
        }
    }

    /** w −= rate · g, or with momentum: s = momentum · s + rate · g, w −= s. */
    void sgd(float rate, float momentum) {
        multiply(gradient, rate);
        if (momentum == 0) {
            math.into(BinaryOp.SUBTRACT, values[0], gradient, values[0]);
            return;
        }
        multiply(values[1], momentum);
        math.into(BinaryOp.ADD, values[1], gradient, values[1]);
        math.into(BinaryOp.SUBTRACT, values[0], values[1], values[0]);
    }

    /**
     * s = momentum · s + g, w −= rate · (g + momentum · s): Nesterov's momentum. Without momentum
     * it is gradient descent.
     */
    void nag(float rate, float momentum) {
        if (momentum != 0) {
            multiply(values[1], momentum);
            math.into(BinaryOp.ADD, values[1], gradient, values[1]);
            addScaled(gradient, values[1], momentum);
        }
        addScaled(values[0], gradient, -rate);
    }

    /**
     * m = beta1 · m + (1 − beta1) · g, v = beta2 · v + (1 − beta2) · g², w −= rate · m / (√v +
     * epsilon), with the bias correction in the rate.
     *
     * @param decay what the weight shrinks by first, for AdamW; 0 for Adam
     */
    void adam(float rate, double decay, float beta1, float beta2, float epsilon) {
        if (decay != 0) {
            addScaled(values[0], values[0], -decay);
        }
        average(values[1], gradient, beta1);
        averageSquare(values[2], beta2);
        math.into(UnaryOp.SQRT, values[2], scratch);
        math.into(BinaryOp.ADD, scratch, Scalar.of(epsilon), scratch);
        math.into(BinaryOp.DIVIDE, values[1], scratch, scratch);
        addScaled(values[0], scratch, -rate);
    }

    /** h += g², w −= rate · g / (√h + epsilon). */
    void adagrad(float rate, float epsilon) {
        math.into(UnaryOp.SQUARE, gradient, scratch);
        math.into(BinaryOp.ADD, values[1], scratch, values[1]);
        descendByRoot(values[1], rate, epsilon);
    }

    /** v = rho · v + (1 − rho) · g², w −= rate · g / (√v + epsilon): Tieleman and Hinton. */
    void rmsprop(float rate, float rho, float epsilon) {
        averageSquare(values[1], rho);
        descendByRoot(values[1], rate, epsilon);
    }

    private void descendByRoot(Tensor squares, float rate, float epsilon) {
        math.into(UnaryOp.SQRT, squares, scratch);
        math.into(BinaryOp.ADD, scratch, Scalar.of(epsilon), scratch);
        math.into(BinaryOp.DIVIDE, gradient, scratch, gradient);
        addScaled(values[0], gradient, -rate);
    }

    /**
     * m = rho · m + (1 − rho) · g, v = rho · v + (1 − rho) · g², s = momentum · s − rate · g / √(v
     * − m² + epsilon), w += s: "Generating Sequences With Recurrent Neural Networks", Graves 2013,
     * equations 38 to 45.
     */
    void centeredRmsprop(float rate, float rho, float momentum, float epsilon) {
        average(values[1], gradient, rho);
        averageSquare(values[2], rho);
        math.into(UnaryOp.SQUARE, values[1], scratch);
        math.into(BinaryOp.SUBTRACT, values[2], scratch, scratch);
        // A variance, which only rounding takes below 0.
        math.into(BinaryOp.MAXIMUM, scratch, Scalar.of(0), scratch);
        math.into(BinaryOp.ADD, scratch, Scalar.of(epsilon), scratch);
        math.into(UnaryOp.SQRT, scratch, scratch);
        math.into(BinaryOp.DIVIDE, gradient, scratch, gradient);
        multiply(values[3], momentum);
        addScaled(values[3], gradient, -rate);
        math.into(BinaryOp.ADD, values[0], values[3], values[0]);
    }

    /**
     * v = rho · v + (1 − rho) · g², d = √(u + epsilon) / √(v + epsilon) · g, u = rho · u + (1 −
     * rho) · d², w −= d: "ADADELTA: An Adaptive Learning Rate Method", Zeiler 2012.
     */
    void adadelta(float rho, float epsilon) {
        averageSquare(values[1], rho);
        math.into(BinaryOp.ADD, values[1], Scalar.of(epsilon), scratch);
        math.into(UnaryOp.SQRT, scratch, scratch);
        math.into(BinaryOp.DIVIDE, gradient, scratch, gradient);
        math.into(BinaryOp.ADD, values[2], Scalar.of(epsilon), scratch);
        math.into(UnaryOp.SQRT, scratch, scratch);
        math.into(BinaryOp.MULTIPLY, gradient, scratch, gradient);
        averageSquare(values[2], rho);
        math.into(BinaryOp.SUBTRACT, values[0], gradient, values[0]);
    }

    private void multiply(Tensor target, float factor) {
        math.into(BinaryOp.MULTIPLY, target, Scalar.of(factor), target);
    }

    /** target += factor · other. */
    private void addScaled(Tensor target, Tensor other, double factor) {
        math.into(BinaryOp.MULTIPLY, other, Scalar.of(factor), scratch);
        math.into(BinaryOp.ADD, target, scratch, target);
    }

    /** state = keep · state + (1 − keep) · other. */
    private void average(Tensor state, Tensor other, float keep) {
        multiply(state, keep);
        addScaled(state, other, 1 - keep);
    }

    /** state = keep · state + (1 − keep) · g². */
    private void averageSquare(Tensor state, float keep) {
        math.into(UnaryOp.SQUARE, gradient, scratch);
        average(state, scratch, keep);
    }

    /** Writes what was computed in another data type than the weights', and ends the step. */
    void store() {
        for (int i = 0; i < targets.length; i++) {
            if (values[i] != targets[i] && targets[i].layout().count() > 0) {
                operation.backend.copy(values[i], targets[i]);
            }
        }
    }

    @Override
    public void close() {
        operation.close();
    }
}
