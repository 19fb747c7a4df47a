package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.types.DataType;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Matrix products of any layout and type against sums in double. */
public abstract class ProductLaws {

    private final Backend backend = backend();

    /** Returns what is held to these laws. */
    protected abstract Backend backend();

    @Property(tries = 150)
    void smallProducts(
            @ForAll @IntRange(min = 1, max = 3) int batch,
            @ForAll @IntRange(max = 70) int m,
            @ForAll @IntRange(max = 40) int k,
            @ForAll @IntRange(max = 90) int n,
            @ForAll @IntRange(max = 8) int typeIndex,
            @ForAll long seed) {
        DataType type = TestTensors.ALL[typeIndex];
        Random random = new Random(seed);
        double[] x = content(type, batch * m * k, random);
        double[] y = content(type, batch * k * n, random);
        Tensor a = TestTensors.scattered(backend, type, x, random, batch, m, k);
        Tensor b = TestTensors.scattered(backend, type, y, random, batch, k, n);
        double[] zeros = new double[batch * m * n];
        Tensor out = TestTensors.scattered(backend, type, zeros, random, batch, m, n);
        backend.matmul(a, b, out);
        check(type, x, y, TestTensors.read(backend, out), batch, m, k, n);
        release(a, b, out);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 300, 200, 400, 0",
        "6, 128, 64, 256, 1",
        "6, 128, 256, 64, 2",
        "1, 1, 4000, 3000, 0",
        "1, 3000, 4000, 1, 2",
        "40, 513, 1, 700, 1",
        "4, 129, 170, 131, 3"
    })
    void largeProducts(int batch, int m, int k, int n, int variant) {
        Random random = new Random(variant);
        DataType type = DataType.FLOAT32;
        boolean oneRight = variant == 3;
        double[] x = content(type, batch * m * k, random);
        double[] y = content(type, (oneRight ? 1 : batch) * k * n, random);
        Tensor a;
        if ((variant & 1) != 0) {
            // As a head of (m, batch, k): rows far apart.
            Tensor heads = TestTensors.empty(backend, type, m, batch, k);
            a =
                    heads.with(
                            new Layout(
                                    new long[] {batch, m, k},
                                    new long[] {k, (long) batch * k, 1},
                                    0));
            Tensor dense = TestTensors.of(backend, type, x, batch, m, k);
            backend.copy(dense, a);
            release(dense);
        } else {
            a = TestTensors.of(backend, type, x, batch, m, k);
        }
        Tensor b;
        if (oneRight) {
            b =
                    TestTensors.of(backend, type, y, k, n)
                            .with(new Layout(new long[] {batch, k, n}, new long[] {0, n, 1}, 0));
            double[] repeated = new double[batch * k * n];
            for (int i = 0; i < batch; i++) {
                System.arraycopy(y, 0, repeated, i * k * n, k * n);
            }
            y = repeated;
        } else if ((variant & 2) != 0) {
            Tensor transposed = TestTensors.empty(backend, type, batch, n, k);
            b =
                    transposed.with(
                            new Layout(
                                    new long[] {batch, k, n}, new long[] {(long) n * k, 1, k}, 0));
            Tensor dense = TestTensors.of(backend, type, y, batch, k, n);
            backend.copy(dense, b);
            release(dense);
        } else {
            b = TestTensors.of(backend, type, y, batch, k, n);
        }
        Tensor out = TestTensors.of(backend, type, i -> Double.NaN, batch, m, n);
        backend.matmul(a, b, out);
        check(type, x, y, TestTensors.read(backend, out), batch, m, k, n);
        release(a, b, out);
    }

    /** Rows or columns beside each other in memory, and 16-byte boundaries met or missed. */
    @Test
    void layoutsOfEveryType() {
        int[][] sizes = {
            {1, 1, 1}, {3, 17, 127}, {17, 127, 129}, {64, 64, 64}, {129, 257, 65}, {257, 3, 130}
        };
        int seed = 0;
        for (DataType type : TestTensors.ALL) {
            for (int layout = 0; layout < 4; layout++) {
                for (int[] size : sizes) {
                    // Lines of whole multiples of 16 bytes, or not, at such an address, or not.
                    int unit = seed % 2 == 0 ? 16 / type.getNumOfBytes() : 1;
                    multiply(type, size, layout, unit, seed % 3 == 2 ? 1 : 0, seed++);
                }
            }
        }
    }

    /** Too large to be taken as they are where rows miss 16-byte boundaries. */
    @ParameterizedTest
    @CsvSource({"FLOAT32", "FLOAT16", "BFLOAT16", "FLOAT64"})
    void layoutsOfMiddleSize(DataType type) {
        for (int layout = 0; layout < 4; layout++) {
            multiply(type, new int[] {351, 333, 301}, layout, 1, layout % 2, layout);
        }
    }

    /** Enough results for the largest tiles on every multiprocessor of a large GPU. */
    @ParameterizedTest
    @CsvSource({
        "FLOAT16, 0",
        "FLOAT16, 3",
        "BFLOAT16, 1",
        "BFLOAT16, 2",
        "FLOAT32, 0",
        "FLOAT32, 1",
        "FLOAT32, 2",
        "FLOAT32, 3"
    })
    void largeResults(DataType type, int layout) {
        multiply(type, new int[] {2100, 70, 1925}, layout, 16 / type.getNumOfBytes(), 0, layout);
    }

    /** Few results of many products each, which several processors share. */
    @ParameterizedTest
    @CsvSource({
        "FLOAT32, 40, 20000, 70",
        "FLOAT16, 40, 20000, 70",
        "BFLOAT16, 70, 20001, 33",
        "FLOAT64, 33, 20000, 40",
        "INT32, 20, 20000, 30",
        "BOOLEAN, 12, 20000, 11",
        "FLOAT32, 1, 300000, 1",
        "FLOAT16, 1, 300000, 1",
        "INT64, 2, 100000, 3",
        "FLOAT64, 1, 30000, 64"
    })
    void longSums(DataType type, int m, int k, int n) {
        for (int layout = 0; layout < 4; layout += 3) {
            multiply(type, new int[] {m, k, n}, layout, 16 / type.getNumOfBytes(), 0, layout);
        }
    }

    /** Few rows, or few columns. */
    @Test
    void narrowProducts() {
        int seed = 0;
        for (DataType type : TestTensors.ALL) {
            for (int few = 1; few <= 9; few += type.isFloating() ? 1 : 4) {
                multiply(type, new int[] {few, 130, 257}, seed % 4, 1, 0, seed++);
                multiply(type, new int[] {257, 130, few}, seed % 4, 1, 0, seed++);
            }
            multiply(type, new int[] {1, 64, 50257}, 0, 1, 0, seed++);
        }
    }

    @Test
    void membersThatRepeat() {
        int m = 40;
        int k = 70;
        int n = 24;
        for (DataType type : TestTensors.ALL) {
            Random random = new Random(type.ordinal());
            // a repeats along the first axis of the batch, b along the second.
            double[] x = content(type, 3 * m * k, random);
            double[] y = content(type, 2 * k * n, random);
            Tensor a =
                    TestTensors.of(backend, type, x, 3, m, k)
                            .with(
                                    new Layout(
                                            new long[] {2, 3, m, k},
                                            new long[] {0, (long) m * k, k, 1},
                                            0));
            Tensor b =
                    TestTensors.of(backend, type, y, 2, k, n)
                            .with(
                                    new Layout(
                                            new long[] {2, 3, k, n},
                                            new long[] {(long) k * n, 0, n, 1},
                                            0));
            Tensor out = TestTensors.of(backend, type, i -> 1, 2, 3, m, n);
            backend.matmul(a, b, out);
            double[] allX = TestTensors.read(backend, a);
            double[] allY = TestTensors.read(backend, b);
            check(type, allX, allY, TestTensors.read(backend, out), 6, m, k, n);
            release(a, b, out);
        }
    }

    @Test
    void theSameBitsEveryTime() {
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT16}) {
            for (int[] size : new int[][] {{1, 5000, 300}, {50, 9000, 60}, {300, 100, 300}}) {
                Tensor a = TestTensors.normal(backend, type, 1, size[0], size[1]);
                Tensor b = TestTensors.normal(backend, type, 2, size[1], size[2]);
                Tensor out = TestTensors.empty(backend, type, size[0], size[2]);
                backend.matmul(a, b, out);
                double[] first = TestTensors.read(backend, out);
                for (int i = 0; i < 5; i++) {
                    backend.matmul(a, b, out);
                    assertArrayEquals(first, TestTensors.read(backend, out));
                }
                release(a, b, out);
            }
        }
    }

    /**
     * Multiplies two matrices.
     *
     * @param size M, K, N
     * @param layout 1: a's columns lie in memory as rows do usually; 2: b's
     * @param unit lines in memory are multiples of so many elements
     * @param offset so many elements lie before the first
     */
    private void multiply(DataType type, int[] size, int layout, int unit, int offset, long seed) {
        int m = size[0];
        int k = size[1];
        int n = size[2];
        Random random = new Random(seed);
        Tensor a = lines(type, m, k, (layout & 1) != 0, unit, offset, random);
        Tensor b = lines(type, k, n, (layout & 2) != 0, unit, offset, random);
        Tensor out = TestTensors.of(backend, type, i -> 1, m, n);
        backend.matmul(a, b, out);
        check(
                type,
                TestTensors.read(backend, a),
                TestTensors.read(backend, b),
                TestTensors.read(backend, out),
                1,
                m,
                k,
                n);
        release(a, b, out);
    }

    private Tensor lines(
            DataType type,
            int rows,
            int columns,
            boolean turned,
            int unit,
            int offset,
            Random random) {
        int lines = turned ? columns : rows;
        int length = turned ? rows : columns;
        int pitch = (length + unit - 1) / unit * unit;
        double[] values = content(type, lines * pitch + offset, random);
        return TestTensors.of(backend, type, values, values.length)
                .with(
                        new Layout(
                                new long[] {rows, columns},
                                turned ? new long[] {1, pitch} : new long[] {pitch, 1},
                                offset));
    }

    private static double[] content(DataType type, int count, Random random) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            double value =
                    type.isFloating()
                            ? random.nextGaussian()
                            : type == DataType.BOOLEAN
                                    ? random.nextInt(20) / 19
                                    : random.nextInt(20) - (type == DataType.UINT8 ? 0 : 10);
            values[i] = TestTensors.round(type, value);
        }
        return values;
    }

    private static void check(
            DataType type,
            double[] x,
            double[] y,
            double[] actual,
            int batch,
            int m,
            int k,
            int n) {
        double unit = type == DataType.FLOAT64 ? 0x1p-53 : 0x1p-24;
        for (int i = 0; i < batch * m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                double squares = 0;
                for (int l = 0; l < k; l++) {
                    double product = x[i * k + l] * y[(i / m * k + l) * n + j];
                    sum += product;
                    squares += product * product;
                }
                if (!type.isFloating()) {
                    assertEquals(TestTensors.round(type, sum), actual[i * n + j]);
                    continue;
                }
                // Ten standard deviations of a float sum's error, see LinearLaws, and the rounding
                // to the data type. Tensor cores, which take 16-bit factors, truncate after every
                // 8 or 16 products, by up to two units of the sum so far, which is about the norm.
                double truncation = type.getNumOfBytes() == 2 ? k / 4.0 * Math.sqrt(squares) : 0;
                double tolerance =
                        unit * (5 * Math.sqrt(k * squares) + 4 * Math.abs(sum) + truncation)
                                + 0.51 * TestTensors.epsilon(type) * Math.abs(sum)
                                + (type == DataType.FLOAT16 ? 0x1p-25 : 0);
                assertEquals(sum, actual[i * n + j], tolerance, () -> type + " k=" + k);
            }
        }
    }

    private static void release(Tensor... tensors) {
        for (Tensor tensor : tensors) {
            tensor.storage().release();
        }
    }
}
