package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.Float16Utils;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** Compares what two engines return. Each comparison returns what is wrong, or null. */
final class Results {

    private Results() {}

    /** An array's content, away from its engine. */
    record Content(DataType type, Shape shape, ByteBuffer bytes) {

        static Content of(NDArray array) {
            ByteBuffer lent = array.toByteBuffer();
            ByteBuffer bytes = ByteBuffer.allocate(lent.remaining()).order(lent.order());
            bytes.put(lent).rewind();
            return new Content(array.getDataType(), array.getShape(), bytes);
        }

        double real(int i) {
            switch (type) {
                case FLOAT64:
                    return bytes.getDouble(i * 8);
                case FLOAT32:
                    return bytes.getFloat(i * 4);
                case FLOAT16:
                    return half(bytes.getShort(i * 2));
                case BFLOAT16:
                    return Float.intBitsToFloat(bytes.getShort(i * 2) << 16);
                default:
                    return integral(i);
            }
        }

        private static double half(short bits) {
            boolean finite = (bits & 0x7c00) != 0x7c00;
            if (finite) {
                return Float16Utils.halfToFloat(bits);
            }
            double infinity = bits < 0 ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
            return (bits & 0x3ff) == 0 ? infinity : Double.NaN;
        }

        long integral(int i) {
            switch (type) {
                case INT64:
                    return bytes.getLong(i * 8);
                case INT32:
                    return bytes.getInt(i * 4);
                case UINT8:
                    return bytes.get(i) & 0xff;
                default:
                    return bytes.get(i);
            }
        }

        int count() {
            return (int) shape.size();
        }

        Reference.Numbers numbers() {
            double[] values = new double[count()];
            for (int i = 0; i < values.length; i++) {
                values[i] = real(i);
            }
            return new Reference.Numbers(values, shape.getShape());
        }

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder(type + " " + shape + " [");
            for (int i = 0; i < Math.min(12, count()); i++) {
                text.append(i == 0 ? "" : ", ");
                text.append(type.isFloating() ? real(i) : (Object) integral(i));
            }
            return text.append(count() > 12 ? ", …]" : "]").toString();
        }
    }

    /** Returns what an operation returned, with arrays as their contents. */
    static Object contents(Object result) {
        if (result instanceof NDArray array) {
            return Content.of(array);
        }
        if (result instanceof NDList list) {
            List<Object> contents = new ArrayList<>();
            for (NDArray array : list) {
                contents.add(Content.of(array));
            }
            return contents;
        }
        return result;
    }

    /**
     * Refuses results of a type that DJL has no name for, such as PyTorch's sum of INT8 and UINT8.
     */
    static void checkTypes(Object contents) {
        if (contents instanceof Content content && content.type == DataType.UNKNOWN) {
            throw new UnsupportedOperationException("The result has a type unknown to DJL.");
        }
        if (contents instanceof List<?> list) {
            list.forEach(Results::checkTypes);
        }
    }

    static String compare(
            Object expected, Object actual, Tolerance tolerance, Tolerance.Scale scale) {
        if (expected instanceof Content e && actual instanceof Content a) {
            return compare(e, a, tolerance, scale);
        }
        if (expected instanceof List<?> e && actual instanceof List<?> a) {
            if (e.size() != a.size()) {
                return a.size() + " results instead of " + e.size();
            }
            for (int i = 0; i < e.size(); i++) {
                String wrong = compare(e.get(i), a.get(i), tolerance, scale);
                if (wrong != null) {
                    return "result " + i + ": " + wrong;
                }
            }
            return null;
        }
        boolean equal = Objects.deepEquals(expected, actual);
        return equal ? null : shown(actual) + " instead of " + shown(expected);
    }

    static String shown(Object result) {
        String text = Arrays.deepToString(new Object[] {result});
        return text.substring(1, text.length() - 1);
    }

    static String compare(
            Content expected, Content actual, Tolerance tolerance, Tolerance.Scale scale) {
        if (expected.type != actual.type || !expected.shape.equals(actual.shape)) {
            return actual + " instead of " + expected;
        }
        for (int i = 0; i < expected.count(); i++) {
            boolean same =
                    expected.type.isFloating()
                            ? near(
                                    expected.real(i),
                                    actual.real(i),
                                    expected.type,
                                    tolerance,
                                    scale)
                            : expected.integral(i) == actual.integral(i);
            if (!same) {
                String one =
                        expected.type.isFloating()
                                ? actual.real(i) + " instead of " + expected.real(i)
                                : actual.integral(i) + " instead of " + expected.integral(i);
                return "element "
                        + i
                        + " is "
                        + one
                        + " in\n      "
                        + actual
                        + " instead of\n      "
                        + expected;
            }
        }
        return null;
    }

    /** Compares with a reference in double precision; the type is the result's own. */
    static String compare(
            Reference.Numbers expected, Object result, Tolerance tolerance, Tolerance.Scale scale) {
        if (!(result instanceof Content actual)) {
            return "not one array but " + shown(result);
        }
        if (!Arrays.equals(expected.shape(), actual.shape.getShape())) {
            return "shape " + actual.shape + " instead of " + new Shape(expected.shape());
        }
        for (int i = 0; i < actual.count(); i++) {
            double e = rounded(expected.values()[i], actual.type);
            boolean same =
                    actual.type.isFloating()
                            ? near(e, actual.real(i), actual.type, tolerance, scale)
                            // What a double does not hold exactly cannot be told.
                            : Math.abs(e) > 0x1p53 || e == actual.integral(i);
            if (!same) {
                return "element " + i + " is " + actual.real(i) + " instead of " + e;
            }
        }
        return null;
    }

    /** Returns what becomes of a double in a type; integers keep their lowest bits. */
    private static double rounded(double value, DataType type) {
        switch (type) {
            case FLOAT64:
                return value;
            case FLOAT16:
                return Math.abs(value) < 65520
                        ? (float) value
                        : Math.signum(value) * Double.POSITIVE_INFINITY;
            case FLOAT32:
            case BFLOAT16:
                return (float) value;
            case INT32:
                return (int) (long) value;
            case INT8:
                return (byte) (long) value;
            case UINT8:
                return (long) value & 0xff;
            case BOOLEAN:
                return value != 0 ? 1 : 0;
            default:
                return (long) value;
        }
    }

    private static boolean near(
            double expected,
            double actual,
            DataType type,
            Tolerance tolerance,
            Tolerance.Scale scale) {
        if (Double.compare(expected, actual) == 0) {
            return true;
        }
        if (Double.isNaN(expected) || Double.isNaN(actual)) {
            return false;
        }
        if (Double.isInfinite(expected) || Double.isInfinite(actual)) {
            return false;
        }
        double allowed = tolerance.allowed(expected, type, scale);
        return allowed > 0 && Math.abs(expected - actual) <= allowed;
    }
}
