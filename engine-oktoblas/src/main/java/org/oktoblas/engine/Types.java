package org.oktoblas.engine;

import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.Scalar;

/**
 * The element types of this engine and how they combine. The rules are PyTorch's: an array without
 * dimensions, or a number, does not widen an array with dimensions of the same kind (integer or
 * floating point), but a higher kind always wins.
 */
final class Types {

    private Types() {}

    /**
     * Checks that arrays of numbers can have a type.
     *
     * @throws UnsupportedOperationException if not, saying which types there are
     */
    @Refuses(value = Refusal.DATA_TYPES, when = "the type is another integer or UNKNOWN")
    static DataType supported(DataType type) {
        switch (type) {
            case FLOAT32:
            case FLOAT16:
            case BFLOAT16:
            case FLOAT64:
            case INT8:
            case UINT8:
            case INT32:
            case INT64:
            case BOOLEAN:
            case COMPLEX64:
                return type;
            case STRING:
                throw StringStorage.refusal();
            default:
                throw Unavailable.because("An NDArray of data type " + type, Refusal.DATA_TYPES);
        }
    }

    /**
     * Returns the bytes of an element. DJL's own number for COMPLEX64 counts one of its two floats
     * only.
     *
     * @throws UnsupportedOperationException for strings
     */
    static int bytes(DataType type) {
        switch (type) {
            case COMPLEX64:
                return 2 * Float.BYTES;
            case STRING:
                throw StringStorage.refusal();
            default:
                return type.getNumOfBytes();
        }
    }

    /** Returns the type that a Java number stands for. */
    static DataType of(Number number) {
        if (number instanceof Integer) {
            return DataType.INT32;
        } else if (number instanceof Float) {
            return DataType.FLOAT32;
        } else if (number instanceof Double) {
            return DataType.FLOAT64;
        } else if (number instanceof Long) {
            return DataType.INT64;
        } else if (number instanceof Byte) {
            return DataType.INT8;
        }
        throw new IllegalArgumentException(
                "A number must be an Integer, Long, Float, Double or Byte, but this is "
                        + (number == null ? "null" : number.getClass().getName())
                        + ": convert it first.");
    }

    /**
     * Returns a number as an array of a type holds it: an integer type keeps the lowest bits, so
     * that −3 is 253 as UINT8, and a 16-bit float is rounded to.
     */
    static Scalar scalar(Scalar number, DataType type) {
        long bits = number.integral();
        switch (type) {
            case INT32:
                return Scalar.of((int) bits);
            case INT8:
                return Scalar.of((byte) bits);
            case UINT8:
                return Scalar.of(bits & 0xff);
            case FLOAT16:
                return Scalar.of(rounded(number.real(), 10, -14, 65504));
            case BFLOAT16:
                return Scalar.of(rounded(number.real(), 7, -126, 0x1.fep127));
            default:
                return number;
        }
    }

    /** Rounds to a binary format, half to even, by the bits of its fraction and its range. */
    private static double rounded(double x, int fraction, int least, double largest) {
        if (x == 0 || Double.isNaN(x) || Double.isInfinite(x)) {
            return x;
        }
        double unit = Math.scalb(1.0, Math.max(Math.getExponent(x), least) - fraction);
        double result = Math.rint(x / unit) * unit;
        return Math.abs(result) <= largest ? result : Math.copySign(Double.POSITIVE_INFINITY, x);
    }

    /** Returns the type in which two operands meet. */
    static DataType combine(DataType a, boolean aScalar, DataType b, boolean bScalar) {
        if (a == b) {
            return a;
        }
        if (aScalar == bScalar) {
            return widest(a, b);
        }
        DataType array = aScalar ? b : a;
        DataType scalar = aScalar ? a : b;
        return kind(scalar) > kind(array) ? widest(array, scalar) : array;
    }

    /** Returns the smallest type that holds the values of both. */
    static DataType widest(DataType a, DataType b) {
        if (a == b) {
            return a;
        }
        if (kind(a) != kind(b)) {
            // A FLOAT64 beside complex numbers loses digits: there are none of two doubles.
            return kind(a) > kind(b) ? a : b;
        }
        if (a.isFloating()) {
            if (a == DataType.FLOAT64 || b == DataType.FLOAT64) {
                return DataType.FLOAT64;
            }
            // Neither 16-bit type holds the other.
            return DataType.FLOAT32;
        }
        if (a == DataType.INT64 || b == DataType.INT64) {
            return DataType.INT64;
        }
        // INT8 with UINT8 would be INT16, which is no type of this engine.
        return DataType.INT32;
    }

    /** Returns the type of functions whose result is never an integer. */
    static DataType floating(DataType type) {
        return type.isFloating() ? type : DataType.FLOAT32;
    }

    /**
     * Returns the type in which floating point sums of many steps are kept: 16 bits are too few.
     */
    static DataType wide(DataType type) {
        return type == DataType.FLOAT16 || type == DataType.BFLOAT16 ? DataType.FLOAT32 : type;
    }

    /** Returns the type of sums and products: integers and booleans are counted in INT64. */
    static DataType sum(DataType type) {
        return type.isFloating() ? type : DataType.INT64;
    }

    /** Returns the type of what is computed of an array and whole numbers: INT64 for booleans. */
    static DataType counted(DataType type) {
        return type.isBoolean() ? DataType.INT64 : type;
    }

    /** Returns whether a result may be written, in place, into an array of a type. */
    static boolean fits(DataType result, DataType target) {
        return kind(result) <= kind(target);
    }

    /** Returns whether a type has a number's whole part, or if it is floating point, its size. */
    static boolean holds(DataType type, double value) {
        switch (type) {
            case INT8:
                return value > -129 && value < 128;
            case UINT8:
                return value > -1 && value < 256;
            case INT32:
                return value > -0x1p31 - 1 && value < 0x1p31;
            case INT64:
                return value >= -0x1p63 && value < 0x1p63;
            case FLOAT16:
                // From 65520 on a number rounds to infinity.
                return !Double.isFinite(value) || Math.abs(value) < 65520;
            default:
                return true;
        }
    }

    private static int kind(DataType type) {
        if (type == DataType.COMPLEX64) {
            return 3;
        }
        return type.isFloating() ? 2 : type.isBoolean() ? 0 : 1;
    }
}
