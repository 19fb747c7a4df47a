package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.Buffer;
import java.nio.charset.Charset;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/** Arrays of given elements, of one number, and of regular ones. */
abstract class ManagerCreation extends ManagerRandom {

    ManagerCreation(NDManager parent, Device device) {
        super(parent, device);
    }

    /** Makes an array whose elements are not set. */
    @Override
    public OktoNDArray create(Shape shape, DataType dataType) {
        try (Operation operation = new Operation((OktoNDManager) this)) {
            return operation.result(empty(operation, shape, dataType));
        }
    }

    private static Tensor empty(Operation operation, Shape shape, DataType dataType) {
        return operation.create(shape.getShape(), Types.supported(dataType));
    }

    @Override
    public OktoNDArray create(Buffer data, Shape shape, DataType dataType) {
        Types.supported(dataType);
        Buffers.check(data, dataType, shape.size());
        try (Operation operation = new Operation((OktoNDManager) this)) {
            Tensor out = empty(operation, shape, dataType);
            Buffers.write(data, operation.backend, out, 0);
            return operation.result(out);
        }
    }

    /**
     * Makes an array of strings, which stay in Java: it can be viewed, compared and read, but not
     * computed with.
     *
     * @param charset does not matter, as the elements are Java's strings
     * @throws IllegalArgumentException if the shape has another number of elements
     */
    @Override
    public OktoNDArray create(String[] data, Charset charset, Shape shape) {
        Layout layout = Layout.contiguous(shape);
        return new OktoNDArray(
                (OktoNDManager) this, StringStorage.tensor(getDevice(), data, layout));
    }

    private OktoNDArray filled(Shape shape, Scalar value, DataType dataType) {
        try (Operation operation = new Operation((OktoNDManager) this)) {
            Tensor out = empty(operation, shape, dataType);
            if (out.layout().count() > 0) {
                operation.backend.fill(out, value);
            }
            return operation.result(out);
        }
    }

    @Override
    public OktoNDArray zeros(Shape shape, DataType dataType) {
        return filled(shape, Scalar.of(0), dataType);
    }

    @Override
    public OktoNDArray ones(Shape shape, DataType dataType) {
        return filled(shape, Scalar.of(1), dataType);
    }

    /**
     * Makes an array of one number; of an integer type, of its whole part.
     *
     * @throws IllegalArgumentException if the type does not have that number
     */
    @Override
    public OktoNDArray full(Shape shape, float value, DataType dataType) {
        if (!Types.holds(dataType, value)) {
            throw new IllegalArgumentException(
                    "full cannot fill an array of data type "
                            + dataType
                            + " with "
                            + value
                            + ", which that type does not have: choose a type that does.");
        }
        return filled(shape, Scalar.of(value), dataType);
    }

    @Override
    public OktoNDArray full(Shape shape, int value) {
        return filled(shape, Scalar.of(value), DataType.INT32);
    }

    @Override
    public OktoNDArray arange(int start, int stop, int step, DataType dataType) {
        return arange(Scalar.of(start), Scalar.of(stop), Scalar.of(step), dataType);
    }

    @Override
    public OktoNDArray arange(float start, float stop, float step, DataType dataType) {
        return arange(Scalar.of(start), Scalar.of(stop), Scalar.of(step), dataType);
    }

    /**
     * As PyTorch counts: how many numbers there are follows from the numbers given, but for INT64
     * from their whole parts; the elements of all integer types from the whole parts.
     */
    private OktoNDArray arange(Scalar start, Scalar stop, Scalar step, DataType dataType) {
        boolean whole = dataType == DataType.INT64;
        double length =
                whole ? (double) stop.integral() - start.integral() : stop.real() - start.real();
        boolean none = Math.signum(stop.real() - start.real()) != Math.signum(step.real());
        if (!none && !dataType.isFloating() && step.integral() == 0 && length != 0) {
            throw new IllegalArgumentException(
                    "arange cannot make an array of data type "
                            + dataType
                            + " in steps of "
                            + step.real()
                            + ", which are 0 in that type: ask for a floating point type, or for"
                            + " steps of 1 or more.");
        }
        double count =
                none || length == 0
                        ? 0
                        : Math.ceil(length / (whole ? step.integral() : step.real()));
        if (!(count <= 0x1p53)) {
            throw new IllegalArgumentException(
                    "arange from "
                            + start.real()
                            + " to "
                            + stop.real()
                            + " in steps of "
                            + step.real()
                            + " would have "
                            + count
                            + " elements, more than an array can hold.");
        }
        try (Operation operation = new Operation((OktoNDManager) this)) {
            Tensor out = empty(operation, new Shape((long) count), dataType);
            if (count > 0) {
                operation.backend.arange(start, step, out);
            }
            return operation.result(out);
        }
    }

    /** Makes a matrix with ones on a diagonal: the main one, or k above it. */
    @Override
    public OktoNDArray eye(int rows, int cols, int k, DataType dataType) {
        try (Operation operation = new Operation((OktoNDManager) this)) {
            Tensor out = empty(operation, new Shape(rows, cols), dataType);
            long row = Math.max(0, -(long) k);
            long column = Math.max(0, k);
            long length = Math.min(rows - row, cols - column);
            if (out.layout().count() > 0) {
                operation.backend.fill(out, Scalar.of(0));
            }
            if (length > 0) {
                long[] stride = {cols + 1L};
                long offset = row * cols + column;
                Layout diagonal = new Layout(new long[] {length}, stride, offset);
                operation.backend.fill(out.with(diagonal), Scalar.of(1));
            }
            return operation.result(out);
        }
    }

    @Override
    public NDArray linspace(float start, float stop, int num, boolean endpoint) {
        if (num < 0) {
            throw new IllegalArgumentException("linspace cannot make " + num + " numbers.");
        }
        float[] values = new float[num];
        float step = num < 2 && endpoint ? 0 : (stop - start) / (endpoint ? num - 1 : num);
        for (int i = 0; i < num; i++) {
            // From both ends, so that the last number is exact.
            boolean front = i < num / 2 || !endpoint;
            values[i] = front || num == 1 ? start + step * i : stop - step * (num - 1 - i);
        }
        return create(values);
    }

    /**
     * Makes a Hann window, as PyTorch does: periodic, and 1 if it has one point.
     *
     * @param numPoints the number of points, 0 or more
     */
    @Override
    public NDArray hanningWindow(long numPoints) {
        if (numPoints < 0) {
            throw new IllegalArgumentException(
                    "hanningWindow cannot have " + numPoints + " points.");
        }
        return numPoints == 1 ? ones(new Shape(1)) : super.hanningWindow(numPoints);
    }
}
