package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.DataType;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Softmax and layer norm against double. */
public abstract class NormalizationLaws {

    private final Backend backend = backend();

    /** Returns what is held to these laws. */
    protected abstract Backend backend();

    @Property(tries = 150)
    void softmaxAlongAnyAxis(
            @ForAll @IntRange(min = 1, max = 20) int a,
            @ForAll @IntRange(min = 1, max = 300) int n,
            @ForAll @IntRange(min = 1, max = 5) int b,
            @ForAll @IntRange(max = 3) int typeIndex,
            @ForAll boolean logarithm,
            @ForAll long seed) {
        DataType type = TestTensors.FLOATING[typeIndex];
        Random random = new Random(seed);
        double[] x =
                TestTensors.round(type, random.doubles(a * n * b).map(v -> 20 * v - 10).toArray());
        Tensor in = TestTensors.scattered(backend, type, x, random, a, n, b);
        Tensor out = TestTensors.scattered(backend, type, new double[x.length], random, a, n, b);
        backend.softmax(logarithm, in, 1, out);
        double[] actual = TestTensors.read(backend, out);
        double unit = type == DataType.FLOAT64 ? 0x1p-52 : 0x1p-23;
        for (int i = 0; i < a * b; i++) {
            int start = i / b * n * b + i % b;
            double max = Double.NEGATIVE_INFINITY;
            double sum = 0;
            for (int j = 0; j < n; j++) {
                max = Math.max(max, x[start + j * b]);
            }
            for (int j = 0; j < n; j++) {
                sum += Math.exp(x[start + j * b] - max);
            }
            for (int j = 0; j < n; j++) {
                double value = x[start + j * b] - max;
                double expected = logarithm ? value - Math.log(sum) : Math.exp(value) / sum;
                // The difference from the maximum is rounded to half a unit of its size, which the
                // exponential turns into a relative error; a few roundings come on top.
                double tolerance =
                        Math.abs(expected)
                                        * (unit * (4 + Math.abs(value))
                                                + 0.51 * TestTensors.epsilon(type))
                                + (logarithm ? 40 * unit : 0)
                                + (type == DataType.FLOAT16 ? 0x1p-25 : 0);
                assertEquals(expected, actual[start + j * b], tolerance, type.toString());
            }
        }
        in.storage().release();
        out.storage().release();
    }

    @Test
    void softmaxOfInfinities() {
        double infinity = Double.POSITIVE_INFINITY;
        double[][] rows = {
            {-infinity, 0, -infinity}, {-infinity, -infinity, -infinity}, {Double.NaN, 0, 1}
        };
        for (int i = 0; i < 3; i++) {
            Tensor x = TestTensors.of(backend, DataType.FLOAT32, rows[i], 1, 3);
            backend.softmax(false, x, 1, x);
            double[] y = TestTensors.read(backend, x);
            for (int j = 0; j < 3; j++) {
                if (i == 0) {
                    assertEquals(j == 1 ? 1 : 0, y[j]);
                } else {
                    assertTrue(Double.isNaN(y[j]), "row " + i);
                }
            }
            x.storage().release();
        }
    }

    @Property(tries = 100)
    void layerNormOfTheLastAxes(
            @ForAll @IntRange(min = 1, max = 40) int rows,
            @ForAll @IntRange(min = 1, max = 12) int a,
            @ForAll @IntRange(min = 1, max = 70) int b,
            @ForAll @IntRange(max = 3) int typeIndex,
            @ForAll boolean scaled,
            @ForAll boolean shifted,
            @ForAll long seed) {
        DataType type = TestTensors.FLOATING[typeIndex];
        Random random = new Random(seed);
        int n = a * b;
        double[] x =
                TestTensors.round(type, random.doubles(rows * n).map(v -> 3 * v + 1).toArray());
        double[] g = TestTensors.round(type, random.doubles(n).map(v -> v + 0.5).toArray());
        double[] s = TestTensors.round(type, random.doubles(n).map(v -> v - 0.5).toArray());
        Tensor in = TestTensors.scattered(backend, type, x, random, rows, a, b);
        Tensor gamma = TestTensors.scattered(backend, type, g, random, a, b);
        Tensor beta = TestTensors.scattered(backend, type, s, random, a, b);
        Tensor out = TestTensors.scattered(backend, type, new double[x.length], random, rows, a, b);
        double epsilon = 1e-5;
        backend.layerNorm(in, 2, scaled ? gamma : null, shifted ? beta : null, epsilon, out);
        double[] actual = TestTensors.read(backend, out);
        double unit = type == DataType.FLOAT64 ? 0x1p-52 : 0x1p-23;
        for (int i = 0; i < rows; i++) {
            double mean = 0;
            double variance = 0;
            for (int j = 0; j < n; j++) {
                mean += x[i * n + j] / n;
            }
            for (int j = 0; j < n; j++) {
                variance += Math.pow(x[i * n + j] - mean, 2) / n;
            }
            double factor = 1 / Math.sqrt(variance + epsilon);
            for (int j = 0; j < n; j++) {
                double expected =
                        (x[i * n + j] - mean) * factor * (scaled ? g[j] : 1) + (shifted ? s[j] : 0);
                // Differences from the mean carry its rounding, half a unit of numbers up to 4. In
                // float64 the sums of n numbers, here and there, are no more exact than that.
                double sums = type == DataType.FLOAT64 ? Math.sqrt(n) : 1;
                double tolerance =
                        unit * sums * (4 * factor + 4 * Math.abs(expected) + 2)
                                + 0.51 * TestTensors.epsilon(type) * Math.abs(expected)
                                + (type == DataType.FLOAT16 ? 0x1p-25 : 0);
                assertEquals(expected, actual[i * n + j], tolerance, type.toString());
            }
        }
        for (Tensor tensor : new Tensor[] {in, gamma, beta, out}) {
            tensor.storage().release();
        }
    }
}
