package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Products with packed weights against sums in double. */
public abstract class LinearLaws {

    private static final DataType[] STORED = {
        DataType.FLOAT32, DataType.FLOAT16, DataType.BFLOAT16
    };

    private final Backend backend = backend();

    /** Returns what is held to these laws. */
    protected abstract Backend backend();

    @Test
    void productsOfAllDepths() {
        for (DataType stored : STORED) {
            for (MathMode mode : MathMode.values()) {
                // 512 and 513 are on both sides of the split of mixed products.
                for (int k : new int[] {1, 7, 37, 512, 513, 768, 1536, 3072}) {
                    check(backend, stored, mode, 3, k, 50, false, Activation.NONE, false, k);
                }
            }
        }
    }

    @Test
    void productsOfAllSizes() {
        for (int m : new int[] {0, 1, 2, 8, 33, 128}) {
            for (int n : new int[] {1, 5, 16, 64, 1000}) {
                for (DataType stored : STORED) {
                    for (MathMode mode : MathMode.values()) {
                        check(backend, stored, mode, m, 600, n, true, Activation.NONE, false, n);
                    }
                }
            }
        }
    }

    @Test
    void activationsBiasAndResidual() {
        for (Activation activation : Activation.values()) {
            for (DataType stored : STORED) {
                for (int i = 0; i < 8; i++) {
                    check(
                            backend,
                            stored,
                            MathMode.FLOAT32,
                            1 + 3 * (i & 1),
                            700,
                            48,
                            (i & 2) != 0,
                            activation,
                            (i & 4) != 0,
                            i);
                }
            }
        }
    }

    /** Every number of rows around those at which a device may compute otherwise. */
    @Test
    void productsOfFewRows() {
        for (int m : new int[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 40}) {
            for (int n : new int[] {3, 64, 257}) {
                for (DataType stored : STORED) {
                    for (MathMode mode : MathMode.values()) {
                        boolean residual = (m & 1) != 0;
                        check(backend, stored, mode, m, 130, n, true, Activation.NONE, residual, n);
                    }
                }
            }
        }
    }

    /** As wide as a vocabulary, and not a multiple of anything. */
    @Test
    void productsOfManyColumns() {
        for (int m : new int[] {1, 3, 8, 20}) {
            for (MathMode mode : MathMode.values()) {
                DataType stored = STORED[m % 3];
                check(backend, stored, mode, m, 64, 50257, false, Activation.NONE, false, m);
            }
        }
    }

    /** Rows of inputs that do not fit beside each other in a processor's fastest memory. */
    @Test
    void productsOfGreatDepth() {
        for (int m : new int[] {1, 4, 8, 30}) {
            for (DataType stored : STORED) {
                for (MathMode mode : MathMode.values()) {
                    check(backend, stored, mode, m, 9001, 21, true, Activation.NONE, true, m);
                }
            }
        }
    }

    @Test
    void activationsOfManyRows() {
        for (Activation activation : Activation.values()) {
            for (MathMode mode : MathMode.values()) {
                for (int i = 0; i < 4; i++) {
                    DataType stored = STORED[(i + activation.ordinal()) % 3];
                    boolean bias = (i & 1) != 0;
                    boolean residual = (i & 2) != 0;
                    check(backend, stored, mode, 70, 100, 132, bias, activation, residual, i);
                }
            }
        }
    }

    private static void check(
            Backend backend,
            DataType stored,
            MathMode mode,
            int m,
            int k,
            int n,
            boolean withBias,
            Activation activation,
            boolean withResidual,
            long seed) {
        Random random = new Random(seed);
        // Inputs with more room in their rows than needed, weights as they are or transposed.
        double[] inputs = random.doubles((long) m * (k + 3)).map(v -> v * 2 - 1).toArray();
        double[] weights =
                random.doubles((long) k * n).map(v -> (v * 2 - 1) / Math.sqrt(k) * 3).toArray();
        double[] shifts = random.doubles(n).map(v -> v - 0.5).toArray();
        double[] residuals = random.doubles((long) m * n).map(v -> v - 0.5).toArray();
        boolean transposed = random.nextBoolean();
        Tensor a =
                TestTensors.of(backend, DataType.FLOAT32, inputs, m, k + 3)
                        .with(new Layout(new long[] {m, k}, new long[] {k + 3, 1}, 2));
        Tensor w =
                transposed
                        ? TestTensors.of(backend, stored, weights, n, k)
                                .with(new Layout(new long[] {k, n}, new long[] {1, k}, 0))
                        : TestTensors.of(backend, stored, weights, k, n);
        Tensor bias = TestTensors.of(backend, DataType.FLOAT32, shifts, n);
        Tensor residual = TestTensors.of(backend, DataType.FLOAT32, residuals, m, n);
        boolean inPlace = random.nextBoolean();
        Tensor out =
                withResidual && inPlace
                        ? residual
                        : TestTensors.of(backend, DataType.FLOAT32, i -> Double.NaN, m, n);
        double[] aValues = TestTensors.read(backend, a);
        double[] wValues = TestTensors.read(backend, w);
        if (mode != MathMode.FLOAT32) {
            DataType rounded = DataType.valueOf(mode.name());
            aValues = TestTensors.round(rounded, aValues);
            wValues = TestTensors.round(rounded, wValues);
        }
        double[] bValues = TestTensors.read(backend, bias);
        double[] rValues = TestTensors.read(backend, residual);
        try (PackedMatrix packed = backend.pack(w, mode)) {
            assertEquals(k, packed.rows());
            assertEquals(n, packed.columns());
            w.storage().release();
            backend.linear(
                    a,
                    packed,
                    withBias ? bias : null,
                    activation,
                    withResidual ? residual : null,
                    out);
        }
        double[] actual = TestTensors.read(backend, out);
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                double squares = 0;
                for (int l = 0; l < k; l++) {
                    double product = aValues[i * k + l] * wValues[l * n + j];
                    sum += product;
                    squares += product * product;
                }
                double linear = sum + (withBias ? bValues[j] : 0);
                double expected =
                        activate(activation, linear) + (withResidual ? rValues[i * n + j] : 0);
                // Rounding errors of a float sum of k random numbers are about u √k times their
                // norm, u = 2^-24; the bound is ten standard deviations. Activations have slopes
                // of at most 1.13 and are given 8 units in the last place themselves.
                // Tensor cores, which may take factors of 16 bits, truncate after every 8 or 16
                // products, by up to two units of the sum so far, which is about the norm.
                double truncation = mode == MathMode.FLOAT32 ? 0 : k / 4.0 * Math.sqrt(squares);
                double tolerance =
                        0x1p-24
                                * (5 * Math.sqrt(k * squares)
                                        + truncation
                                        + 4 * Math.abs(linear)
                                        + 8 * Math.abs(expected)
                                        + (activation == Activation.NONE ? 0 : 8)
                                        + 1);
                double got = actual[i * n + j];
                // Written so that NaN is wrong.
                if (!(Math.abs(got - expected) <= tolerance)) {
                    wrong.add("(" + i + ", " + j + ") is " + got + ", not " + expected);
                }
            }
        }
        if (!wrong.isEmpty()) {
            // Which elements, and whether they are so in memory, tells much of what went wrong.
            boolean again = Arrays.equals(actual, TestTensors.read(backend, out));
            fail(
                    String.join(
                                    " ",
                                    stored.toString(),
                                    mode.toString(),
                                    activation.toString(),
                                    "m=" + m,
                                    "k=" + k,
                                    "n=" + n,
                                    transposed ? "transposed" : "",
                                    withBias ? "bias" : "",
                                    withResidual ? inPlace ? "in place" : "residual" : "")
                            + ": "
                            + wrong.size()
                            + " wrong, read again "
                            + (again ? "the same" : "others")
                            + ": "
                            + wrong.subList(0, Math.min(40, wrong.size())));
        }
        a.storage().release();
        bias.storage().release();
        residual.storage().release();
        if (out != residual) {
            out.storage().release();
        }
    }

    private static double activate(Activation activation, double x) {
        return switch (activation) {
            case NONE -> x;
            case RELU -> Math.max(0, x);
            case GELU -> 0.5 * x * (1 + Exact.erf(x / Math.sqrt(2)));
            case GELU_TANH ->
                    0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            case SILU -> x / (1 + Math.exp(-x));
            case TANH -> Math.tanh(x);
            case SIGMOID -> 1 / (1 + Math.exp(-x));
        };
    }

    @Test
    void everyFloat16WeightIsKept() {
        // A row that selects one of 64 rows of weights, which together hold all finite float16.
        int n = 1 << 10;
        for (boolean transposed : new boolean[] {false, true}) {
            Tensor w = TestTensors.empty(backend, DataType.FLOAT16, 64, n);
            ByteBuffer bits = ByteBuffer.allocate(2 << 16).order(ByteOrder.nativeOrder());
            for (int i = 0; i < 1 << 16; i++) {
                boolean finite = (i & 0x7c00) != 0x7c00;
                bits.putShort((short) (finite ? i : 0));
            }
            bits.flip();
            backend.write(bits, w.storage(), 0);
            Layout layout =
                    transposed ? new Layout(new long[] {64, n}, new long[] {1, 64}, 0) : w.layout();
            double[] expected = TestTensors.read(backend, w.with(layout));
            Tensor a = TestTensors.of(backend, DataType.FLOAT32, i -> i % 65 == 0 ? 1 : 0, 64, 64);
            Tensor out = TestTensors.empty(backend, DataType.FLOAT32, 64, n);
            try (PackedMatrix packed = backend.pack(w.with(layout), MathMode.FLOAT32)) {
                backend.linear(a, packed, null, Activation.NONE, null, out);
            }
            // Adding +0 turns the weight -0 into +0.
            assertArrayEquals(
                    TestTensors.map(expected, v -> v + 0.0),
                    TestTensors.map(TestTensors.read(backend, out), v -> v + 0.0));
            w.storage().release();
            a.storage().release();
            out.storage().release();
        }
    }

    @Test
    void manyThreadsGetWhatOneGets() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        for (DataType stored : STORED) {
            Tensor w = TestTensors.normal(backend, stored, 1, 700, 300);
            Tensor bias = TestTensors.normal(backend, DataType.FLOAT32, 2, 300);
            try (PackedMatrix packed = backend.pack(w, MathMode.FLOAT32)) {
                List<double[]> expected = new ArrayList<>();
                for (int i = 0; i < 40; i++) {
                    expected.add(product(backend, packed, bias, i));
                }
                List<Future<double[]>> results = new ArrayList<>();
                for (int round = 0; round < 5; round++) {
                    for (int i = 0; i < 40; i++) {
                        int seed = i;
                        results.add(threads.submit(() -> product(backend, packed, bias, seed)));
                    }
                }
                for (int i = 0; i < results.size(); i++) {
                    assertArrayEquals(expected.get(i % 40), results.get(i).get());
                }
            }
        }
        threads.shutdown();
    }

    private static double[] product(Backend backend, PackedMatrix packed, Tensor bias, int seed) {
        int m = 1 + seed % 5;
        Tensor a = TestTensors.normal(backend, DataType.FLOAT32, seed, m, 700);
        Tensor out = TestTensors.empty(backend, DataType.FLOAT32, m, 300);
        backend.linear(a, packed, bias, Activation.GELU_TANH, null, out);
        double[] values = TestTensors.read(backend, out);
        a.storage().release();
        out.storage().release();
        return values;
    }

    @Test
    void closingFreesTheMemory() {
        long before = backend.memoryUse().used();
        Tensor w = TestTensors.normal(backend, DataType.FLOAT16, 1, 1200, 64);
        PackedMatrix packed = backend.pack(w, MathMode.FLOAT32);
        w.storage().release();
        assertTrue(packed.byteSize() >= 1200 * 64 * 2);
        assertTrue(backend.memoryUse().used() >= before + packed.byteSize());
        packed.close();
        assertEquals(before, backend.memoryUse().used());
    }
}
