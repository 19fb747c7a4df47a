package org.oktoblas.bench.gpu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.function.IntToLongFunction;
import java.util.function.LongFunction;
import java.util.function.LongToDoubleFunction;
import java.util.stream.LongStream;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;

/**
 * Compares samples of a result with exact values, and sees that every element was written: what is
 * fast but wrong must not get a time.
 */
final class Check {

    /** The size of the buffer that results are read into, piece by piece. */
    static final int PIECE_BYTES = 16 << 20;

    private static final int SAMPLES = 1024;

    private final CudaStream stream;
    private final double tolerance;
    private final ByteBuffer piece;

    /**
     * Creates a check.
     *
     * @param stream where the results are computed
     * @param piece a direct buffer of {@link #PIECE_BYTES} in native order
     * @param tolerance the largest error, relative to the size of the results
     */
    Check(CudaStream stream, ByteBuffer piece, double tolerance) {
        this.stream = stream;
        this.piece = piece;
        this.tolerance = tolerance;
    }

    /** Returns this check for results that are stored in another format than a case's inputs. */
    Check of(Format format) {
        return new Check(stream, piece, Math.max(tolerance, format.tolerance()));
    }

    /** Checks pieces at the start, in the middle and at the end of a result. */
    void elements(DeviceTensor out, LongToDoubleFunction exact) {
        long count = out.count();
        long run = Math.min(SAMPLES, count);
        for (long first : new long[] {0, (count - run) / 2, count - run}) {
            double[] want = LongStream.range(first, first + run).mapToDouble(exact).toArray();
            compare(from(first), read(out, first, (int) run), want, size(want), tolerance);
        }
        written(out);
    }

    /**
     * Checks single elements by their places in row-major order.
     *
     * @param magnitude the size of results of this kind, which an error is relative to
     */
    void points(DeviceTensor out, long[] places, double magnitude, LongToDoubleFunction exact) {
        double[] got = new double[places.length];
        double[] want = new double[places.length];
        for (int i = 0; i < places.length; i++) {
            got[i] = read(out, places[i], 1)[0];
            want[i] = exact.applyAsDouble(places[i]);
        }
        compare(i -> places[i], got, want, magnitude, tolerance);
        written(out);
    }

    /** Checks a few rows of a matrix, from first to last. */
    void rows(DeviceTensor out, int length, LongFunction<double[]> exact) {
        long count = out.count() / length;
        for (long row : spread(count, 4)) {
            double[] want = exact.apply(row);
            double[] got = read(out, row * length, length);
            compare(from(row * length), got, want, size(want), tolerance);
        }
        written(out);
    }

    /** Checks a few rows of a matrix of indices, which must be right to the last. */
    void sameRows(DeviceTensor out, int length, LongFunction<double[]> exact) {
        long count = out.count() / length;
        for (long row : spread(count, 4)) {
            double[] got = read(out, row * length, length);
            compare(from(row * length), got, exact.apply(row), 1, 0);
        }
        written(out);
    }

    /** Returns some numbers from 0 to count - 1, the ends among them. */
    static long[] spread(long count, int most) {
        return LongStream.range(0, most)
                .map(i -> most == 1 ? 0 : i * (count - 1) / (most - 1))
                .distinct()
                .toArray();
    }

    /**
     * Fails if results are too far from exact.
     *
     * @param place each one's place in row-major order
     * @param magnitude what an error is relative to
     */
    static void compare(
            IntToLongFunction place,
            double[] got,
            double[] want,
            double magnitude,
            double tolerance) {
        double sum = 0;
        int worst = 0;
        double most = -1;
        for (int i = 0; i < got.length; i++) {
            double error = got[i] == want[i] ? 0 : Math.abs(got[i] - want[i]);
            sum += error * error;
            // NaN is the worst of all.
            if (error > most || Double.isNaN(error) && !Double.isNaN(most)) {
                worst = i;
                most = error;
            }
        }
        double error = Math.sqrt(sum / got.length) / magnitude;
        if (!(error <= tolerance)) {
            throw new CaseFailedException(
                    String.format(
                            Locale.ROOT,
                            "wrong result: relative error %.2g, at most %.2g is sound;"
                                    + " element %d is %s instead of %s",
                            error,
                            tolerance,
                            place.applyAsLong(worst),
                            got[worst],
                            want[worst]));
        }
    }

    private static IntToLongFunction from(long first) {
        return i -> first + i;
    }

    private static double size(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value * value;
        }
        // Results that are all 0 have to be right to the last bit.
        return sum == 0 ? Double.MIN_NORMAL : Math.sqrt(sum / values.length);
    }

    private double[] read(DeviceTensor tensor, long first, int count) {
        int size = tensor.type().bytes();
        ByteBuffer bytes = ByteBuffer.allocateDirect(count * size).order(ByteOrder.nativeOrder());
        stream.download(tensor.address() + first * size, bytes);
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = RandomData.get(bytes, i, tensor.type());
        }
        return values;
    }

    /** Looks for elements that still have all bits set, as {@link Arena#poison} made them. */
    private void written(DeviceTensor out) {
        int size = out.type().bytes();
        long bytes = out.count() * size;
        for (long done = 0; done < bytes; done += PIECE_BYTES) {
            int length = (int) Math.min(PIECE_BYTES, bytes - done);
            stream.download(out.address() + done, piece.clear().limit(length));
            int first = firstUnwritten(piece, length, size);
            if (first >= 0) {
                throw new CaseFailedException(
                        "wrong result: element %d was not written".formatted(done / size + first));
            }
        }
    }

    private static int firstUnwritten(ByteBuffer bytes, int length, int size) {
        for (int i = 0; i < length; i += size) {
            boolean untouched =
                    switch (size) {
                        case 8 -> bytes.getLong(i) == -1;
                        case 4 -> bytes.getInt(i) == -1;
                        case 2 -> bytes.getShort(i) == -1;
                        default -> bytes.get(i) == -1;
                    };
            if (untouched) {
                return i / size;
            }
        }
        return -1;
    }
}
