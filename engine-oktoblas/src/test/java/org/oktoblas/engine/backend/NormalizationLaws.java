package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.DataType;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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
        checkSoftmax(type, logarithm, x, TestTensors.read(backend, out), n, b);
        in.storage().release();
        out.storage().release();
    }

    /**
     * Rows of all lengths and places, of every type, beside each other, apart, and within larger
     * arrays: what backends keep in registers, share among threads or split.
     */
    @ParameterizedTest
    @ValueSource(
            ints = {
                1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 33, 64, 100, 127, 129, 255, 257, 512, 767, 768,
                1000, 1024, 1025, 1600, 2047, 2050, 4096, 4097, 8191, 8192, 10000, 16383, 16384,
                20001, 50257
            })
    void rowsOfAnyLength(int n) {
        int rows = n < 100 ? 67 : 3;
        for (DataType type : TestTensors.FLOATING) {
            for (int offset : new int[] {0, 1, 3}) {
                // Rows begin at multiples of 16 bytes, or anywhere.
                int pitch = offset == 0 ? (n + 15) / 16 * 16 : n + offset;
                softmax(type, offset, new long[] {rows, n}, new long[] {pitch, 1}, 1);
                layerNorm(type, offset, rows, n, pitch);
            }
        }
    }

    /** So many rows that backends have another way for them, of lengths of all kinds. */
    @ParameterizedTest
    @ValueSource(ints = {64, 65, 100, 256, 1000, 1023, 4096, 20001, 50257, 65536, 70000})
    void manyRows(int n) {
        int rows = 70_000 / n + 2;
        softmax(DataType.FLOAT32, 0, new long[] {rows, n}, new long[] {n, 1}, 1);
        softmax(DataType.FLOAT32, 3, new long[] {rows, n}, new long[] {n, 1}, 1);
    }

    /** A single NaN, wherever it stands, or nothing but negative infinity, is a row of NaN. */
    @ParameterizedTest
    @ValueSource(ints = {64, 100, 1023})
    void notANumberAmongManyRows(int n) {
        int rows = 70_000 / n + 2;
        double infinity = Double.POSITIVE_INFINITY;
        Tensor in =
                TestTensors.of(
                        backend,
                        DataType.FLOAT32,
                        i -> {
                            int row = i / n;
                            int column = i % n;
                            // From both ends on, where rows are no whole vectors.
                            int nan = row / 8 % n;
                            nan = row % 8 == 0 ? nan : n - 1 - nan;
                            return switch (row % 4) {
                                case 0 -> column == nan ? Double.NaN : column % 7;
                                case 1 -> row % 8 == 1 ? -infinity : column % 5;
                                case 2 -> column == row % n ? infinity : column;
                                default -> column % 3 == 0 ? -infinity : column % 11;
                            };
                        },
                        rows,
                        n);
        double[] x = TestTensors.read(backend, in);
        Tensor out = TestTensors.empty(backend, DataType.FLOAT32, rows, n);
        for (boolean logarithm : new boolean[] {false, true}) {
            backend.softmax(logarithm, in, 1, out);
            double[] actual = TestTensors.read(backend, out);
            for (int row = 0; row < rows; row++) {
                boolean nan = row % 4 == 0 || row % 8 == 1;
                for (int i = row * n; i < (row + 1) * n; i++) {
                    if (nan) {
                        assertEquals(Double.NaN, actual[i], "row " + row);
                    } else if (row % 4 == 2) {
                        // inf - inf for the infinite one; PyTorch gives 0 or NaN to the others.
                        assertEquals(x[i] == infinity, actual[i] != actual[i] && x[i] == infinity);
                    } else {
                        boolean none = x[i] == -infinity;
                        assertEquals(none, actual[i] == (logarithm ? -infinity : 0), "row " + row);
                    }
                }
            }
        }
        in.storage().release();
        out.storage().release();
    }

    /** Other axes: many columns and few, short and long ones, and inputs that repeat. */
    @ParameterizedTest
    @CsvSource({
        "3, 5, 7",
        "2, 31, 40",
        "1, 33, 4300",
        "2, 257, 40",
        "1, 300, 4300",
        "1, 1000, 50",
        "1, 5000, 3",
        "2, 20001, 2",
        "700, 2, 3"
    })
    void columnsOfAnyLength(int a, int n, int b) {
        for (DataType type : TestTensors.FLOATING) {
            softmax(type, 0, new long[] {a, n, b}, new long[] {(long) n * b, b, 1}, 1);
            softmax(type, 1, new long[] {a, n, b}, new long[] {n, 1, (long) a * n}, 1);
        }
    }

    @Test
    void manyTinyRows() {
        for (DataType type : TestTensors.FLOATING) {
            softmax(type, 0, new long[] {50000, 3}, new long[] {3, 1}, 1);
            layerNorm(type, 0, 50000, 3, 3);
        }
    }

    /** Softmax and log-softmax to a tensor without gaps, and in place. */
    private void softmax(DataType type, int offset, long[] shape, long[] strides, int axis) {
        Random random = new Random(shape[axis]);
        Layout layout = new Layout(shape, strides, offset);
        int count = (int) layout.count();
        Tensor whole =
                TestTensors.of(
                        backend, type, i -> 20 * random.nextDouble() - 10, offset + extent(layout));
        Tensor in = whole.with(layout);
        Tensor out = TestTensors.empty(backend, type, shape);
        double[] x = TestTensors.read(backend, in);
        int n = (int) shape[axis];
        int inner = count / n / (int) shape[0];
        for (boolean logarithm : new boolean[] {false, true}) {
            backend.softmax(logarithm, in, axis, out);
            checkSoftmax(type, logarithm, x, TestTensors.read(backend, out), n, inner);
        }
        backend.softmax(false, in, axis, in);
        checkSoftmax(type, false, x, TestTensors.read(backend, in), n, inner);
        whole.storage().release();
        out.storage().release();
    }

    private static long extent(Layout layout) {
        long last = 1;
        for (int i = 0; i < layout.rank(); i++) {
            last += (layout.size(i) - 1) * layout.stride(i);
        }
        return last;
    }

    private static void checkSoftmax(
            DataType type, boolean logarithm, double[] x, double[] actual, int n, int inner) {
        double unit = type == DataType.FLOAT64 ? 0x1p-52 : 0x1p-23;
        for (int i = 0; i < x.length / n; i++) {
            int start = i / inner * n * inner + i % inner;
            double max = Double.NEGATIVE_INFINITY;
            double sum = 0;
            for (int j = 0; j < n; j++) {
                max = Math.max(max, x[start + j * inner]);
            }
            for (int j = 0; j < n; j++) {
                sum += Math.exp(x[start + j * inner] - max);
            }
            for (int j = 0; j < n; j++) {
                double value = x[start + j * inner] - max;
                double expected = logarithm ? value - Math.log(sum) : Math.exp(value) / sum;
                // The difference from the maximum is rounded to half a unit of its size, which the
                // exponential turns into a relative error; exponentials, here and there, are good
                // to a unit, and a few roundings come on top. Sums of n numbers have errors that
                // grow like the root of a chain's length: backends use several chains, but this
                // test's own sum is one, which matters where it is no more exact than theirs.
                double sums = Math.sqrt(n) / (type == DataType.FLOAT64 ? 2 : 8);
                double tolerance =
                        Math.abs(expected)
                                        * (unit * (4 + Math.abs(value) + sums)
                                                + 0.51 * TestTensors.epsilon(type))
                                + (logarithm ? (40 + sums) * unit : 0)
                                + (type == DataType.FLOAT16 ? 0x1p-25 : 0);
                assertEquals(expected, actual[start + j * inner], tolerance, type.toString());
            }
        }
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

    /** Long rows, in whole vectors and not; so many that one place of a device has several. */
    @ParameterizedTest
    @CsvSource({
        "FLOAT32, 300, 16401",
        "FLOAT16, 600, 28701",
        "BFLOAT16, 140, 29008",
        "FLOAT32, 3, 50257",
        "FLOAT16, 3, 50257",
        "BFLOAT16, 3, 50257"
    })
    void manyLongRows(DataType type, int rows, int n) {
        layerNorm(type, type, 0, rows, n, n);
    }

    /** The square of a number, or of a sum, is beyond float32: results are numbers all the same. */
    @ParameterizedTest
    @ValueSource(ints = {64, 769, 4096, 20001, 50257})
    void hugeNumbers(int n) {
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.BFLOAT16}) {
            for (double huge : new double[] {1e18, 1e22, 1e30}) {
                Tensor in = TestTensors.of(backend, type, i -> i % n == n / 2 ? huge : 1, 2, n);
                Tensor gamma = TestTensors.of(backend, type, i -> 1, n);
                Tensor beta = TestTensors.of(backend, type, i -> 0, n);
                backend.layerNorm(in, 1, gamma, beta, 1e-5, in);
                double[] actual = TestTensors.read(backend, in);
                for (int j = 0; j < 2 * n; j++) {
                    // As it should be, or 0 where the variance is infinite.
                    double exact = j % n == n / 2 ? Math.sqrt(n - 1) : -1 / Math.sqrt(n - 1);
                    double error = Math.min(Math.abs(actual[j]), Math.abs(actual[j] - exact));
                    assertTrue(
                            error <= Math.abs(exact) * TestTensors.epsilon(DataType.BFLOAT16),
                            type + " " + huge + " at " + j + ": " + actual[j]);
                }
                for (Tensor tensor : new Tensor[] {in, gamma, beta}) {
                    tensor.storage().release();
                }
            }
        }
    }

    /** Numbers far from 0 that hardly differ, and one that is far from all others. */
    @ParameterizedTest
    @ValueSource(ints = {8, 768, 1600, 4096, 10000, 29008})
    void rowsFarFromZero(int n) {
        for (DataType type : new DataType[] {DataType.FLOAT16, DataType.BFLOAT16}) {
            Tensor gamma = TestTensors.of(backend, type, i -> 1 + i % 3, n);
            Tensor beta = TestTensors.of(backend, type, i -> i % 5 - 2, n);
            Tensor out = TestTensors.empty(backend, type, 3, n);
            Tensor in =
                    TestTensors.of(
                            backend,
                            type,
                            i -> i < n ? 1000 : i < 2 * n ? 1024 + i % 2 * 8 : i == 2 * n ? 999 : 1,
                            3,
                            n);
            backend.layerNorm(in, 1, gamma, beta, 1e-5, out);
            double[] actual = TestTensors.read(backend, out);
            for (int j = 0; j < n; j++) {
                assertEquals(j % 5 - 2, actual[j], type + " of a constant row at " + j);
                // Nothing but the last rounding is left of ±1 and of 1 / sqrt(n): all sums are
                // exact enough for it.
                double two = (j % 2 == 0 ? -1 : 1) * (1 + j % 3) + j % 5 - 2;
                double bound = 0.51 * TestTensors.epsilon(type);
                double root = Math.sqrt(n - 1.0);
                double one = (j == 0 ? root : -1 / root) * (1 + j % 3) + j % 5 - 2;
                assertEquals(two, actual[n + j], bound * Math.max(1, Math.abs(two)));
                assertEquals(one, actual[2 * n + j], bound * Math.max(1, Math.abs(one)));
            }
            for (Tensor tensor : new Tensor[] {gamma, beta, out, in}) {
                tensor.storage().release();
            }
        }
    }

    /** Layer norm with parameters of the type, and of the one that it is computed in. */
    private void layerNorm(DataType type, int offset, int rows, int n, int pitch) {
        layerNorm(type, type, offset, rows, n, pitch);
        if (TestTensors.epsilon(type) > TestTensors.epsilon(DataType.FLOAT32)) {
            layerNorm(type, DataType.FLOAT32, offset, rows, n, pitch);
        }
    }

    /** Layer norm to a tensor without gaps, and in place. */
    private void layerNorm(
            DataType type, DataType gammaType, int offset, int rows, int n, int pitch) {
        Random random = new Random(n);
        double epsilon = 1e-5;
        Tensor whole =
                TestTensors.of(
                        backend,
                        type,
                        i -> 3 * random.nextDouble() + 1,
                        offset + (long) (rows - 1) * pitch + n);
        Tensor in = whole.with(new Layout(new long[] {rows, n}, new long[] {pitch, 1}, offset));
        Tensor gamma = TestTensors.of(backend, gammaType, i -> random.nextDouble() + 0.5, n);
        Tensor beta = TestTensors.of(backend, type, i -> random.nextDouble() - 0.5, n);
        Tensor out = TestTensors.empty(backend, type, rows, n);
        double[] x = TestTensors.read(backend, in);
        double[] scale = TestTensors.read(backend, gamma);
        double[] shift = TestTensors.read(backend, beta);
        backend.layerNorm(in, 1, gamma, beta, epsilon, out);
        checkLayerNorm(type, x, scale, shift, epsilon, TestTensors.read(backend, out));
        backend.layerNorm(in, 1, gamma, beta, epsilon, in);
        checkLayerNorm(type, x, scale, shift, epsilon, TestTensors.read(backend, in));
        for (Tensor tensor : new Tensor[] {whole, gamma, beta, out}) {
            tensor.storage().release();
        }
    }

    private static void checkLayerNorm(
            DataType type,
            double[] x,
            double[] scale,
            double[] shift,
            double epsilon,
            double[] actual) {
        int n = scale.length;
        double unit = type == DataType.FLOAT64 ? 0x1p-52 : 0x1p-23;
        for (int i = 0; i < x.length; i += n) {
            double mean = 0;
            double variance = 0;
            for (int j = 0; j < n; j++) {
                mean += x[i + j] / n;
            }
            for (int j = 0; j < n; j++) {
                variance += Math.pow(x[i + j] - mean, 2) / n;
            }
            double factor = 1 / Math.sqrt(variance + epsilon);
            for (int j = 0; j < n; j++) {
                double expected = (x[i + j] - mean) * factor * scale[j] + shift[j];
                // As in layerNormOfTheLastAxes.
                double sums = type == DataType.FLOAT64 ? Math.sqrt(n) : 1;
                double tolerance =
                        unit * sums * (4 * factor + 4 * Math.abs(expected) + 2)
                                + 0.51 * TestTensors.epsilon(type) * Math.abs(expected)
                                + (type == DataType.FLOAT16 ? 0x1p-25 : 0);
                assertEquals(expected, actual[i + j], tolerance, type.toString());
            }
        }
    }
}
