package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/** Operations that bring elements in and out, or to another type, device or place. */
abstract class ArrayTransfers extends ArrayBase {

    ArrayTransfers(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    /**
     * Returns a copy of the elements in row-major order, in the processor's byte order. It never is
     * the array's own memory, whatever is tried, so that it outlives the array.
     */
    @Override
    public ByteBuffer toByteBuffer(boolean tryDirect) {
        try (Operation operation = operation()) {
            Tensor in = operation.dense(operation.read(this));
            int width = Types.bytes(in.dataType());
            requireBuffer(in.layout().count(), width);
            int bytes = (int) in.layout().count() * width;
            ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
            operation.backend.read(in.storage(), in.layout().offset() * width, buffer);
            buffer.rewind();
            return buffer;
        }
    }

    /** Returns the elements as floats; 16-bit floats are widened. */
    @Override
    public float[] toFloatArray() {
        DataType type = getDataType();
        if (type == DataType.FLOAT16 || type == DataType.BFLOAT16) {
            try (OktoNDArray wide = toType(DataType.FLOAT32, false)) {
                return wide.toFloatArray();
            }
        }
        if (type != DataType.FLOAT32) {
            return super.toFloatArray();
        }
        try (Operation operation = operation()) {
            Tensor in = operation.dense(operation.read(this));
            long count = in.layout().count();
            requireBuffer(count, Float.BYTES);
            float[] floats = new float[(int) count];
            if (count > 0) {
                operation.backend.read(in, floats);
            }
            return floats;
        }
    }

    /** Refuses to bring more to Java than one buffer holds. */
    private void requireBuffer(long count, int width) {
        if (count * width > Integer.MAX_VALUE - 8) {
            throw new IllegalStateException(
                    "An NDArray of shape "
                            + getShape()
                            + " has "
                            + count * width
                            + " bytes, more than a Java buffer holds: read it in slices.");
        }
    }

    @Override
    public Number[] toArray() {
        if (getDataType() == DataType.BFLOAT16) {
            try (OktoNDArray wide = toType(DataType.FLOAT32, false)) {
                return wide.toArray();
            }
        }
        return super.toArray();
    }

    /**
     * Returns the elements of an array of strings. They are Java's: the charset does not matter.
     *
     * @throws IllegalStateException if the array is of another data type
     */
    @Override
    public String[] toStringArray(Charset charset) {
        if (getDataType() != DataType.STRING) {
            throw new IllegalStateException(
                    "toStringArray needs an NDArray of strings, but this is of data type "
                            + getDataType()
                            + ": use toArray() or toDebugString().");
        }
        return StringStorage.read(tensor());
    }

    /**
     * Overwrites all elements.
     *
     * @param buffer the new elements in row-major order: a buffer of the array's type, or a {@code
     *     ByteBuffer} in the processor's byte order; its position stays as it is
     * @throws IllegalArgumentException if the buffer's type or size does not fit
     */
    @Override
    public void set(Buffer buffer) {
        try (Operation operation = operation()) {
            Tensor out = operation.read(this);
            Buffers.check(buffer, out.dataType(), out.layout().count());
            writable(out, "set");
            if (out.layout().isContiguous()) {
                long offset = out.layout().offset() * Types.bytes(out.dataType());
                Buffers.write(buffer, operation.backend, out, offset);
                return;
            }
            Tensor dense = operation.create(out.layout().shape(), out.dataType());
            Buffers.write(buffer, operation.backend, dense, 0);
            operation.backend.copy(dense, out);
        }
    }

    /** Refuses to write to a view in which one element appears many times, or to foreign memory. */
    static void writable(Tensor out, String operation) {
        if (out.storage().isReadOnly()) {
            throw new IllegalStateException(
                    "NDArray."
                            + operation
                            + " cannot write to an array over a buffer that was wrapped, such as a"
                            + " model's mapped weights: call duplicate() first.");
        }
        if (out.layout().repeatsElements() && out.layout().count() > 0) {
            throw new IllegalStateException(
                    "NDArray."
                            + operation
                            + " cannot write to a broadcast view, in which elements share memory:"
                            + " call duplicate() first.");
        }
    }

    @Override
    public OktoNDArray toType(DataType dataType, boolean copy) {
        if (dataType == getDataType() && !copy) {
            tensor();
            return (OktoNDArray) this;
        }
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            OktoNDArray result =
                    dataType == DataType.STRING && getDataType() == dataType
                            ? strings(in)
                            : operation.result(operation.copy(in, Types.supported(dataType)));
            result.setName(getName());
            return result;
        }
    }

    private OktoNDArray strings(Tensor in) {
        Layout layout = Layout.contiguous(in.layout().shape());
        return new OktoNDArray(
                getManager(), StringStorage.tensor(getDevice(), StringStorage.read(in), layout));
    }

    /** Returns the array on a device, attached to the same manager. */
    @Override
    public OktoNDArray toDevice(Device device, boolean copy) {
        if (!device.equals(getDevice())) {
            try (Operation here = operation();
                    Operation there = new Operation(getManager(), device)) {
                OktoNDArray result = there.result(there.bring(here, here.read(this)));
                result.setName(getName());
                return result;
            }
        }
        if (!copy) {
            tensor();
            return (OktoNDArray) this;
        }
        return duplicate();
    }

    @Override
    public OktoNDArray duplicate() {
        return toType(getDataType(), true);
    }

    /** Copies the elements into another array of as many, on whichever device. */
    @Override
    public void copyTo(NDArray array) {
        if (!(array instanceof OktoNDArray)) {
            array.set(toByteBuffer());
            return;
        }
        try (Operation operation = operation();
                Operation there = ((OktoNDArray) array).operation()) {
            Tensor in = operation.read(this);
            Tensor out = there.read(array);
            if (in.layout().count() != out.layout().count() || in.dataType() != out.dataType()) {
                throw new IllegalArgumentException(
                        "copyTo needs two arrays of one size and data type; this is "
                                + getShape()
                                + " "
                                + getDataType()
                                + ", the target "
                                + array.getShape()
                                + " "
                                + array.getDataType()
                                + ".");
            }
            writable(out, "copyTo");
            Tensor source = operation.reshape(in, out.layout().shape());
            if (!array.getDevice().equals(getDevice())) {
                source = there.bring(operation, source);
            } else if (source.storage() == out.storage() && !source.layout().equals(out.layout())) {
                // Two views may overlap, and elements be overwritten before they are read.
                source = operation.copy(source, source.dataType());
            }
            there.backend.copy(source, out);
        }
    }

    @Override
    public OktoNDArray zerosLike() {
        return filled(0, getDataType());
    }

    @Override
    public OktoNDArray onesLike() {
        return filled(1, getDataType());
    }

    @Override
    public OktoNDArray like() {
        try (Operation operation = operation()) {
            return operation.result(operation.create(layout().shape(), DataType.FLOAT32));
        }
    }

    /** Returns an array of this one's shape, full of one number. */
    final OktoNDArray filled(Number value, DataType type) {
        try (Operation operation = operation()) {
            Tensor out = operation.create(layout().shape(), type);
            if (out.layout().count() > 0) {
                operation.backend.fill(out, Scalar.of(value));
            }
            return operation.result(out);
        }
    }

    @Override
    public boolean contentEquals(Number number) {
        DataType type = Types.of(number);
        if (rank() != 0 || type != getDataType()) {
            return false;
        }
        try (OktoNDArray equal = ((OktoNDArray) this).eq(number)) {
            return equal.getBoolean();
        }
    }

    /** Returns whether shape, type and all elements are equal; NaN equals nothing. */
    @Override
    public boolean contentEquals(NDArray other) {
        if (other == null
                || !getShape().equals(other.getShape())
                || getDataType() != other.getDataType()) {
            return false;
        }
        if (getDataType() == DataType.STRING) {
            return Arrays.equals(toStringArray(), other.toStringArray());
        }
        try (OktoNDArray equal = ((OktoNDArray) this).eq(other);
                OktoNDArray all = equal.all()) {
            return all.getBoolean();
        }
    }

    /** Returns an array of this engine with the same content as another engine's. */
    static OktoNDArray from(NDArray array, OktoNDManager manager) {
        Shape shape = array.getShape();
        OktoNDArray result =
                array.getDataType() == DataType.STRING
                        ? manager.create(array.toStringArray(), StandardCharsets.UTF_8, shape)
                        : manager.create(array.toByteBuffer(), shape, array.getDataType());
        result.setName(array.getName());
        return result;
    }
}
