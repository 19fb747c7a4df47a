package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/**
 * Fourier transforms. Transforms are not scaled, inverse ones by 1/n. An axis that is longer than
 * asked for is cut, a shorter one padded with zeros. FLOAT64 is computed as such; all else as
 * FLOAT32, and complex results are COMPLEX64 in either case.
 */
abstract class ArrayFourier extends ArrayComplex {

    ArrayFourier(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    @Override
    public OktoNDArray fft(long length, long axis) {
        return complexResult(length, axis, length, false, "fft");
    }

    @Override
    public OktoNDArray ifft(long length, long axis) {
        return complexResult(length, axis, length, true, "ifft");
    }

    /**
     * Transforms real numbers: the first length / 2 + 1 numbers, of which the others are mirrors.
     */
    @Override
    public OktoNDArray rfft(long length, long axis) {
        ComplexTensors.requireReal(tensor(), "NDArray.rfft");
        return complexResult(length, axis, length / 2 + 1, false, "rfft");
    }

    private OktoNDArray complexResult(
            long length, long axis, long kept, boolean inverse, String name) {
        int along = checked(length, axis, name);
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            DataType type = precision(in);
            long[] shape = in.layout().shape();
            shape[along] = kept;
            Tensor out = operation.create(shape, DataType.COMPLEX64);
            if (out.layout().count() > 0) {
                Tensor planes = planes(operation, in, along, length, length, type);
                Tensor found = new Fourier(operation, type, inverse).transform(planes);
                if (inverse) {
                    scale(operation, found, 1.0 / length);
                }
                // (…, n, …, 2) seen as (…, 2, n).
                Layout pairs = moved(ComplexTensors.pairs(out).layout(), along);
                Layout rows = found.layout().slice(2, 0, kept, 1);
                rows = unfolded(rows, pairs.shape());
                operation.backend.copy(found.with(rows), ComplexTensors.pairs(out).with(pairs));
            }
            return operation.result(out);
        }
    }

    /**
     * Transforms back to real numbers from the first length / 2 + 1 numbers, whose mirrors' sum is
     * twice the real part of theirs. Imaginary parts that no real numbers can have are dropped.
     */
    @Override
    public OktoNDArray irfft(long length, long axis) {
        int along = checked(length, axis, "irfft");
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            DataType type = precision(in);
            long[] shape = in.layout().shape();
            shape[along] = length;
            Tensor out = operation.create(shape, type);
            if (out.layout().count() > 0) {
                Tensor planes = planes(operation, in, along, length, length / 2 + 1, type);
                long mirrored = (length - 1) / 2;
                if (mirrored > 0) {
                    Layout doubled = planes.layout().slice(2, 1, mirrored, 1);
                    scale(operation, planes.with(doubled), 2);
                }
                Tensor found = new Fourier(operation, type, true).transform(planes);
                found = found.with(found.layout().select(1, 0));
                Layout target = moved(out.layout(), along);
                found = operation.reshape(found, target.shape());
                operation.backend.binary(
                        BinaryOp.MULTIPLY, found, Scalar.of(1.0 / length), out.with(target));
            }
            return operation.result(out);
        }
    }

    @Override
    public OktoNDArray fft2(long[] sizes, long[] axes) {
        return overAxes(sizes, axes, false, "fft2");
    }

    @Override
    public OktoNDArray ifft2(long[] sizes, long[] axes) {
        return overAxes(sizes, axes, true, "ifft2");
    }

    /** Transforms along axes, one after the other; size -1 keeps an axis's length. */
    private OktoNDArray overAxes(long[] sizes, long[] axes, boolean inverse, String name) {
        boolean[] seen = new boolean[Math.max(1, rank())];
        boolean valid = sizes.length == axes.length && axes.length > 0;
        for (int i = 0; valid && i < axes.length; i++) {
            int along = axis(axes[i]);
            valid = !seen[along];
            seen[along] = true;
        }
        if (!valid) {
            throw new IllegalArgumentException(
                    "NDArray."
                            + name
                            + " with sizes "
                            + Arrays.toString(sizes)
                            + " and axes "
                            + Arrays.toString(axes)
                            + ": give one size for each axis, and each axis once.");
        }
        OktoNDArray result = (OktoNDArray) this;
        for (int i = 0; i < axes.length; i++) {
            long size = sizes[i] == -1 && rank() > 0 ? layout().size(axis(axes[i])) : sizes[i];
            OktoNDArray before = result;
            try {
                result = ((ArrayFourier) before).complexResult(size, axes[i], size, inverse, name);
            } finally {
                if (before != this) {
                    before.close();
                }
            }
        }
        return result;
    }

    /**
     * Transforms windows of a signal, of shape (L) or (B, L): frame t begins at element t·hop. The
     * result has shape ([B,] N, T), N = nFft / 2 + 1 numbers of T frames, or all N = nFft where
     * signal or window is complex.
     *
     * @param center whether the signal is first extended at both ends by nFft / 2 elements, its
     *     mirror image, so that frame t is around element t·hop
     * @param window nFft factors, or null for ones
     * @param normalize whether to divide by √nFft
     * @param returnComplex COMPLEX64, or else FLOAT32 with a last axis of real and imaginary part
     * @throws IllegalArgumentException if nFft is not from 1 to the signal's length, the hop is not
     *     positive, the window's shape is not (nFft), or the signal is too short to be mirrored
     */
    @Override
    public OktoNDArray stft(
            long nFft,
            long hopLength,
            boolean center,
            NDArray window,
            boolean normalize,
            boolean returnComplex) {
        int rank = rank();
        long length = rank == 0 ? 0 : layout().size(rank - 1);
        long margin = center ? nFft / 2 : 0;
        checkFrames(nFft, hopLength, length + 2 * margin, margin < length, window);
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            Tensor signal = in.with(rank == 1 ? in.layout().insertAxis(0) : in.layout());
            signal = margin > 0 ? mirrored(operation, signal, margin) : signal;
            long batch = signal.layout().size(0);
            long count = (length + 2 * margin - nFft) / hopLength + 1;
            long step = signal.layout().stride(1);
            Layout overlapping =
                    new Layout(
                            new long[] {batch, count, nFft},
                            new long[] {signal.layout().stride(0), step * hopLength, step},
                            signal.layout().offset());
            Tensor frames = signal.with(overlapping);
            if (window != null) {
                frames = windowed(operation, frames, operation.read(window));
            }
            boolean whole = ComplexTensors.isComplex(frames);
            long kept = whole ? nFft : nFft / 2 + 1;
            Tensor out = operation.create(new long[] {batch, kept, count}, DataType.COMPLEX64);
            if (batch > 0) {
                DataType type = precision(frames);
                Tensor planes = planes(operation, frames, 2, nFft, nFft, type);
                Tensor found = new Fourier(operation, type, false).transform(planes);
                if (normalize) {
                    scale(operation, found, 1 / Math.sqrt(nFft));
                }
                Layout rows = found.layout().slice(2, 0, kept, 1);
                // (B, N, T, 2) from (B, T, 2, N).
                rows = unfolded(rows, batch, count, 2, kept).permute(0, 3, 1, 2);
                operation.backend.copy(found.with(rows), ComplexTensors.pairs(out));
            }
            out = rank == 1 ? out.with(out.layout().dropAxis(0)) : out;
            return operation.result(returnComplex ? out : ComplexTensors.pairs(out));
        }
    }

    private void checkFrames(
            long nFft, long hopLength, long length, boolean mirrors, NDArray window) {
        boolean fits = rank() == 1 || rank() == 2;
        if (!fits || nFft < 1 || nFft > length || hopLength < 1 || !mirrors) {
            throw new IllegalArgumentException(
                    "stft with frames of "
                            + nFft
                            + " elements and steps of "
                            + hopLength
                            + " over an NDArray of shape "
                            + getShape()
                            + ": the shape must be (L) or (B, L), a step positive, and a frame not"
                            + " longer than L, nor L shorter than what is mirrored at the ends.");
        }
        if (window != null
                && (window.getShape().dimension() != 1 || window.getShape().get(0) != nFft)) {
            throw new IllegalArgumentException(
                    "stft with frames of "
                            + nFft
                            + " elements needs a window of shape ("
                            + nFft
                            + "), not "
                            + window.getShape()
                            + ".");
        }
    }

    /** Extends (B, L) at both ends by its mirror image around the first and the last element. */
    private static Tensor mirrored(Operation operation, Tensor signal, long margin) {
        Layout layout = signal.layout();
        long n = layout.size(1);
        Tensor out =
                operation.create(new long[] {layout.size(0), n + 2 * margin}, signal.dataType());
        Layout target = out.layout();
        operation.backend.copy(
                signal.with(layout.slice(1, margin, margin, -1)),
                out.with(target.slice(1, 0, margin, 1)));
        operation.backend.copy(signal, out.with(target.slice(1, margin, n, 1)));
        operation.backend.copy(
                signal.with(layout.slice(1, n - 2, margin, -1)),
                out.with(target.slice(1, margin + n, margin, 1)));
        return out;
    }

    private static Tensor windowed(Operation operation, Tensor frames, Tensor window) {
        DataType type = Types.widest(frames.dataType(), window.dataType());
        type = Types.floating(type);
        long[] shape = frames.layout().shape();
        Tensor out = operation.create(shape, type);
        Tensor factors = stretch(operation.cast(window, type), shape);
        operation.backend.binary(BinaryOp.MULTIPLY, operation.cast(frames, type), factors, out);
        return out;
    }

    private int checked(long length, long axis, String name) {
        int along = axis(axis);
        if (isScalar() || length < 1) {
            throw new IllegalArgumentException(
                    "NDArray."
                            + name
                            + " of length "
                            + length
                            + " of an NDArray of shape "
                            + getShape()
                            + ": the length must be positive, and there must be an axis.");
        }
        return along;
    }

    private static DataType precision(Tensor in) {
        return in.dataType() == DataType.FLOAT64 ? DataType.FLOAT64 : DataType.FLOAT32;
    }

    private static void scale(Operation operation, Tensor tensor, double factor) {
        operation.backend.binary(BinaryOp.MULTIPLY, tensor, Scalar.of(factor), tensor);
    }

    /**
     * Returns sequences along an axis as planes (B, 1 or 2, n): at most so many of their elements,
     * and zeros behind.
     */
    private static Tensor planes(
            Operation operation, Tensor in, int axis, long n, long most, DataType type) {
        boolean complex = ComplexTensors.isComplex(in);
        Tensor elements = complex ? ComplexTensors.pairs(in) : in;
        Layout source = moved(elements.layout(), axis);
        source = complex ? source : source.insertAxis(source.rank() - 1);
        int along = source.rank() - 1;
        long used = Math.min(most, source.size(along));
        source = source.slice(along, 0, used, 1);
        long[] shape = source.shape();
        shape[along] = n;
        Tensor out = operation.create(shape, type);
        if (used < n) {
            operation.backend.fill(out, Scalar.of(0));
        }
        if (used > 0) {
            operation.backend.copy(
                    elements.with(source), out.with(out.layout().slice(along, 0, used, 1)));
        }
        long parts = shape[along - 1];
        long batch = out.layout().count() / (parts * n);
        return out.with(out.layout().reshape(batch, parts, n));
    }

    /** Returns a layout with one axis moved to the end. */
    private static Layout moved(Layout layout, int axis) {
        int rank = layout.rank();
        int[] order = new int[rank];
        for (int i = 0; i < rank; i++) {
            order[i] = i < axis ? i : i + 1;
        }
        order[rank - 1] = axis;
        return layout.permute(order);
    }

    /** Returns rows (B, 2, k), of which k may be a part of a longer row, with the axes of B. */
    private static Layout unfolded(Layout rows, long... shape) {
        int rank = shape.length;
        long[] strides = new long[rank];
        strides[rank - 1] = rows.stride(2);
        strides[rank - 2] = rows.stride(1);
        long stride = rows.stride(0);
        for (int i = rank - 3; i >= 0; i--) {
            strides[i] = stride;
            stride *= shape[i];
        }
        return new Layout(shape.clone(), strides, rows.offset());
    }
}
