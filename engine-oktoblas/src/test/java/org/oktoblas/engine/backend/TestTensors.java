package org.oktoblas.engine.backend;

import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;

/** Tensors for tests, written and read byte by byte and apart from the code under test. */
public final class TestTensors {

    public static final DataType[] FLOATING = {
        DataType.FLOAT32, DataType.FLOAT64, DataType.FLOAT16, DataType.BFLOAT16
    };
    public static final DataType[] INTEGRAL = {
        DataType.INT8, DataType.UINT8, DataType.INT32, DataType.INT64
    };
    public static final DataType[] ALL = {
        DataType.FLOAT32,
        DataType.FLOAT64,
        DataType.FLOAT16,
        DataType.BFLOAT16,
        DataType.INT8,
        DataType.UINT8,
        DataType.INT32,
        DataType.INT64,
        DataType.BOOLEAN
    };

    private TestTensors() {}

    /** A contiguous tensor with uninitialised content. */
    public static Tensor empty(Backend backend, DataType type, long... shape) {
        Layout layout = Layout.contiguous(shape);
        Storage storage = backend.allocate(layout.count() * type.getNumOfBytes());
        return new Tensor(storage, type, layout);
    }

    /** A contiguous tensor whose element i is what the function gives, rounded to the type. */
    public static Tensor of(
            Backend backend, DataType type, IntToDoubleFunction values, long... shape) {
        Tensor tensor = empty(backend, type, shape);
        int count = (int) tensor.layout().count();
        ByteBuffer bytes =
                ByteBuffer.allocate(count * type.getNumOfBytes()).order(ByteOrder.nativeOrder());
        for (int i = 0; i < count; i++) {
            put(bytes, type, values.applyAsDouble(i));
        }
        bytes.flip();
        backend.write(bytes, tensor.storage(), 0);
        return tensor;
    }

    public static Tensor of(Backend backend, DataType type, double[] values, long... shape) {
        return of(backend, type, i -> values[i], shape);
    }

    /** A contiguous tensor of normally distributed numbers. */
    public static Tensor normal(Backend backend, DataType type, long seed, long... shape) {
        Random random = new Random(seed);
        return of(backend, type, i -> random.nextGaussian(), shape);
    }

    /**
     * A tensor of that content and shape in another layout: dimensions in any order in memory, gaps
     * between the elements, an offset, and some axes backwards.
     */
    public static Tensor scattered(
            Backend backend, DataType type, double[] values, Random random, long... shape) {
        int rank = shape.length;
        int[] order = new int[rank];
        for (int i = 0; i < rank; i++) {
            order[i] = i;
        }
        for (int i = rank - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        long[] strides = new long[rank];
        long size = random.nextInt(3) == 0 ? 2 : 1;
        long offset = random.nextInt(5);
        for (int i = rank - 1; i >= 0; i--) {
            int axis = order[i];
            strides[axis] = size;
            size *= Math.max(1, shape[axis]) + (random.nextInt(3) == 0 ? 1 : 0);
        }
        for (int i = 0; i < rank; i++) {
            if (shape[i] > 1 && random.nextInt(4) == 0) {
                offset += strides[i] * (shape[i] - 1);
                strides[i] = -strides[i];
            }
        }
        int total = (int) (size + offset) + 5;
        int width = type.getNumOfBytes();
        Storage storage = backend.allocate((long) total * width);
        Tensor tensor = new Tensor(storage, type, new Layout(shape.clone(), strides, offset));
        ByteBuffer bytes = ByteBuffer.allocate(total * width).order(ByteOrder.nativeOrder());
        long count = tensor.layout().count();
        for (int i = 0; i < count; i++) {
            bytes.position((int) element(tensor.layout(), i) * width);
            put(bytes, type, values[i]);
        }
        bytes.rewind();
        backend.write(bytes, storage, 0);
        return tensor;
    }

    /** The elements in row-major order. */
    public static double[] read(Backend backend, Tensor tensor) {
        DataType type = tensor.dataType();
        int width = type.getNumOfBytes();
        double[] values = new double[(int) tensor.layout().count()];
        if (values.length == 0) {
            return values;
        }
        ByteBuffer bytes =
                ByteBuffer.allocate((int) tensor.storage().byteSize())
                        .order(ByteOrder.nativeOrder());
        backend.read(tensor.storage(), 0, bytes);
        for (int i = 0; i < values.length; i++) {
            values[i] = get(bytes, (int) element(tensor.layout(), i) * width, type);
        }
        return values;
    }

    /** What is left of a number in a data type. */
    public static double round(DataType type, double value) {
        ByteBuffer bytes = ByteBuffer.allocate(type.getNumOfBytes()).order(ByteOrder.nativeOrder());
        put(bytes, type, value);
        return get(bytes, 0, type);
    }

    public static double[] round(DataType type, double[] values) {
        return map(values, v -> round(type, v));
    }

    public static double[] map(double[] values, DoubleUnaryOperator function) {
        double[] result = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = function.applyAsDouble(values[i]);
        }
        return result;
    }

    /** The distance between neighbouring numbers around 1. */
    public static double epsilon(DataType type) {
        return switch (type) {
            case FLOAT64 -> 0x1p-52;
            case FLOAT32 -> 0x1p-23;
            case FLOAT16 -> 0x1p-10;
            case BFLOAT16 -> 0x1p-7;
            default -> 0;
        };
    }

    private static long element(Layout layout, long index) {
        long rest = index;
        long element = layout.offset();
        for (int i = layout.rank() - 1; i >= 0; i--) {
            element += rest % layout.size(i) * layout.stride(i);
            rest /= layout.size(i);
        }
        return element;
    }

    private static void put(ByteBuffer bytes, DataType type, double value) {
        switch (type) {
            case FLOAT32 -> bytes.putFloat((float) value);
            case FLOAT64 -> bytes.putDouble(value);
            case FLOAT16 -> bytes.putShort(float16((float) value));
            case BFLOAT16 -> bytes.putShort(bfloat16((float) value));
            case INT8, UINT8 -> bytes.put((byte) (long) value);
            case INT32 -> bytes.putInt((int) (long) value);
            case INT64 -> bytes.putLong((long) value);
            case BOOLEAN -> bytes.put((byte) (value != 0 ? 1 : 0));
            default -> throw new IllegalArgumentException(type.toString());
        }
    }

    private static double get(ByteBuffer bytes, int at, DataType type) {
        return switch (type) {
            case FLOAT32 -> bytes.getFloat(at);
            case FLOAT64 -> bytes.getDouble(at);
            case FLOAT16 -> float16(bytes.getShort(at));
            case BFLOAT16 -> Float.intBitsToFloat(bytes.getShort(at) << 16);
            case INT8 -> bytes.get(at);
            case UINT8 -> bytes.get(at) & 0xff;
            case INT32 -> bytes.getInt(at);
            case INT64 -> bytes.getLong(at);
            case BOOLEAN -> bytes.get(at) == 0 ? 0 : bytes.get(at) == 1 ? 1 : Double.NaN;
            default -> throw new IllegalArgumentException(type.toString());
        };
    }

    /** binary16 by its definition: sign, exponent, significand. */
    public static double float16(short half) {
        int exponent = half >> 10 & 0x1f;
        int significand = half & 0x3ff;
        double magnitude =
                exponent == 31
                        ? significand == 0 ? Double.POSITIVE_INFINITY : Double.NaN
                        : exponent == 0
                                ? Math.scalb((double) significand, -24)
                                : Math.scalb(1024.0 + significand, exponent - 25);
        return half < 0 ? -magnitude : magnitude;
    }

    /** The nearest binary16, ties to even, by looking at the multiples of its unit around it. */
    public static short float16(float value) {
        int sign = value < 0 || 1 / value < 0 ? 0x8000 : 0;
        double magnitude = Math.abs((double) value);
        if (magnitude != magnitude) {
            return 0x7e00;
        }
        if (magnitude >= 65520) {
            return (short) (sign | 0x7c00);
        }
        int exponent = Math.max(-14, Math.getExponent(magnitude));
        long units = (long) Math.rint(Math.scalb(magnitude, 10 - exponent));
        long bits = magnitude < 0x1p-14 ? units : (exponent + 15L << 10) + units - 1024;
        return (short) (sign | bits);
    }

    /** The nearest bfloat16, ties to even. */
    public static short bfloat16(float value) {
        if (value != value) {
            return 0x7fc0;
        }
        if (Float.isInfinite(value) || value == 0) {
            return (short) (Float.floatToRawIntBits(value) >>> 16);
        }
        double unit = Math.scalb(1.0, Math.max(-126, Math.getExponent(value)) - 7);
        double rounded = Math.rint(value / unit) * unit;
        return (short) (Float.floatToRawIntBits((float) rounded) >>> 16);
    }
}
