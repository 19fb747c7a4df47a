package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Random numbers: repeatability, and the moments of the distributions. */
public abstract class RandomLaws {

    private final Backend backend = backend();

    /** Returns what is held to these laws. */
    protected abstract Backend backend();

    @Test
    void anElementDependsOnSeedAndCounterAlone() {
        Tensor all = TestTensors.empty(backend, DataType.FLOAT32, 50_000);
        backend.random(RandomOp.NORMAL, 0, 1, 42, 7, all);
        double[] expected = TestTensors.read(backend, all);
        Tensor part = TestTensors.empty(backend, DataType.FLOAT32, 33);
        backend.random(RandomOp.NORMAL, 0, 1, 42, 7 + 1001, part);
        assertArrayEquals(
                Arrays.copyOfRange(expected, 1001, 1034), TestTensors.read(backend, part));
        backend.random(RandomOp.NORMAL, 0, 1, 43, 7 + 1001, part);
        assertTrue(expected[1001] != TestTensors.read(backend, part)[0]);
        all.storage().release();
        part.storage().release();
    }

    @Test
    void distributionsHaveTheirMoments() {
        int n = 200_000;
        for (DataType type : TestTensors.FLOATING) {
            Tensor x = TestTensors.empty(backend, type, n);
            backend.random(RandomOp.UNIFORM, -1, 3, 1, 0, x);
            double[] values = TestTensors.read(backend, x);
            assertTrue(Arrays.stream(values).allMatch(v -> v >= -1 && v < 3), type.toString());
            // Five standard errors of the mean, and what the data type's steps shift it by.
            double step = 2 * TestTensors.epsilon(type);
            assertEquals(1, mean(values), 5 * 4 / Math.sqrt(12.0 * n) + step);
            assertEquals(16 / 12.0, variance(values), 0.02);
            backend.random(RandomOp.NORMAL, 2, 0.5, 2, 0, x);
            values = TestTensors.read(backend, x);
            assertEquals(2, mean(values), 5 * 0.5 / Math.sqrt(n) + step / 8);
            assertEquals(0.25, variance(values), 0.005);
            x.storage().release();
        }
        for (DataType type : TestTensors.INTEGRAL) {
            Tensor x = TestTensors.empty(backend, type, n);
            backend.random(RandomOp.INTEGER, 3, 13, 3, 0, x);
            int[] counts = new int[16];
            for (double value : TestTensors.read(backend, x)) {
                counts[(int) value]++;
            }
            for (int i = 0; i < 16; i++) {
                // Six standard deviations of a count.
                double expected = i >= 3 && i < 13 ? n / 10.0 : 0;
                assertEquals(expected, counts[i], 6 * Math.sqrt(expected), type + " " + i);
            }
            x.storage().release();
        }
        Tensor wide = TestTensors.empty(backend, DataType.INT64, 1000);
        backend.random(RandomOp.INTEGER, -0x1p40, 0x1p40, 3, 0, wide);
        double[] values = TestTensors.read(backend, wide);
        assertTrue(Arrays.stream(values).allMatch(v -> v >= -0x1p40 && v < 0x1p40));
        assertTrue(Arrays.stream(values).min().getAsDouble() < -0x1p39);
        wide.storage().release();
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().getAsDouble();
    }

    private static double variance(double[] values) {
        double mean = mean(values);
        return Arrays.stream(values).map(v -> (v - mean) * (v - mean)).average().getAsDouble();
    }
}
