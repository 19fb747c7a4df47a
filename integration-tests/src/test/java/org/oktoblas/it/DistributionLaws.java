package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.engine.OktoEngine;

/** Random arrays follow the distributions that they are named for. */
abstract class DistributionLaws {

    private static final int N = 100_000;

    private final Target ours;
    private NDManager manager;
    private long before;

    DistributionLaws(Target ours) {
        this.ours = ours;
    }

    @BeforeEach
    void open() {
        before = OktoEngine.get().memoryUse(ours.device()).used();
        manager = ours.newManager();
        seed(7);
    }

    @AfterEach
    void nothingIsLeft() {
        manager.close();
        assertEquals(before, OktoEngine.get().memoryUse(ours.device()).used(), "bytes in use");
    }

    private void seed(int seed) {
        Engine.getEngine(ours.engine()).setRandomSeed(seed);
    }

    private NDArray doubles(double... values) {
        return manager.create(values);
    }

    private static double[] doubles(NDArray array) {
        return array.toType(DataType.FLOAT64, false).toDoubleArray();
    }

    @Test
    void uniformNumbers() {
        NDArray x = manager.randomUniform(-2, 6, new Shape(N), DataType.FLOAT64);
        Statistics.assertDistributed("uniform", v -> (v + 2) / 8, doubles(x));
        NDArray wide = manager.randomUniform(-3e38f, 3e38f, new Shape(N), DataType.FLOAT32);
        Statistics.assertDistributed("wide", v -> (v + 3e38) / 6e38, doubles(wide));
    }

    @Test
    void normalNumbers() {
        NDArray x = manager.randomNormal(-2, 3, new Shape(N), DataType.FLOAT32);
        Statistics.assertDistributed("normal", v -> Statistics.normal((v + 2) / 3), doubles(x));
    }

    @Test
    void truncatedNormalNumbers() {
        NDArray x = manager.truncatedNormal(-2, 3, new Shape(N / 100, 100), DataType.FLOAT64);
        assertEquals(new Shape(N / 100, 100), x.getShape());
        double outside = Statistics.normal(-2);
        Statistics.assertDistributed(
                "truncated normal",
                v -> (Statistics.normal((v + 2) / 3) - outside) / (1 - 2 * outside),
                doubles(x));
        double[] sorted = doubles(x);
        Arrays.sort(sorted);
        assertTrue(sorted[0] >= -8 && sorted[0] < -7.9, "least " + sorted[0]);
        assertTrue(sorted[N - 1] <= 4 && sorted[N - 1] > 3.9, "largest " + sorted[N - 1]);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.05, 0.5, 0.999, 1, 1.7, 10, 300})
    void gammaNumbers(double alpha) {
        NDArray x = manager.sampleGamma(doubles(alpha), doubles(0.7), new Shape(N));
        assertEquals(new Shape(1, N), x.getShape());
        Statistics.assertDistributed(
                "gamma " + alpha, v -> Statistics.gamma(alpha, v / 0.7), doubles(x));
    }

    /** The means on both sides of 10, where the method changes, and of one another. */
    @ParameterizedTest
    @ValueSource(doubles = {0.01, 1, 4.5, 9.99, 10, 12.5, 30, 1000})
    void poissonNumbers(double mean) {
        NDArray x = manager.samplePoisson(doubles(mean), new Shape(N));
        Statistics.assertFrequencies(
                "Poisson " + mean,
                k -> Math.exp(k * Math.log(mean) - mean - Statistics.logGamma(k + 1.0)),
                doubles(x));
        NDArray mixed = manager.samplePoisson(doubles(mean, 0.5, 80), new Shape(N));
        Statistics.assertFrequencies(
                "Poisson " + mean + " beside others",
                k -> Math.exp(k * Math.log(mean) - mean - Statistics.logGamma(k + 1.0)),
                doubles(mixed.get(0)));
    }

    /** Beyond a million outcomes Poisson's and the normal distribution are alike. */
    @ParameterizedTest
    @ValueSource(doubles = {1e7, 1e12})
    void largePoissonNumbers(double mean) {
        double[] x = doubles(manager.samplePoisson(doubles(mean), new Shape(N)));
        double deviation = Math.sqrt(mean);
        // The skewness moves the distribution function by less than 0.07 / √mean, 2e-5 at 1e7,
        // and a whole number's width by 1 / √mean: with √N, 0.1 of the bound of 2.7.
        Statistics.assertDistributed(
                "Poisson " + mean, v -> Statistics.normal((v - mean) / deviation), x);
        for (double value : x) {
            assertEquals(Math.rint(value), value);
        }
    }

    @Test
    void normalNumbersOfManyParameters() {
        NDArray mu = manager.create(new double[] {0, 2.5, -1, 7}, new Shape(2, 2));
        NDArray sigma = manager.create(new double[] {1, 3.7, 0, 0.1}, new Shape(2, 2));
        NDArray x = manager.sampleNormal(mu, sigma, new Shape(10, N / 10));
        assertEquals(new Shape(2, 2, 10, N / 10), x.getShape());
        for (int i = 0; i < 4; i++) {
            double mean = mu.toDoubleArray()[i];
            double deviation = sigma.toDoubleArray()[i];
            double[] drawn = doubles(x.get(i / 2, i % 2));
            if (deviation == 0) {
                assertTrue(Arrays.stream(drawn).allMatch(v -> v == mean));
            } else {
                Statistics.assertDistributed(
                        "normal " + i, v -> Statistics.normal((v - mean) / deviation), drawn);
            }
        }
    }

    @Test
    void parametersAreBroadcast() {
        NDArray x = manager.sampleNormal(doubles(0, 100, 1e4), manager.create(2d), new Shape(N));
        assertEquals(new Shape(3, N), x.getShape());
        double[] means = x.mean(new int[] {1}).toDoubleArray();
        // Five standard errors.
        double tolerance = 5 * 2 / Math.sqrt(N);
        assertArrayEquals(new double[] {0, 100, 1e4}, means, tolerance);
    }

    @Test
    void boundaryParameters() {
        NDArray zeros = manager.sampleGamma(doubles(0, 2.5), doubles(1, 0), new Shape(1000));
        assertArrayEquals(new double[2000], doubles(zeros));
        assertArrayEquals(
                new double[1000], doubles(manager.samplePoisson(doubles(0), new Shape(1000))));
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT32", "FLOAT64", "FLOAT16", "BFLOAT16", "INT32", "INT64"})
    void shapesAndTypes(DataType type) {
        NDArray a = doubles(3, 4).toType(type, false);
        DataType expected = type.isInteger() ? DataType.FLOAT32 : type;
        Shape appended = new Shape(2, 5, 0, 3);
        for (NDArray x :
                new NDArray[] {
                    manager.sampleNormal(a, a), manager.samplePoisson(a), manager.sampleGamma(a, a)
                }) {
            assertEquals(new Shape(2), x.getShape());
            assertEquals(expected, x.getDataType());
            assertEquals(manager, x.getManager());
        }
        for (NDArray x :
                new NDArray[] {
                    manager.sampleNormal(a, a, new Shape(5, 0, 3)),
                    manager.samplePoisson(a, new Shape(5, 0, 3)),
                    manager.sampleGamma(a, a, new Shape(5, 0, 3))
                }) {
            assertEquals(appended, x.getShape());
            assertEquals(expected, x.getDataType());
        }
        assertEquals(new Shape(), manager.samplePoisson(a.get(0)).getShape());
        assertEquals(type, manager.truncatedNormal(0, 100, new Shape(2, 0), type).getDataType());
        assertEquals(type, manager.randomUniform(0, 100, new Shape(3), type).getDataType());
        assertEquals(type, manager.randomNormal(0, 100, new Shape(), type).getDataType());
        assertEquals(type, manager.randomInteger(0, 100, new Shape(0), type).getDataType());
    }

    /** A multiple of 262,144, and one more: how many are drawn at a time. */
    @Test
    void manyNumbersAreDrawnInStretches() {
        int n = 3 * 262_144 + 1;
        double[] x = doubles(manager.sampleGamma(manager.create(1d), doubles(1), new Shape(n)));
        Statistics.assertDistributed("exponential", v -> 1 - Math.exp(-v), x);
        assertEquals(n, Arrays.stream(x).distinct().count());
    }

    @Test
    void uniformNumbersOfSixteenBitsStayBelowTheirBound() {
        for (DataType type : new DataType[] {DataType.FLOAT16, DataType.BFLOAT16}) {
            NDArray x = manager.randomUniform(0, 1, new Shape(N), type);
            assertTrue(x.toType(DataType.FLOAT32, false).max().getFloat() < 1, type.toString());
        }
    }

    @Test
    void multinomialCounts() {
        double[] p = {0.1, 0, 0.25, 0.05, 0.6, 0};
        for (int n : new int[] {1, 20, N}) {
            NDArray counts = manager.randomMultinomial(n, doubles(p));
            assertEquals(DataType.INT64, counts.getDataType());
            assertEquals(new Shape(6), counts.getShape());
            assertEquals(n, counts.sum().getLong());
        }
        NDArray counts = manager.randomMultinomial(5, doubles(p), new Shape(N / 10, 4));
        assertEquals(new Shape(N / 10, 4, 6), counts.getShape());
        assertTrue(counts.sum(new int[] {-1}).eq(5L).all().getBoolean());
        long[] total = counts.sum(new int[] {0, 1}).toLongArray();
        assertEquals(0, total[1]);
        assertEquals(0, total[5]);
        double all = 2.0 * N;
        Statistics.assertCounts(
                "totals",
                new double[] {0.1 * all, 0.25 * all, 0.05 * all, 0.6 * all},
                new long[] {total[0], total[2], total[3], total[4]});
        // Each sample's count of one outcome is binomial.
        Statistics.assertFrequencies(
                "binomial",
                k ->
                        k > 5
                                ? 0
                                : Math.pow(0.25, k)
                                        * Math.pow(0.75, 5 - k)
                                        * new int[] {1, 5, 10, 10, 5, 1}[(int) k],
                doubles(counts.get(":, :, 2").flatten()));
    }

    @Test
    void multinomialOutcomesOfManyKinds() {
        for (int kinds : new int[] {1, 2, 3, 255, 256, 257}) {
            NDArray p = manager.full(new Shape(kinds), 1f / kinds);
            long[] counts = manager.randomMultinomial(N * 3, p).toLongArray();
            double[] expected = new double[kinds];
            Arrays.fill(expected, 3.0 * N / kinds);
            if (kinds == 1) {
                assertArrayEquals(new long[] {3 * N}, counts);
            } else {
                Statistics.assertCounts(kinds + " kinds", expected, counts);
            }
        }
        long[] rest = manager.randomMultinomial(N, doubles(0.25, 0.5, 0)).toLongArray();
        Statistics.assertCounts("rest", new double[] {0.25 * N, 0.5 * N, 0.25 * N}, rest);
        assertArrayEquals(
                new long[6],
                manager.randomMultinomial(0, doubles(0.5, 0.5), new Shape(3)).toLongArray());
        assertEquals(
                new Shape(0, 2),
                manager.randomMultinomial(4, doubles(0.5, 0.5), new Shape(0)).getShape());
    }

    @ParameterizedTest
    @ValueSource(
            longs = {10, 1L << 53, (1L << 53) + 1, 3L << 60, Long.MAX_VALUE, Long.MIN_VALUE, -1})
    void integersOfWideRanges(long range) {
        // Below 0 the range is that of the unsigned number.
        long low = range < 0 ? Long.MIN_VALUE : Math.max(Long.MIN_VALUE, 5 - range);
        long high = low + range;
        NDArray x = manager.randomInteger(low, high, new Shape(N), DataType.INT64);
        double width = range < 0 ? 0x1p64 + range : range;
        long[] counts = new long[10];
        for (long value : x.toLongArray()) {
            assertTrue(value >= low && value < high, value + " in " + low + ", " + high);
            double offset = value - low < 0 ? 0x1p64 + (value - low) : value - low;
            counts[(int) Math.min(9, offset / width * 10)]++;
        }
        double[] expected = new double[10];
        Arrays.fill(expected, N / 10.0);
        Statistics.assertCounts("integers", expected, counts);
        assertTrue(
                range == 10
                        || x.mod(2L).eq(1L).any().getBoolean()
                                && x.mod(2L).eq(0L).any().getBoolean());
    }

    /** Ends that doubles do not tell apart, of an interval of which they could count all. */
    @Test
    @Timeout(60)
    void integersFarFromZero() {
        long low = (1L << 60) + 1;
        NDArray x = manager.randomInteger(low, low + 3, new Shape(N), DataType.INT64);
        long[] counts = new long[3];
        for (long value : x.toLongArray()) {
            counts[(int) (value - low)]++;
        }
        Statistics.assertCounts("integers", new double[] {N / 3.0, N / 3.0, N / 3.0}, counts);
    }

    @Test
    void permutations() {
        long[] counts = new long[6];
        for (int i = 0; i < 600; i++) {
            long[] order = manager.randomPermutation(3).toLongArray();
            counts[(int) (order[0] * 2 + (order[1] > order[2] ? 1 : 0))]++;
        }
        Statistics.assertCounts("orders", new double[] {100, 100, 100, 100, 100, 100}, counts);
        long[] many = manager.randomPermutation(N).toLongArray();
        long[] sorted = many.clone();
        Arrays.sort(sorted);
        assertFalse(Arrays.equals(sorted, many));
        for (int i = 0; i < N; i++) {
            assertEquals(i, sorted[i]);
        }
        assertEquals(new Shape(0), manager.randomPermutation(0).getShape());
    }

    /** The same numbers in a second run, on every device and whatever was drawn before. */
    @Test
    void aSeedGivesTheSameNumbersOnTheCpu() {
        double[] parameters = {0.3, 2, 12, 500};
        Function<NDManager, NDArray[]> draws =
                m -> {
                    seed(99);
                    NDArray a = m.create(parameters);
                    return new NDArray[] {
                        m.sampleGamma(a, a, new Shape(1000)),
                        m.samplePoisson(a, new Shape(1000)),
                        m.sampleNormal(a, a, new Shape(1000)),
                        m.truncatedNormal(0, 1, new Shape(1000), DataType.FLOAT64),
                        m.randomMultinomial(100, m.create(new float[] {0.2f, 0.8f}), new Shape(50)),
                        m.randomInteger(
                                Long.MIN_VALUE, Long.MAX_VALUE, new Shape(99), DataType.INT64),
                        m.randomUniform(0, 1, new Shape(99), DataType.FLOAT32)
                    };
                };
        manager.randomUniform(0, 1, new Shape(3));
        NDArray[] first = draws.apply(manager);
        NDArray[] second = draws.apply(manager);
        try (NDManager cpu = Target.CPU.newManager()) {
            NDArray[] there = draws.apply(cpu);
            for (int i = 0; i < first.length; i++) {
                assertEquals(first[i], second[i], "draw " + i);
                double[] expected = doubles(there[i]);
                double[] actual = doubles(first[i]);
                for (int j = 0; j < expected.length; j++) {
                    // A few roundings of logarithms, cosines and powers, of the parameter's size
                    // where a sum with it comes out small.
                    double size = i < 3 ? parameters[j / 1000] : 1;
                    double tolerance = 1e-13 * Math.max(size, Math.abs(expected[j]));
                    assertEquals(expected[j], actual[j], tolerance, "draw " + i + ", " + j);
                }
            }
        }
    }

    @Test
    void impossibleParametersAreRefused() {
        NDArray one = doubles(1);
        refused(() -> manager.sampleGamma(doubles(-1), one), "sampleGamma", "alpha", "-1.0");
        refused(() -> manager.sampleGamma(one, doubles(Double.NaN)), "beta", "NaN");
        refused(() -> manager.sampleNormal(one, doubles(1, -2)), "sampleNormal", "sigma", "-2.0");
        refused(() -> manager.sampleNormal(doubles(Double.POSITIVE_INFINITY), one), "mu");
        refused(() -> manager.samplePoisson(doubles(3, -0.5)), "samplePoisson", "lam", "-0.5");
        refused(() -> manager.sampleNormal(doubles(1, 2), doubles(1, 2, 3)), "do not go together");
        refused(() -> manager.randomMultinomial(-1, one), "-1");
        refused(() -> manager.randomMultinomial(1, doubles(0.7, 0.7, 0)), "1.4", "add up to 1");
        refused(() -> manager.randomMultinomial(1, doubles(0.5, 1.5)), "1.5");
        refused(() -> manager.randomMultinomial(1, one.reshape(1, 1)), "one axis", "(1, 1)");
        refused(() -> manager.randomMultinomial(1, doubles()), "one axis");
        refused(() -> manager.randomUniform(2, 1, new Shape(1)), "randomUniform", "2.0");
        refused(() -> manager.randomUniform(Float.NaN, 1, new Shape(1)), "NaN");
        refused(() -> manager.randomNormal(0, -1, new Shape(1), DataType.FLOAT32), "-1.0");
        refused(() -> manager.randomInteger(3, 3, new Shape(1), DataType.INT64), "low < high");
        refused(() -> manager.randomPermutation(-1), "-1");
    }

    private static void refused(Runnable call, String... words) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call::run);
        for (String word : words) {
            assertTrue(e.getMessage().contains(word), e.getMessage());
        }
    }
}
