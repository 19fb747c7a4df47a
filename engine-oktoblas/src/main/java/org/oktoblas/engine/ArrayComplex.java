package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.internal.NDFormat;
import ai.djl.ndarray.types.DataType;
import java.util.regex.Pattern;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/** Complex numbers: how they are made, taken apart and shown. */
abstract class ArrayComplex extends ArrayFunctions {

    ArrayComplex(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    private boolean isComplex() {
        return getDataType() == DataType.COMPLEX64;
    }

    /**
     * Takes the last axis, of length 2, as real and imaginary parts, rounded to floats: a copy of
     * shape (…) from (…, 2).
     *
     * @throws IllegalArgumentException if the last axis is not of length 2 or the elements are
     *     complex already
     */
    @Override
    public OktoNDArray complex() {
        Layout layout = layout();
        int last = layout.rank() - 1;
        if (last < 0 || layout.size(last) != 2 || isComplex()) {
            throw new IllegalArgumentException(
                    "complex needs real numbers with a last axis of length 2, the real and the"
                            + " imaginary part, but this is "
                            + getShape()
                            + " "
                            + getDataType()
                            + ".");
        }
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            long[] shape = layout.select(last, 0).shape();
            Tensor out = operation.create(shape, DataType.COMPLEX64);
            operation.backend.copy(in, ComplexTensors.pairs(out));
            return operation.result(out);
        }
    }

    /**
     * Returns the real and imaginary parts as FLOAT32, along a new last axis of length 2: a copy of
     * shape (…, 2) from (…).
     *
     * @throws IllegalArgumentException if the elements are not complex
     */
    @Override
    public OktoNDArray real() {
        if (!isComplex()) {
            throw new IllegalArgumentException(
                    "real needs complex numbers, but these are " + getDataType() + ".");
        }
        try (Operation operation = operation()) {
            Tensor pairs = ComplexTensors.pairs(operation.read(this));
            return operation.result(operation.copy(pairs, DataType.FLOAT32));
        }
    }

    /** Returns the conjugates, in a copy; of real numbers a view of the same. */
    @Override
    public OktoNDArray conj() {
        if (!isComplex()) {
            return view(layout());
        }
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            Tensor out = operation.copy(in, DataType.COMPLEX64);
            operation.backend.unary(
                    UnaryOp.NEGATE, ComplexTensors.part(in, 1), ComplexTensors.part(out, 1));
            return operation.result(out);
        }
    }

    /** Returns absolute values; of complex numbers their magnitudes, FLOAT32. */
    @Override
    public OktoNDArray abs() {
        if (!isComplex()) {
            return super.abs();
        }
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            Tensor out = operation.create(in.layout().shape(), DataType.FLOAT32);
            operation.backend.unary(UnaryOp.ABS, in, out);
            return operation.result(out);
        }
    }

    @Override
    public OktoNDArray norm(int order, int[] axes, boolean keepDims) {
        if (!isComplex()) {
            return super.norm(order, axes, keepDims);
        }
        try (OktoNDArray magnitudes = abs()) {
            return magnitudes.norm(order, axes, keepDims);
        }
    }

    /** Returns whether all |a − b| ≤ atol + rtol |b|; complex numbers by their magnitudes. */
    @Override
    public boolean allClose(NDArray other, double rtol, double atol, boolean equalNan) {
        if (!isComplex() && other.getDataType() != DataType.COMPLEX64) {
            return super.allClose(other, rtol, atol, equalNan);
        }
        if (!shapeEquals(other)) {
            return false;
        }
        float[] a = parts(this);
        float[] b = parts(other);
        for (int i = 0; i < a.length; i += 2) {
            double size = Math.hypot(b[i], b[i + 1]);
            double distance = Math.hypot((double) a[i] - b[i], (double) a[i + 1] - b[i + 1]);
            boolean missing = Float.isNaN(a[i] + a[i + 1]) && Double.isNaN(size);
            if (!(distance <= atol + rtol * size) && !(equalNan && missing)) {
                return false;
            }
        }
        return true;
    }

    private static float[] parts(NDArray array) {
        try (NDArray complex = array.toType(DataType.COMPLEX64, true);
                NDArray pairs = complex.real()) {
            return pairs.toFloatArray();
        }
    }

    @Override
    public String toDebugString() {
        return isReleased() || !isComplex() ? super.toDebugString() : show(100, 10, 10, 20, true);
    }

    /** Shows the elements; a complex number as a row of its real and its imaginary part. */
    @Override
    public String toDebugString(
            int maxSize, int maxDepth, int maxRows, int maxColumns, boolean withContent) {
        return isReleased() || !isComplex()
                ? super.toDebugString(maxSize, maxDepth, maxRows, maxColumns, withContent)
                : show(maxSize, maxDepth, maxRows, maxColumns, withContent);
    }

    private String show(
            int maxSize, int maxDepth, int maxRows, int maxColumns, boolean withContent) {
        try (OktoNDArray pairs = real()) {
            pairs.setName(getName());
            String text =
                    NDFormat.format(pairs, maxSize, maxDepth, maxRows, maxColumns, withContent);
            String type = pairs.getDevice() + " " + pairs.getDataType();
            return text.replaceFirst(
                    Pattern.quote(pairs.getShape() + " " + type),
                    getShape() + " " + getDevice() + " " + getDataType());
        }
    }
}
