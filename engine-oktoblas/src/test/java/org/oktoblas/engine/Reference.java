package org.oktoblas.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;

/** A dense array of doubles with operations written the slow and obvious way. */
record Reference(double[] values, long... shape) {

    static Reference random(Random random, long... shape) {
        double[] values = new double[(int) new Shape(shape).size()];
        for (int i = 0; i < values.length; i++) {
            // Floats, so that an array takes them over exactly.
            values[i] = (float) random.nextGaussian();
        }
        return new Reference(values, shape);
    }

    NDArray array(NDManager manager) {
        return manager.create(values, new Shape(shape)).toType(DataType.FLOAT32, false);
    }

    /** Asserts that an array of any floating point type has these elements. */
    void assertEqual(NDArray array, double tolerance) {
        assertEquals(new Shape(shape), array.getShape());
        assertArrayEquals(values, doubles(array), tolerance);
    }

    static double[] doubles(NDArray array) {
        try (NDArray wide = array.toType(DataType.FLOAT64, true)) {
            return wide.toDoubleArray();
        }
    }

    int size(int axis) {
        return (int) shape[axis];
    }

    /** The position in {@link #values} of an index, after broadcasting it down to this shape. */
    private int place(long[] index) {
        int place = 0;
        int added = index.length - shape.length;
        for (int i = 0; i < shape.length; i++) {
            place = (int) (place * shape[i] + (shape[i] == 1 ? 0 : index[added + i]));
        }
        return place;
    }

    private static long[] index(int place, long[] shape) {
        long[] index = new long[shape.length];
        for (int i = shape.length - 1; i >= 0; i--) {
            index[i] = place % shape[i];
            place /= (int) shape[i];
        }
        return index;
    }

    Reference map(DoubleUnaryOperator function) {
        double[] result = new double[values.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = function.applyAsDouble(values[i]);
        }
        return new Reference(result, shape);
    }

    Reference with(Reference other, DoubleBinaryOperator function) {
        int rank = Math.max(shape.length, other.shape.length);
        long[] common = new long[rank];
        for (int i = 1; i <= rank; i++) {
            long m = i <= shape.length ? shape[shape.length - i] : 1;
            long n = i <= other.shape.length ? other.shape[other.shape.length - i] : 1;
            common[rank - i] = m == 1 ? n : m;
        }
        double[] result = new double[(int) new Shape(common).size()];
        for (int i = 0; i < result.length; i++) {
            long[] at = index(i, common);
            result[i] = function.applyAsDouble(values[place(at)], other.values[other.place(at)]);
        }
        return new Reference(result, common);
    }

    /** Folds an axis to length 1. */
    Reference fold(int axis, double start, DoubleBinaryOperator function) {
        long[] folded = shape.clone();
        folded[axis] = 1;
        double[] result = new double[(int) new Shape(folded).size()];
        Arrays.fill(result, start);
        Reference out = new Reference(result, folded);
        for (int i = 0; i < values.length; i++) {
            int place = out.place(index(i, shape));
            result[place] = function.applyAsDouble(result[place], values[i]);
        }
        return out;
    }

    Reference permute(int... order) {
        long[] permuted = new long[order.length];
        for (int i = 0; i < order.length; i++) {
            permuted[i] = shape[order[i]];
        }
        double[] result = new double[values.length];
        for (int i = 0; i < result.length; i++) {
            long[] to = index(i, permuted);
            long[] from = new long[order.length];
            for (int j = 0; j < order.length; j++) {
                from[order[j]] = to[j];
            }
            result[i] = values[place(from)];
        }
        return new Reference(result, permuted);
    }

    Reference reshape(long... other) {
        return new Reference(values, other);
    }

    /** (M, K) · (K, N). */
    Reference times(Reference other) {
        int m = size(0);
        int k = size(1);
        int n = other.size(1);
        double[] result = new double[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                for (int l = 0; l < k; l++) {
                    result[i * n + j] += values[i * k + l] * other.values[l * n + j];
                }
            }
        }
        return new Reference(result, m, n);
    }

    Reference softmax(int axis) {
        Reference power = map(Math::exp);
        return power.with(power.fold(axis, 0, Double::sum), (a, b) -> a / b);
    }
}
