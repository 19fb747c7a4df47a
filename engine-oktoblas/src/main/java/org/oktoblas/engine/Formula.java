package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Operand;
import org.oktoblas.engine.backend.RandomOp;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/**
 * Elementwise formulas over tensors with one axis of one length. All is FLOAT64, so that decisions
 * that hang on a value come out alike on every device, but for predicates, which are BOOLEAN. What
 * a formula makes is freed when it is closed.
 */
final class Formula implements AutoCloseable {

    private final OktoNDManager manager;
    private final Device device;
    private final long length;
    private final Operation operation;
    private final TensorMath math;

    Formula(OktoNDManager manager, Device device, long length) {
        this.manager = manager;
        this.device = device;
        this.length = length;
        operation = new Operation(manager, device);
        math = new TensorMath(operation);
    }

    /** Starts a part of this formula, whose tensors are freed before this one's. */
    Formula part() {
        return new Formula(manager, device, length);
    }

    Operation operation() {
        return operation;
    }

    Tensor create(DataType type) {
        return operation.create(new long[] {length}, type);
    }

    Tensor filled(DataType type, Number value) {
        Tensor out = create(type);
        operation.backend.fill(out, Scalar.of(value));
        return out;
    }

    Tensor of(UnaryOp op, Tensor in) {
        return math.unary(op, in);
    }

    Tensor of(BinaryOp op, Operand a, Operand b) {
        return math.binary(op, a, b);
    }

    /** target = op(target, by). */
    void update(BinaryOp op, Tensor target, Operand by) {
        math.into(op, target, by, target);
    }

    Tensor plus(Operand a, Operand b) {
        return math.add(a, b);
    }

    Tensor minus(Operand a, Operand b) {
        return math.subtract(a, b);
    }

    Tensor times(Operand a, Operand b) {
        return math.multiply(a, b);
    }

    Tensor over(Operand a, Operand b) {
        return math.divide(a, b);
    }

    /** Returns a where the condition is true, else b. */
    Tensor choose(Tensor condition, Tensor a, Operand b) {
        return math.where(condition, a, b);
    }

    /** Returns a tensor's elements converted to a type. */
    Tensor as(DataType type, Tensor in) {
        return operation.cast(in, type);
    }

    /** Draws from [0, 1). */
    Tensor uniform() {
        return Distributions.draw(operation, RandomOp.UNIFORM, 0, 1, create(DataType.FLOAT64));
    }

    /** Draws from the standard normal distribution. */
    Tensor normal() {
        return Distributions.draw(operation, RandomOp.NORMAL, 0, 1, create(DataType.FLOAT64));
    }

    /** Returns whether all elements of a predicate are true, or whether any is. */
    boolean holds(ReduceOp quantifier, Tensor predicate) {
        Tensor one = operation.create(new long[] {1}, DataType.BOOLEAN);
        operation.backend.reduce(quantifier, predicate, one);
        return HostElements.doubles(operation, one)[0] != 0;
    }

    @Override
    public void close() {
        operation.close();
    }
}
