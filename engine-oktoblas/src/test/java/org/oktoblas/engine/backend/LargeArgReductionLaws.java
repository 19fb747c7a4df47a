package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The places of extremes, for sizes and layouts that a device divides between many threads in one
 * way or another. Any way of dividing must find the first among equals.
 */
public abstract class LargeArgReductionLaws extends LargeLaws {

    private static final long[][] SHAPES = {
        {1 << 17},
        {70_003},
        {3, 40_000},
        {40_000, 3},
        {2_000, 32},
        {24, 3_000},
        {4, 500, 48},
        {20, 50, 60},
        {10_000, 5},
        {2, 3, 4, 5, 6, 7},
        {1, 9}
    };

    private void checkPlaces(Tensor in, int axis) {
        double[] x = TestTensors.read(backend, in);
        long[] shape = in.layout().shape();
        int n = (int) shape[axis];
        int inner = 1;
        for (int i = axis + 1; i < shape.length; i++) {
            inner *= (int) shape[i];
        }
        shape[axis] = 1;
        for (boolean largest : new boolean[] {true, false}) {
            Tensor out = own(TestTensors.of(backend, DataType.INT64, i -> -1, shape));
            backend.argReduce(largest, in, axis, out);
            double[] actual = TestTensors.read(backend, out);
            for (int i = 0; i < actual.length; i++) {
                int first = i / inner * n * inner + i % inner;
                int best = 0;
                for (int j = 1; j < n; j++) {
                    double value = x[first + j * inner];
                    double known = x[first + best * inner];
                    boolean better = largest ? value > known : value < known;
                    if (better || value != value && known == known) {
                        best = j;
                    }
                }
                int place = i;
                assertEquals(
                        best,
                        actual[i],
                        () ->
                                (largest ? "largest " : "smallest ")
                                        + in.dataType()
                                        + " "
                                        + in.layout()
                                        + " along "
                                        + axis
                                        + " at "
                                        + place);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void placesOfExtremes(DataType type) {
        for (long[] shape : SHAPES) {
            // Gaussians have one largest element, small integers many.
            Random random = new Random(5);
            Tensor in =
                    own(
                            TestTensors.of(
                                    backend,
                                    type,
                                    i ->
                                            type.isFloating()
                                                    ? random.nextGaussian()
                                                    : random.nextInt(11),
                                    shape));
            Tensor ties = own(TestTensors.of(backend, type, i -> i * 7 / 3 % 5, shape));
            for (int axis = 0; axis < shape.length; axis++) {
                checkPlaces(in, axis);
                checkPlaces(ties, axis);
            }
            if (shape.length == 3) {
                checkPlaces(in.with(in.layout().permute(2, 0, 1)), 1);
                checkPlaces(in.with(in.layout().slice(2, 1, 15, 2)), 0);
                checkPlaces(in.with(in.layout().slice(1, shape[1] - 1, shape[1], -1)), 1);
            }
            release();
        }
    }

    @Test
    void placesAmongEquals() {
        for (DataType type : TestTensors.ALL) {
            for (long[] shape : new long[][] {{1, 70_000}, {40_000, 2}, {20, 1000}, {1000, 20}}) {
                for (int axis = 0; axis < 2; axis++) {
                    checkPlaces(own(TestTensors.of(backend, type, i -> 1, shape)), axis);
                    if (type.isFloating()) {
                        // Zeros are equal whatever their sign.
                        checkPlaces(
                                own(
                                        TestTensors.of(
                                                backend, type, i -> i % 2 == 0 ? -0.0 : 0, shape)),
                                axis);
                        int late = (int) (shape[0] * shape[1]) - 3;
                        checkPlaces(
                                own(
                                        TestTensors.of(
                                                backend,
                                                type,
                                                i -> i >= late ? Double.NaN : i % 9,
                                                shape)),
                                axis);
                    }
                    release();
                }
            }
        }
        // The lowest numbers of all are found, too.
        Tensor low = own(TestTensors.of(backend, DataType.INT64, i -> Long.MIN_VALUE, 2, 70_000));
        checkPlaces(low, 1);
        checkPlaces(own(TestTensors.of(backend, DataType.INT32, i -> Integer.MIN_VALUE, 9, 99)), 1);
        checkPlaces(
                own(
                        TestTensors.of(
                                backend, DataType.FLOAT32, i -> Double.NEGATIVE_INFINITY, 9, 99)),
                0);
    }

    @Test
    void aMillion() {
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT16, DataType.INT64}) {
            for (long[] shape : new long[][] {{1, 1_000_003}, {3, 200_000}, {200_000, 3}}) {
                Random random = new Random(8);
                Tensor in = own(TestTensors.of(backend, type, i -> random.nextInt(2000), shape));
                checkPlaces(in, shape[0] < shape[1] ? 1 : 0);
                release();
            }
        }
    }

    /** More axes than a device's kernels tell apart. */
    @Test
    void manyAxes() {
        long[] shape = new long[14];
        Arrays.fill(shape, 2);
        int[] reversed = new int[14];
        Arrays.setAll(reversed, i -> 13 - i);
        Tensor dense = own(TestTensors.of(backend, DataType.INT32, i -> i * 7 % 5, shape));
        checkPlaces(dense.with(dense.layout().permute(reversed)), 4);
    }
}
