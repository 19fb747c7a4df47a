package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Causal attention against its definition in double. */
public abstract class AttentionLaws {

    private static final DataType[] TYPES = {DataType.FLOAT32, DataType.FLOAT16, DataType.BFLOAT16};

    private final Backend backend = backend();

    /** Returns what is held to these laws. */
    protected abstract Backend backend();

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 1, 4",
        "2, 3, 1, 17, 64",
        "1, 12, 128, 128, 64",
        "2, 2, 5, 9, 8",
        "1, 2, 70, 200, 16",
        "3, 1, 2, 3, 1",
        "1, 1, 1, 700, 80",
        "1, 1, 1, 700, 160"
    })
    void isWhatItsDefinitionSays(int b, int h, int t, int s, int d) {
        for (int variant = 0; variant < 4; variant++) {
            check(backend, DataType.FLOAT32, 1 / Math.sqrt(d), b, h, t, s, d, variant);
        }
    }

    /**
     * Shapes for which backends have different ways: few and many queries, few and many heads,
     * widths up to the usual sizes and between them, and very wide heads.
     */
    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 1, 8",
        "2, 2, 1, 255, 64",
        "1, 2, 1, 3000, 64",
        "1, 2, 1, 600, 128",
        "1, 1, 1, 300, 256",
        "1, 1, 1, 300, 24",
        "1, 1, 1, 300, 300",
        "1, 2, 2, 500, 64",
        "2, 1, 3, 3, 80",
        "1, 1, 4, 260, 20",
        "1, 3, 5, 5, 64",
        "1, 1, 6, 1000, 256",
        "1, 1, 7, 40, 1",
        "1, 1, 8, 8, 128",
        "1, 1, 16, 1100, 64",
        "2, 1, 9, 9, 24",
        "12, 12, 9, 9, 24",
        "2, 3, 64, 64, 64",
        "1, 2, 65, 130, 64",
        "12, 12, 9, 20, 64",
        "6, 12, 65, 65, 64",
        "1, 1, 200, 333, 64",
        "2, 1, 70, 75, 128",
        "12, 12, 9, 9, 100",
        "6, 12, 65, 65, 80",
        "1, 1, 33, 64, 256",
        "12, 12, 9, 9, 200",
        "2, 1, 30, 40, 300"
    })
    void everyTypeAndShape(int b, int h, int t, int s, int d) {
        for (DataType type : TYPES) {
            for (int variant = 0; variant < 4; variant++) {
                check(backend, type, 1 / Math.sqrt(d), b, h, t, s, d, variant);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -0.3, 3})
    void anyScale(double scale) {
        for (DataType type : TYPES) {
            for (int t : new int[] {1, 3, 40}) {
                check(backend, type, scale, 2, 1, t, 50, 16, 1);
            }
        }
    }

    private static void check(
            Backend backend,
            DataType type,
            double scale,
            int b,
            int h,
            int t,
            int s,
            int d,
            int variant) {
        Random random = new Random(variant);
        boolean masked = (variant & 1) != 0;
        boolean odd = (variant & 2) != 0;
        double[] q =
                random.doubles(b * h * t * d)
                        .map(v -> TestTensors.round(type, 6 * v - 3))
                        .toArray();
        double[] k =
                random.doubles(b * h * s * d)
                        .map(v -> TestTensors.round(type, 2 * v - 1))
                        .toArray();
        double[] v =
                random.doubles(b * h * s * d)
                        .map(x -> TestTensors.round(type, 2 * x - 1))
                        .toArray();
        double[] m = new double[b * s];
        for (int i = 0; i < m.length; i++) {
            m[i] = random.nextInt(4) == 0 ? 0 : 1;
        }
        if (b > 1) {
            // Padding up to the last key: some queries see none.
            for (int i = 0; i < s; i++) {
                m[s + i] = i == s - 1 ? 1 : 0;
            }
        }
        Tensor query = tensor(backend, type, q, random, odd, b, h, t, d);
        Tensor keys = tensor(backend, type, k, random, odd, b, h, s, d);
        Tensor values = tensor(backend, type, v, random, odd, b, h, s, d);
        Tensor mask = TestTensors.scattered(backend, DataType.INT64, m, random, b, s);
        Tensor dense = TestTensors.empty(backend, type, b, t, h, d);
        Tensor out =
                odd
                        ? TestTensors.scattered(
                                backend, type, new double[q.length], random, b, h, t, d)
                        : dense.with(
                                new Layout(
                                        new long[] {b, h, t, d},
                                        new long[] {(long) t * h * d, d, (long) h * d, 1},
                                        0));
        backend.attention(query, keys, values, masked ? mask : null, scale, out);
        double[] actual = TestTensors.read(backend, out);
        // Scores of size ~10 are off by ~10 u √d, which is their weights' relative error; values
        // are
        // at most 1, so the result is off by that much at most. Of 16-bit floats the weights may
        // be rounded, too, and the result is.
        double tolerance = 2e-5 + (type == DataType.FLOAT32 ? 0 : TestTensors.epsilon(type));
        double[] weights = new double[s];
        for (int row = 0; row < b * h * t; row++) {
            int head = row / t;
            int seen = s - t + row % t + 1;
            double max = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < seen; j++) {
                boolean hidden = masked && m[head / h * s + j] == 0;
                weights[j] = hidden ? Double.NEGATIVE_INFINITY : 0;
                for (int i = 0; i < d && !hidden; i++) {
                    weights[j] += scale * q[row * d + i] * k[(head * s + j) * d + i];
                }
                max = Math.max(max, weights[j]);
            }
            double total = 0;
            for (int j = 0; j < seen; j++) {
                weights[j] = max == Double.NEGATIVE_INFINITY ? 1 : Math.exp(weights[j] - max);
                total += weights[j];
            }
            for (int i = 0; i < d; i++) {
                double expected = 0;
                for (int j = 0; j < seen; j++) {
                    expected += weights[j] / total * v[(head * s + j) * d + i];
                }
                assertEquals(
                        expected, actual[row * d + i], tolerance, type + ", variant " + variant);
            }
        }
        for (Tensor tensor : new Tensor[] {query, keys, values, mask, dense}) {
            tensor.storage().release();
        }
        if (odd) {
            out.storage().release();
        }
    }

    /** Rows of a longer cache, or any layout. */
    private static Tensor tensor(
            Backend backend,
            DataType type,
            double[] x,
            Random random,
            boolean odd,
            int b,
            int h,
            int n,
            int d) {
        if (odd) {
            return TestTensors.scattered(backend, type, x, random, b, h, n, d);
        }
        int capacity = n + 3;
        Tensor cache =
                TestTensors.of(
                        backend,
                        type,
                        i -> {
                            int row = i / d % capacity;
                            int head = i / d / capacity;
                            return row < n ? x[(head * n + row) * d + i % d] : Double.NaN;
                        },
                        b,
                        h,
                        capacity,
                        d);
        return cache.with(
                new Layout(
                        new long[] {b, h, n, d},
                        new long[] {(long) h * capacity * d, (long) capacity * d, d, 1},
                        0));
    }

    @Test
    void oneAtATimeIsAllAtOnce() {
        int n = 90;
        Tensor q = TestTensors.normal(backend, DataType.FLOAT32, 1, 1, 2, n, 64);
        Tensor k = TestTensors.normal(backend, DataType.FLOAT32, 2, 1, 2, n, 64);
        Tensor v = TestTensors.normal(backend, DataType.FLOAT32, 3, 1, 2, n, 64);
        Tensor all = TestTensors.empty(backend, DataType.FLOAT32, 1, 2, n, 64);
        Tensor one = TestTensors.empty(backend, DataType.FLOAT32, 1, 2, 1, 64);
        backend.attention(q, k, v, null, 0.125, all);
        for (int t = 0; t < n; t++) {
            backend.attention(
                    part(q, t, 1), part(k, 0, t + 1), part(v, 0, t + 1), null, 0.125, one);
            assertArrayEquals(
                    TestTensors.read(backend, part(all, t, 1)),
                    TestTensors.read(backend, one),
                    2e-6);
        }
        for (Tensor tensor : new Tensor[] {q, k, v, all, one}) {
            tensor.storage().release();
        }
    }

    /** A query's bits do not depend on what else is in the batch, nor on the run. */
    @ParameterizedTest
    @CsvSource({"1, 700", "5, 40", "9, 9", "70, 90", "200, 200"})
    void sameWhateverTheBatch(int t, int s) {
        int b = 6;
        int h = 12;
        int d = 64;
        for (DataType type : TYPES) {
            Tensor q = TestTensors.normal(backend, type, 1, b, h, t, d);
            Tensor k = TestTensors.normal(backend, type, 2, b, h, s, d);
            Tensor v = TestTensors.normal(backend, type, 3, b, h, s, d);
            Tensor all = TestTensors.empty(backend, type, b, h, t, d);
            Tensor one = TestTensors.empty(backend, type, 1, 1, t, d);
            backend.attention(q, k, v, null, 0.125, all);
            double[] together = TestTensors.read(backend, all);
            backend.attention(q, k, v, null, 0.125, all);
            assertArrayEquals(together, TestTensors.read(backend, all), type + " again");
            for (int i : new int[] {0, 17, b * h - 1}) {
                backend.attention(head(q, i), head(k, i), head(v, i), null, 0.125, one);
                assertArrayEquals(
                        Arrays.copyOfRange(together, i * t * d, (i + 1) * t * d),
                        TestTensors.read(backend, one),
                        type + " head " + i);
            }
            for (Tensor tensor : new Tensor[] {q, k, v, all, one}) {
                tensor.storage().release();
            }
        }
    }

    private static Tensor head(Tensor tensor, int index) {
        Layout layout = tensor.layout();
        long[] shape = {1, 1, layout.size(2), layout.size(3)};
        return tensor.with(new Layout(shape, layout.strides(), index * layout.stride(1)));
    }

    private static Tensor part(Tensor tensor, int first, int count) {
        Layout layout = tensor.layout();
        long[] shape = layout.shape();
        shape[2] = count;
        return tensor.with(
                new Layout(shape, layout.strides(), layout.offset() + first * layout.stride(2)));
    }
}
