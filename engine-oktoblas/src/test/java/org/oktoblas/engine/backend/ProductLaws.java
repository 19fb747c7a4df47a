package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.types.DataType;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
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
            @ForAll @IntRange(max = 7) int typeIndex,
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

    private static double[] content(DataType type, int count, Random random) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            double value =
                    type.isFloating()
                            ? random.nextGaussian()
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
                // Ten standard deviations of a float sum's error, see LinearTest, and the rounding
                // to the data type.
                double tolerance =
                        unit * (5 * Math.sqrt(k * squares) + 4 * Math.abs(sum))
                                + 0.51 * TestTensors.epsilon(type) * Math.abs(sum)
                                + (type == DataType.FLOAT16 ? 0x1p-25 : 0);
                assertEquals(sum, actual[i * n + j], tolerance, type + " k=" + k);
            }
        }
    }

    private static void release(Tensor... tensors) {
        for (Tensor tensor : tensors) {
            tensor.storage().release();
        }
    }
}
