package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Fourier transforms are what PyTorch gives, and what the definition gives. */
abstract class FourierLaws extends Definitions {

    FourierLaws(Target ours) {
        super(ours);
    }

    private static NDArray complex(NDManager manager, long... shape) {
        long[] pairs = Arrays.copyOf(shape, shape.length + 1);
        pairs[shape.length] = 2;
        return floats(manager, pairs).complex();
    }

    @TestFactory
    List<DynamicTest> transforms() {
        // A matrix; products of matrices; and lengths with prime factors above 64, by convolution.
        for (int n : new int[] {1, 2, 7, 64, 65, 100, 128, 400, 1000, 67 * 4, 127, 1009}) {
            test("fft of reals " + n, m -> floats(m, 3, n).fft(n).real());
            test("fft " + n, m -> complex(m, 3, n).fft(n).real());
            test("ifft " + n, m -> complex(m, 3, n).ifft(n).real());
            test("ifft of reals " + n, m -> floats(m, 2, n).ifft(n).real());
            test("rfft " + n, m -> floats(m, 2, n).rfft(n).real());
            test("irfft to " + n, m -> complex(m, 2, n / 2 + 1).irfft(n));
            test("irfft back " + n, m -> floats(m, 2, n).rfft(n).irfft(n));
        }
        for (long axis : new long[] {0, 1, 2, -1, -2, -3}) {
            test("fft axis " + axis, m -> complex(m, 4, 5, 6).fft(5, axis).real());
            test("ifft axis " + axis, m -> complex(m, 4, 5, 6).ifft(70, axis).real());
            test("rfft axis " + axis, m -> floats(m, 4, 5, 6).rfft(5, axis).real());
            test("irfft axis " + axis, m -> complex(m, 4, 5, 6).irfft(7, axis));
            test("fft of reals axis " + axis, m -> floats(m, 4, 5, 6).fft(3, axis).real());
        }
        test("padded", m -> complex(m, 3, 50).fft(130).real());
        test("cut", m -> complex(m, 3, 130).fft(50).real());
        test("irfft cut", m -> complex(m, 3, 50).irfft(20));
        test("irfft padded", m -> complex(m, 3, 5).irfft(20));
        test("irfft of reals", m -> floats(m, 3, 5).irfft(8));
        test("of a view", m -> complex(m, 8, 6).transpose().get("1:5").fft(8).real());
        test("of a slice", m -> floats(m, 8, 20).get(":, ::2").rfft(10).real());
        test("of integers", m -> integers(m, 9, 3, 12).fft(12).real());
        test("of booleans", m -> typed(m, DataType.BOOLEAN, 12).rfft(12).real());
        defined(
                "of no sequences",
                m -> floats(m, 0, 12).rfft(12).real(),
                DataType.FLOAT32,
                new Shape(0, 7, 2));
        defined(
                "of sequences of nothing",
                m -> floats(m, 2, 0).irfft(3),
                DataType.FLOAT32,
                new Shape(2, 3),
                new double[6]);
        test("of doubles back", m -> floats(m, 12).toType(DataType.FLOAT64, false).irfft(9));
        test("of one number each", m -> complex(m, 5, 1).fft(1).real());
        test("of FLOAT32 of an only axis", m -> floats(m, 90).fft(90).real());
        return tests;
    }

    @TestFactory
    List<DynamicTest> inTwoDimensions() {
        test("fft2", m -> floats(m, 3, 12, 10).fft2(new long[] {12, 10}).real());
        test("fft2 of complex", m -> complex(m, 12, 10).fft2(new long[] {12, 10}).real());
        test("fft2 padded and cut", m -> complex(m, 2, 12, 10).fft2(new long[] {5, 16}).real());
        test("fft2 of axes", m -> complex(m, 6, 3, 5).fft2(new long[] {6, 5}, axes(0, 2)).real());
        test(
                "fft2 of axes back",
                m -> complex(m, 6, 5).fft2(new long[] {4, 7}, axes(-1, -2)).real());
        test("fft2 lengths kept", m -> complex(m, 6, 5).fft2(new long[] {-1, -1}).real());
        test("ifft2", m -> complex(m, 3, 12, 10).ifft2(new long[] {12, 10}).real());
        test("ifft2 of axes", m -> complex(m, 6, 3, 5).ifft2(new long[] {7, 2}, axes(0, 2)).real());
        test("ifft2 of reals", m -> floats(m, 6, 5).ifft2(new long[] {6, 5}).real());
        refused(
                "an axis twice",
                IllegalArgumentException.class,
                "each axis once",
                m -> floats(m, 6, 5).fft2(new long[] {6, 5}, axes(1, -1)));
        refused(
                "one size for two axes",
                IllegalArgumentException.class,
                "one size for each axis",
                m -> floats(m, 6, 5).fft2(new long[] {6}));
        return tests;
    }

    private static long[] axes(long... axes) {
        return axes;
    }

    @TestFactory
    List<DynamicTest> ofWindows() {
        for (boolean center : new boolean[] {false, true}) {
            for (boolean normalize : new boolean[] {false, true}) {
                for (int nFft : new int[] {20, 21, 64, 100}) {
                    String name = " " + nFft + " centred " + center + " normalized " + normalize;
                    test(
                            "stft" + name,
                            m ->
                                    floats(m, 250)
                                            .stft(
                                                    nFft,
                                                    7,
                                                    center,
                                                    m.hanningWindow(nFft),
                                                    normalize,
                                                    true)
                                            .real());
                    test(
                            "stft of a batch" + name,
                            m ->
                                    floats(m, 3, 130)
                                            .stft(
                                                    nFft,
                                                    nFft,
                                                    center,
                                                    m.hanningWindow(nFft),
                                                    normalize,
                                                    true)
                                            .real());
                }
            }
        }
        test("stft as reals", m -> floats(m, 3, 100).stft(16, 4, true, m.hanningWindow(16), false));
        test(
                "stft of a slice",
                m -> floats(m, 3, 100).get(":, ::2").stft(16, 4, true, floats(m, 16), true).real());
        test(
                "stft of complex numbers",
                m -> complex(m, 100).stft(16, 5, true, m.hanningWindow(16), true).real());
        test(
                "stft by a complex window",
                m -> floats(m, 100).stft(16, 5, false, complex(m, 16), true).real());
        alone(
                "stft without a window is one of ones",
                m -> {
                    NDArray signal = floats(m, 100);
                    NDArray ones = signal.stft(16, 5, true, m.ones(new Shape(16)), true);
                    assertEquals(ones, signal.stft(16, 5, true, null, true));
                });
        test("hanning window", m -> m.hanningWindow(11));
        test("hanning window of one", m -> m.hanningWindow(1));
        test("hanning window of none", m -> m.hanningWindow(0));
        refused(
                "a window of another length",
                IllegalArgumentException.class,
                "(16)",
                m -> floats(m, 100).stft(16, 5, false, m.ones(new Shape(15)), true));
        refused(
                "a frame longer than the signal",
                IllegalArgumentException.class,
                "not longer than L",
                m -> floats(m, 10).stft(16, 5, false, m.ones(new Shape(16)), true));
        refused(
                "a mirror longer than the signal",
                IllegalArgumentException.class,
                "mirrored",
                m -> floats(m, 8).stft(16, 5, true, m.ones(new Shape(16)), true));
        return tests;
    }

    @TestFactory
    List<DynamicTest> errors() {
        refused(
                "length 0",
                IllegalArgumentException.class,
                "must be positive",
                m -> floats(m, 3).fft(0));
        refused(
                "a scalar",
                IllegalArgumentException.class,
                "there must be an axis",
                m -> m.create(1f).fft(1));
        refused(
                "an axis too far",
                IllegalArgumentException.class,
                "Axis 2",
                m -> floats(m, 3, 3).fft(3, 2));
        refused(
                "rfft of complex numbers",
                UnsupportedOperationException.class,
                "NDArray.rfft",
                m -> complex(m, 3).rfft(3));
        // Lengths that PyTorch is not needed for: the double-precision sum at some places.
        for (int n : new int[] {1 << 20, 1 << 17, 3 * 5 * 7 * 11 * 13 * 17, 1000003, 65537 * 2}) {
            alone("accuracy at length " + n, m -> accurate(m, n));
        }
        alone("doubles keep their digits", this::doubles);
        return tests;
    }

    /** At most 1e-6 of the largest element, of which a sample of the others is compared. */
    private static void accurate(NDManager manager, int n) {
        Random random = new Random(n);
        float[] values = new float[2 * n];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        NDArray in = manager.create(values, new Shape(n, 2)).complex();
        NDArray out = in.fft(n);
        float[] actual = out.real().toFloatArray();
        double largest = 0;
        for (int k = 0; k < n; k++) {
            largest = Math.max(largest, Math.hypot(actual[2 * k], actual[2 * k + 1]));
        }
        double worst = 0;
        for (int sample = 0; sample < 10; sample++) {
            int k = sample == 0 ? 0 : random.nextInt(n);
            double[] expected = sum(values, n, k);
            double error = Math.hypot(actual[2 * k] - expected[0], actual[2 * k + 1] - expected[1]);
            worst = Math.max(worst, error);
        }
        assertTrue(worst < 1e-6 * largest, worst / largest + " of the largest element");
        float[] back = out.ifft(n).real().toFloatArray();
        double off = 0;
        for (int i = 0; i < values.length; i++) {
            off = Math.max(off, Math.abs(back[i] - values[i]));
        }
        assertTrue(off < 5e-6, "there and back is off by " + off);
    }

    private static double[] sum(float[] values, int n, long k) {
        double real = 0;
        double imaginary = 0;
        for (int j = 0; j < n; j++) {
            double angle = -2 * Math.PI * (k * j % n) / n;
            double cosine = Math.cos(angle);
            double sine = Math.sin(angle);
            real += values[2 * j] * cosine - values[2 * j + 1] * sine;
            imaginary += values[2 * j] * sine + values[2 * j + 1] * cosine;
        }
        return new double[] {real, imaginary};
    }

    private void doubles(NDManager manager) {
        NDArray in = floats(manager, 5).toType(DataType.FLOAT64, false).div(3);
        double[] x = in.toDoubleArray();
        // The sum over the spectrum (x0, x1, x2, x3, x4, 0, conj x4, …) of 9 numbers.
        double[] expected = new double[9];
        for (int j = 0; j < 9; j++) {
            expected[j] = x[0];
            for (int k = 1; k < 5; k++) {
                expected[j] += 2 * x[k] * Math.cos(2 * Math.PI * j * k / 9);
            }
            expected[j] /= 9;
        }
        compare(in.irfft(9), DataType.FLOAT64, new Shape(9), expected);
    }
}
