package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.it.differential.Operation.Call;

/** Fourier transforms, of real and of complex sequences. */
final class FourierOperations {

    private FourierOperations() {}

    /** A transform to a length along an axis. */
    private interface Transform {
        NDArray of(NDArray array, long length, long axis);
    }

    /** A transform to lengths along two axes. */
    private interface Plane {
        NDArray of(NDArray array, long[] lengths, long[] axes);
    }

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(transform("NDArray.fft(long, long)", NDArray::fft, false));
        list.add(transform("NDArray.fft(long, long)", NDArray::fft, true));
        list.add(transform("NDArray.ifft(long, long)", NDArray::ifft, false));
        list.add(transform("NDArray.ifft(long, long)", NDArray::ifft, true));
        list.add(transform("NDArray.rfft(long, long)", NDArray::rfft, false));
        list.add(transform("NDArray.irfft(long, long)", NDArray::irfft, true));
        list.add(plane("NDArray.fft2(long[], long[])", NDArray::fft2, false));
        list.add(plane("NDArray.fft2(long[], long[])", NDArray::fft2, true));
        list.add(plane("NDArray.ifft2(long[], long[])", NDArray::ifft2, true));
        list.add(stft());
        list.add(
                Operation.of(
                        "NDManager.hanningWindow(long)",
                        Tolerance.near(1, 4),
                        draw -> {
                            int length = draw.note("length", draw.below(40));
                            return Call.of((m, x) -> m.hanningWindow(length));
                        }));
        return list;
    }

    private static NDArray shown(NDArray result) {
        return result.getDataType() == DataType.COMPLEX64 ? result.real() : result;
    }

    /** Draws real numbers, or pairs of them. */
    private static void operand(Draw draw, boolean complex, long... shape) {
        if (complex) {
            long[] pairs = Arrays.copyOf(shape, shape.length + 1);
            pairs[shape.length] = 2;
            draw.add(DataType.FLOAT32, Values.REAL, pairs);
        } else {
            draw.add(DataType.FLOAT32, Values.REAL, shape);
        }
    }

    private static long[] nonEmpty(Draw draw, int minRank, int maxRank) {
        long[] shape = draw.shape(minRank, maxRank);
        for (int i = 0; i < shape.length; i++) {
            shape[i] = Math.max(1, shape[i]);
        }
        return shape;
    }

    private static Call call(Operation.Body body, boolean complex) {
        return Call.of((m, x) -> body.run(m, complex ? numbers(x, false) : x))
                .instead((m, x) -> body.run(m, complex ? numbers(x, true) : x));
    }

    private static NDArray[] numbers(NDArray[] x, boolean peer) {
        return new NDArray[] {peer ? ComplexOperations.onPeer(x[0]) : x[0].complex()};
    }

    private static Operation transform(String name, Transform transform, boolean complex) {
        return Operation.of(
                name + (complex ? " of complex numbers" : " of real numbers"),
                Tolerance.sums(1),
                draw -> {
                    long[] shape = nonEmpty(draw, 1, 3);
                    operand(draw, complex, shape);
                    int axis = draw.axis(shape.length);
                    int length = draw.note("length", 1 + draw.below(12));
                    return call((m, x) -> shown(transform.of(x[0], length, axis)), complex);
                });
    }

    private static Operation plane(String name, Plane plane, boolean complex) {
        return Operation.of(
                name + (complex ? " of complex numbers" : " of real numbers"),
                Tolerance.sums(1),
                draw -> {
                    long[] shape = nonEmpty(draw, 2, 3);
                    operand(draw, complex, shape);
                    long[] axes = {draw.validAxis(shape.length), draw.validAxis(shape.length)};
                    long[] lengths = {1 + draw.below(8), 1 + draw.below(8)};
                    draw.note("lengths", Arrays.toString(lengths));
                    return call((m, x) -> shown(plane.of(x[0], lengths, axes)), complex);
                });
    }

    private static Operation stft() {
        return Operation.of(
                "NDArray.stft(long, long, boolean, NDArray, boolean, boolean)",
                Tolerance.sums(1),
                draw -> {
                    int length = draw.note("nFft", 1 + draw.below(12));
                    int hop = draw.note("hopLength", 1 + draw.below(6));
                    boolean center = draw.flag("center");
                    boolean normalize = draw.flag("normalize");
                    boolean complex = !draw.flag("as pairs");
                    long samples = length + draw.below(20);
                    draw.add(
                            DataType.FLOAT32,
                            Values.REAL,
                            draw.oneIn(3) ? new long[] {2, samples} : new long[] {samples});
                    draw.add(DataType.FLOAT32, Values.UNIT, length);
                    return Call.of((m, x) -> frames(m, x, length, hop, center, normalize, complex));
                });
    }

    private static NDArray frames(
            NDManager manager,
            NDArray[] x,
            long length,
            long hop,
            boolean center,
            boolean normalize,
            boolean complex) {
        NDArray result = x[0].stft(length, hop, center, x[1], normalize, complex);
        result.attach(manager);
        return shown(result);
    }
}
