package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.DataType;
import java.math.BigInteger;
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

    @Test
    void uniformNumbersAndIntegersAreThoseOfTheirDefinition() {
        double[][] intervals = {{0, 1}, {-1, 3}, {0, 0x1p-20}, {1, 1 + 0x1p-7}, {-3, -2}, {-1, 0}};
        long[][] draws = {{0, 0}, {42, 7}, {-5, (1L << 33) - 3}, {1L << 62, 1_000_000_007L}};
        for (DataType type : TestTensors.ALL) {
            for (long[] draw : draws) {
                for (int count : new int[] {1, 2, 511, 3001}) {
                    for (double[] interval : intervals) {
                        if (type.isFloating()) {
                            uniform(type, interval[0], interval[1], draw[0], draw[1], count);
                        }
                    }
                    integers(type, 0, 2, draw[0], draw[1], count);
                    integers(type, -0x1p40, 0x1p41, draw[0], draw[1], count);
                }
            }
        }
    }

    private void uniform(
            DataType type, double first, double second, long seed, long counter, int count) {
        Tensor out = strided(type, count);
        backend.random(RandomOp.UNIFORM, first, second, seed, counter, out);
        int significand =
                switch (type) {
                    case FLOAT64 -> 53;
                    case FLOAT32 -> 24;
                    case FLOAT16 -> 11;
                    default -> 8;
                };
        double below = below(type, second);
        double[] expected = new double[count];
        for (int i = 0; i < count; i++) {
            long bits = bits(seed, counter + i);
            double fraction = (bits >>> 64 - significand) * Math.scalb(1.0, -significand);
            expected[i] = TestTensors.round(type, first + fraction * (second - first));
            // The upper end is not in the interval: the next lower number is.
            expected[i] = expected[i] >= second ? below : expected[i];
        }
        assertArrayEquals(
                expected, TestTensors.read(backend, out), type + " " + first + " " + second);
        out.storage().release();
    }

    private static double below(DataType type, double bound) {
        if (type == DataType.FLOAT64 || type == DataType.FLOAT32) {
            return type == DataType.FLOAT64 ? Math.nextDown(bound) : Math.nextDown((float) bound);
        }
        double largest = Double.NEGATIVE_INFINITY;
        for (int bits = 0; bits < 1 << 16; bits++) {
            double value =
                    type == DataType.FLOAT16
                            ? TestTensors.float16((short) bits)
                            : Float.intBitsToFloat(bits << 16);
            largest = value < bound ? Math.max(largest, value) : largest;
        }
        return largest;
    }

    private void integers(
            DataType type, double first, double second, long seed, long counter, int count) {
        Tensor out = strided(type, count);
        backend.random(RandomOp.INTEGER, first, second, seed, counter, out);
        BigInteger range = BigInteger.valueOf((long) second - (long) first);
        double[] expected = new double[count];
        for (int i = 0; i < count; i++) {
            BigInteger bits = new BigInteger(Long.toUnsignedString(bits(seed, counter + i)));
            long number = (long) first + bits.multiply(range).shiftRight(64).longValue();
            // By way of float: what a double keeps of a long may round elsewhere.
            boolean half = type == DataType.FLOAT16 || type == DataType.BFLOAT16;
            expected[i] = TestTensors.round(type, half ? (float) number : (double) number);
        }
        assertArrayEquals(
                expected, TestTensors.read(backend, out), type + " " + first + " " + second);
        out.storage().release();
    }

    /** A tensor whose rows have a gap where that goes, so that its elements are not neighbours. */
    private Tensor strided(DataType type, int count) {
        if (count % 2 == 0) {
            return TestTensors.empty(backend, type, count);
        }
        Tensor memory = TestTensors.of(backend, type, i -> 0, 2L * count + 3);
        int rows = count % 3001 == 0 ? 3001 : count % 7 == 0 ? 7 : 1;
        long[] shape = {rows, count / rows};
        return memory.with(new Layout(shape, new long[] {count / rows + 1, 1}, 1));
    }

    @Test
    void normalNumbersAreThoseOfTheirDefinition() {
        for (DataType type : TestTensors.FLOATING) {
            Tensor out = TestTensors.empty(backend, type, 5001);
            backend.random(RandomOp.NORMAL, 0.5, 2, 9, 3, out);
            double[] actual = TestTensors.read(backend, out);
            for (int i = 0; i < actual.length; i++) {
                long bits = bits(9, 3 + i);
                double u = ((bits >>> 32) + 1) * 0x1p-32;
                double v = (bits & 0xffffffffL) * 0x1p-32;
                double exact = 0.5 + 2 * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
                // A unit of the type, as logarithm and cosine may be off by one in double.
                double tolerance =
                        Math.abs(exact) * TestTensors.epsilon(type)
                                + 0x1p-49
                                + (type == DataType.FLOAT16 ? 0x1p-24 : 0);
                assertEquals(exact, actual[i], tolerance, type + " " + i);
            }
            out.storage().release();
        }
    }

    /** Philox 4x32-10 by its definition, for the element of a number. */
    private static long bits(long seed, long number) {
        int[] c = {(int) (number >>> 1), (int) (number >>> 33), 0, 0};
        int[] k = {(int) seed, (int) (seed >>> 32)};
        for (int round = 0; round < 10; round++) {
            long first = Integer.toUnsignedLong(c[0]) * 0xD2511F53L;
            long second = Integer.toUnsignedLong(c[2]) * 0xCD9E8D57L;
            c =
                    new int[] {
                        (int) (second >>> 32) ^ c[1] ^ k[0],
                        (int) second,
                        (int) (first >>> 32) ^ c[3] ^ k[1],
                        (int) first
                    };
            k[0] += 0x9E3779B9;
            k[1] += 0xBB67AE85;
        }
        int at = (int) (number & 1) * 2;
        return (long) c[at] << 32 | Integer.toUnsignedLong(c[at + 1]);
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().getAsDouble();
    }

    private static double variance(double[] values) {
        double mean = mean(values);
        return Arrays.stream(values).map(v -> (v - mean) * (v - mean)).average().getAsDouble();
    }
}
