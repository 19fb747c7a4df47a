package org.oktoblas.engine;

import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.RandomOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/** Random zeros in training ("Dropout", Srivastava et al. 2014). */
final class Dropout {

    private Dropout() {}

    /**
     * Checks a rate.
     *
     * @throws IllegalArgumentException if it is no probability
     */
    static void check(double rate, String name) {
        if (!(rate >= 0 && rate <= 1)) {
            throw new IllegalArgumentException(
                    name + " is the probability of a zero, from 0 to 1, not " + rate + ".");
        }
    }

    /**
     * Makes each element zero with the probability rate, and divides the others by 1 − rate. The
     * draw is the next of the engine's random numbers.
     */
    static Tensor apply(Operation operation, Tensor in, double rate) {
        long[] shape = in.layout().shape();
        Tensor out = operation.create(shape, in.dataType());
        if (out.layout().count() == 0) {
            return out;
        }
        Tensor draws = operation.create(shape, DataType.FLOAT32);
        Distributions.draw(operation, RandomOp.UNIFORM, 0, 1, draws);
        Tensor kept = operation.create(shape, DataType.BOOLEAN);
        operation.backend.binary(BinaryOp.GREATER_OR_EQUAL, draws, Scalar.of(rate), kept);
        // At rate 1 nothing is kept.
        Scalar factor = Scalar.of(rate == 1 ? 0 : 1 / (1 - rate));
        operation.backend.where(kept, factor, Scalar.of(0), out);
        operation.backend.binary(BinaryOp.MULTIPLY, in, out, out);
        return out;
    }
}
