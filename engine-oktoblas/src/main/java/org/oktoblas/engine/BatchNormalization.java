package org.oktoblas.engine;

import java.util.Arrays;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/**
 * Normalization of each channel over all samples: gamma · (x − mean) / √(variance + epsilon) + beta
 * ("Batch Normalization", Ioffe and Szegedy 2015). Numbers for each channel are held in the shape
 * (1, …, channels, …, 1).
 */
final class BatchNormalization {

    private final Operation operation;
    private final Tensor in;
    private final int axis;
    private final double epsilon;
    private final long[] shape;

    /**
     * Prepares the normalization of a tensor.
     *
     * @param in floating point, (batch, channels) or with more axes
     * @param axis the channels
     */
    BatchNormalization(Operation operation, Tensor in, int axis, double epsilon) {
        this.operation = operation;
        this.in = operation.cast(in, Types.wide(in.dataType()));
        this.axis = axis;
        this.epsilon = epsilon;
        shape = in.layout().shape();
    }

    /** Normalises by a known mean and variance; gamma and beta may be null. */
    Tensor infer(Tensor mean, Tensor variance, Tensor gamma, Tensor beta) {
        Tensor factor = factor(channels(variance, "runningVar"), gamma);
        Tensor shift = create(factor.layout().shape());
        operation.backend.binary(BinaryOp.MULTIPLY, channels(mean, "runningMean"), factor, shift);
        if (beta == null) {
            operation.backend.unary(UnaryOp.NEGATE, shift, shift);
        } else {
            operation.backend.binary(BinaryOp.SUBTRACT, channels(beta, "beta"), shift, shift);
        }
        Tensor out = create(shape);
        apply(BinaryOp.MULTIPLY, in, factor, out);
        apply(BinaryOp.ADD, out, shift, out);
        return out;
    }

    /**
     * Normalises by the samples' own mean and variance, and moves the running ones, unless null,
     * towards these in place: running = momentum · running + (1 − momentum) · own, where the
     * variance is the unbiased one.
     */
    Tensor train(
            Tensor runningMean, Tensor runningVar, Tensor gamma, Tensor beta, double momentum) {
        long[] kept = TensorMath.along(shape.length, axis, shape[axis]);
        long count = in.layout().count() / Math.max(1, shape[axis]);
        if (count < 2) {
            throw new IllegalArgumentException(
                    "batchNorm in training of an array of shape "
                            + Arrays.toString(shape)
                            + " with the channels at axis "
                            + axis
                            + ": the variance needs at least 2 elements of each channel. Train"
                            + " with larger batches.");
        }
        checkChangeable(runningMean, "runningMean");
        checkChangeable(runningVar, "runningVar");
        Tensor mean = create(kept);
        operation.backend.reduce(ReduceOp.MEAN, in, mean);
        Tensor out = create(shape);
        apply(BinaryOp.SUBTRACT, in, mean, out);
        Tensor squares = create(shape);
        operation.backend.unary(UnaryOp.SQUARE, out, squares);
        Tensor variance = create(kept);
        operation.backend.reduce(ReduceOp.MEAN, squares, variance);
        apply(BinaryOp.MULTIPLY, out, factor(variance, gamma), out);
        if (beta != null) {
            apply(BinaryOp.ADD, out, channels(beta, "beta"), out);
        }
        move(runningMean, mean, "runningMean", momentum, 1);
        move(runningVar, variance, "runningVar", momentum, (double) count / (count - 1));
        return out;
    }

    /** Before anything is computed, so that not one of the two changes where the other cannot. */
    private void checkChangeable(Tensor running, String name) {
        if (running != null) {
            checkChannels(running, name);
            ArrayTransfers.writable(running, "batchNorm in training");
        }
    }

    private void move(Tensor running, Tensor own, String name, double momentum, double factor) {
        if (running == null) {
            return;
        }
        Tensor old = channels(running, name);
        Tensor sum = create(own.layout().shape());
        operation.backend.binary(BinaryOp.MULTIPLY, old, Scalar.of(momentum), sum);
        operation.backend.binary(BinaryOp.MULTIPLY, own, Scalar.of((1 - momentum) * factor), own);
        operation.backend.binary(BinaryOp.ADD, sum, own, sum);
        operation.backend.copy(sum.with(sum.layout().reshape(shape[axis])), running);
    }

    /** gamma / √(variance + epsilon). */
    private Tensor factor(Tensor variance, Tensor gamma) {
        Tensor factor = create(variance.layout().shape());
        operation.backend.binary(BinaryOp.ADD, variance, Scalar.of(epsilon), factor);
        operation.backend.unary(UnaryOp.SQRT, factor, factor);
        operation.backend.unary(UnaryOp.RECIPROCAL, factor, factor);
        if (gamma != null) {
            operation.backend.binary(BinaryOp.MULTIPLY, factor, channels(gamma, "gamma"), factor);
        }
        return factor;
    }

    private void apply(BinaryOp op, Tensor tensor, Tensor channels, Tensor out) {
        operation.backend.binary(op, tensor, ArrayArithmetic.stretch(channels, shape), out);
    }

    private Tensor create(long[] of) {
        return operation.create(of, in.dataType());
    }

    /** Returns an array of a number for each channel along the axis of channels. */
    private Tensor channels(Tensor tensor, String name) {
        checkChannels(tensor, name);
        long[] along = TensorMath.along(shape.length, axis, shape[axis]);
        return operation.reshape(operation.cast(tensor, in.dataType()), along);
    }

    private void checkChannels(Tensor tensor, String name) {
        if (tensor.layout().rank() != 1 || tensor.layout().size(0) != shape[axis]) {
            throw new IllegalArgumentException(
                    "batchNorm of an array of shape "
                            + Arrays.toString(shape)
                            + " with the channels at axis "
                            + axis
                            + " needs "
                            + name
                            + " of shape ("
                            + shape[axis]
                            + "), not "
                            + Arrays.toString(tensor.layout().shape())
                            + ".");
        }
    }
}
