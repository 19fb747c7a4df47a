package org.oktoblas.it.differential;

import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;

/** What an operation's result should be, by plain Java in double precision. */
interface Reference {

    /** Numbers in row-major order. */
    record Numbers(double[] values, long[] shape) {}

    Numbers of(Numbers[] operands);

    /** Applies a function to each element of the first operand. */
    static Reference each(DoubleUnaryOperator function) {
        return x -> new Numbers(Arrays.stream(x[0].values).map(function).toArray(), x[0].shape);
    }

    /** Applies a function to each pair of elements of two operands that broadcast. */
    static Reference pairs(DoubleBinaryOperator function) {
        return x -> {
            int rank = Math.max(x[0].shape.length, x[1].shape.length);
            long[] shape = new long[rank];
            int count = 1;
            for (int i = 0; i < rank; i++) {
                long a = size(x[0], i, rank);
                shape[i] = a == 1 ? size(x[1], i, rank) : a;
                count *= (int) shape[i];
            }
            double[] values = new double[count];
            for (int i = 0; i < count; i++) {
                values[i] = function.applyAsDouble(at(x[0], i, shape), at(x[1], i, shape));
            }
            return new Numbers(values, shape);
        };
    }

    private static long size(Numbers numbers, int axis, int rank) {
        int own = axis - (rank - numbers.shape.length);
        return own < 0 ? 1 : numbers.shape[own];
    }

    private static double at(Numbers numbers, int place, long[] shape) {
        int offset = 0;
        int stride = 1;
        int rest = place;
        for (int i = shape.length - 1; i >= 0; i--) {
            long own = size(numbers, i, shape.length);
            int position = (int) (rest % shape[i]);
            rest /= (int) shape[i];
            offset += own == 1 ? 0 : position * stride;
            stride *= (int) own;
        }
        return numbers.values[offset];
    }
}
