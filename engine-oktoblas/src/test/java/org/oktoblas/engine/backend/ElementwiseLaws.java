package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Elementwise primitives against double arithmetic, over layouts of all kinds. */
public abstract class ElementwiseLaws {

    private static final long[][] SHAPES = {
        {}, {1}, {0}, {7}, {3, 5}, {2, 0, 3}, {2, 3, 4, 5}, {70, 90}
    };

    private final Backend backend = backend();

    /** Returns what is held to these laws. */
    protected abstract Backend backend();

    private static double exact(UnaryOp op, double x) {
        return switch (op) {
            case NEGATE -> -x;
            case ABS -> Math.abs(x);
            case SIGN -> Math.signum(x);
            case SQUARE -> x * x;
            case SQRT -> Math.sqrt(x);
            case CBRT -> Math.cbrt(x);
            case RECIPROCAL -> 1 / x;
            case EXP -> Math.exp(x);
            case LOG -> Math.log(x);
            case LOG10 -> Math.log10(x);
            case LOG2 -> Math.log(x) / Math.log(2);
            case SIN -> Math.sin(x);
            case COS -> Math.cos(x);
            case TAN -> Math.tan(x);
            case ASIN -> Math.asin(x);
            case ACOS -> Math.acos(x);
            case ATAN -> Math.atan(x);
            case SINH -> Math.sinh(x);
            case COSH -> Math.cosh(x);
            case TANH -> Math.tanh(x);
            case ASINH -> Math.log(x + Math.sqrt(x * x + 1));
            case ACOSH -> Math.log(x + Math.sqrt(x * x - 1));
            case ATANH -> 0.5 * Math.log((1 + x) / (1 - x));
            case FLOOR -> Math.floor(x);
            case CEIL -> Math.ceil(x);
            case ROUND -> Math.rint(x);
            case TRUNC -> (double) (long) x;
            case ERF -> Exact.erf(x);
            case ERF_INV -> Double.NaN;
            case SIGMOID -> 1 / (1 + Math.exp(-x));
            case RELU -> Math.max(0, x);
            case GELU -> 0.5 * x * (1 + Exact.erf(x / Math.sqrt(2)));
            case GELU_TANH ->
                    0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            case SILU -> x / (1 + Math.exp(-x));
            case LOGICAL_NOT -> x == 0 ? 1 : 0;
            case IS_NAN -> Double.isNaN(x) ? 1 : 0;
            case IS_INFINITE -> Double.isInfinite(x) ? 1 : 0;
        };
    }

    private static boolean isPredicate(UnaryOp op) {
        return op == UnaryOp.LOGICAL_NOT || op == UnaryOp.IS_NAN || op == UnaryOp.IS_INFINITE;
    }

    @ParameterizedTest
    @EnumSource(UnaryOp.class)
    void unaryOnFloats(UnaryOp op) {
        if (op == UnaryOp.ERF_INV) {
            return; // FunctionsTest has it: its exact values are not known to this test.
        }
        Random random = new Random(op.ordinal());
        double low =
                switch (op) {
                    case SQRT, LOG, LOG2, LOG10 -> 0.01;
                    case ASIN, ACOS, ATANH -> -0.95;
                    case ACOSH -> 1.1;
                    default -> -4;
                };
        double high =
                switch (op) {
                    case ASIN, ACOS, ATANH -> 0.95;
                    default -> 4;
                };
        for (DataType type : TestTensors.FLOATING) {
            for (long[] shape : SHAPES) {
                int count = (int) Layout.contiguous(shape).count();
                double[] x =
                        TestTensors.round(
                                type,
                                random.doubles(count).map(v -> low + v * (high - low)).toArray());
                if (isPredicate(op) && count > 3) {
                    x[0] = Double.NaN;
                    x[1] = Double.POSITIVE_INFINITY;
                    x[2] = Double.NEGATIVE_INFINITY;
                    x[3] = 0;
                }
                Tensor in = TestTensors.scattered(backend, type, x, random, shape);
                DataType result = isPredicate(op) ? DataType.BOOLEAN : type;
                Tensor out =
                        TestTensors.scattered(backend, result, new double[count], random, shape);
                backend.unary(op, in, out);
                double[] expected = TestTensors.map(x, v -> exact(op, v));
                check(type, expected, TestTensors.read(backend, out), units(op), op + " " + type);
                release(in, out);
            }
        }
    }

    /**
     * The units in the last place by which a function may be off, the least exact of the devices
     * deciding: that is CUDA's library by its tables.
     */
    private static double units(UnaryOp op) {
        return switch (op) {
            // The tail of GELU is an exponential function of an argument of 2u ≈ -10, whose
            // rounding error it multiplies by that.
            case GELU, GELU_TANH -> 20;
            case TAN, ACOSH -> 4;
            default -> 3;
        };
    }

    private static double units(BinaryOp op) {
        return switch (op) {
            // It cancels: its error is one of the dividend.
            case REMAINDER -> 1e4;
            case POWER, ATAN2 -> 4;
            default -> 1;
        };
    }

    /** Half a unit in the last place for the data type's rounding, and some for the function. */
    private static void check(
            DataType type, double[] expected, double[] actual, double units, String what) {
        assertEquals(expected.length, actual.length, what);
        double epsilon = TestTensors.epsilon(type);
        double own = type == DataType.FLOAT64 ? 0x1p-52 : 0x1p-23;
        for (int i = 0; i < expected.length; i++) {
            double magnitude = Math.abs(expected[i]);
            if (Double.isNaN(expected[i]) || Double.isInfinite(expected[i])) {
                assertEquals(expected[i], actual[i], what);
                continue;
            }
            // Formulas like 1 + tanh cancel in the reference itself: 1e-15 of the operands' size.
            double tolerance =
                    magnitude * (0.501 * epsilon + units * own)
                            + (type == DataType.FLOAT16 ? 0x1p-25 : 0)
                            + 2e-14;
            assertEquals(expected[i], actual[i], tolerance, what + " element " + i);
        }
    }

    @Test
    void unaryInPlaceAndLarge() {
        // More elements than one chunk, and enough for several threads.
        Tensor x = TestTensors.normal(backend, DataType.FLOAT32, 1, 300, 1001);
        double[] before = TestTensors.read(backend, x);
        backend.unary(UnaryOp.EXP, x, x);
        check(
                DataType.FLOAT32,
                TestTensors.map(before, Math::exp),
                TestTensors.read(backend, x),
                2,
                "exp");
        release(x);
    }

    @Test
    void unaryOnIntegers() {
        for (DataType type : TestTensors.INTEGRAL) {
            double[] x = {0, 1, 7, 100, type == DataType.UINT8 ? 200 : -100, 3};
            unaryOnIntegers(type, UnaryOp.NEGATE, x, v -> -v);
            unaryOnIntegers(type, UnaryOp.ABS, x, Math::abs);
            unaryOnIntegers(type, UnaryOp.SIGN, x, Math::signum);
            unaryOnIntegers(type, UnaryOp.SQUARE, x, v -> v * v);
            unaryOnIntegers(type, UnaryOp.RELU, x, v -> Math.max(0, v));
            unaryOnIntegers(type, UnaryOp.FLOOR, x, v -> v);
            unaryOnIntegers(type, UnaryOp.LOGICAL_NOT, x, v -> v == 0 ? 1 : 0);
            unaryOnIntegers(type, UnaryOp.IS_NAN, x, v -> 0);
            UnsupportedOperationException e =
                    assertThrows(
                            UnsupportedOperationException.class,
                            () -> unaryOnIntegers(type, UnaryOp.EXP, x, v -> v));
            assertTrue(e.getMessage().contains("EXP"), e.getMessage());
        }
    }

    private void unaryOnIntegers(DataType type, UnaryOp op, double[] x, DoubleUnaryOperator exact) {
        Tensor in = TestTensors.of(backend, type, x, x.length);
        Tensor out =
                TestTensors.empty(backend, isPredicate(op) ? DataType.BOOLEAN : type, x.length);
        try {
            backend.unary(op, in, out);
            double[] expected = TestTensors.map(x, exact);
            assertArrayEquals(
                    isPredicate(op) ? expected : TestTensors.round(type, expected),
                    TestTensors.read(backend, out),
                    op + " " + type);
        } finally {
            release(in, out);
        }
    }

    private static DoubleBinaryOperator exact(BinaryOp op, boolean floating) {
        return switch (op) {
            case ADD -> (x, y) -> x + y;
            case SUBTRACT -> (x, y) -> x - y;
            case MULTIPLY -> (x, y) -> x * y;
            case DIVIDE -> floating ? (x, y) -> x / y : (x, y) -> (double) ((long) x / (long) y);
            case REMAINDER -> (x, y) -> x - Math.floor(x / y) * y;
            case POWER -> floating ? Math::pow : (x, y) -> (double) (long) Math.pow(x, y);
            case MAXIMUM -> Math::max;
            case MINIMUM -> Math::min;
            case ATAN2 -> Math::atan2;
            case EQUAL -> (x, y) -> x == y ? 1 : 0;
            case NOT_EQUAL -> (x, y) -> x != y ? 1 : 0;
            case LESS -> (x, y) -> x < y ? 1 : 0;
            case LESS_OR_EQUAL -> (x, y) -> x <= y ? 1 : 0;
            case GREATER -> (x, y) -> x > y ? 1 : 0;
            case GREATER_OR_EQUAL -> (x, y) -> x >= y ? 1 : 0;
            case LOGICAL_AND -> (x, y) -> x != 0 && y != 0 ? 1 : 0;
            case LOGICAL_OR -> (x, y) -> x != 0 || y != 0 ? 1 : 0;
            case LOGICAL_XOR -> (x, y) -> x != 0 ^ y != 0 ? 1 : 0;
        };
    }

    @ParameterizedTest
    @EnumSource(BinaryOp.class)
    void binaryOnAllTypes(BinaryOp op) {
        Random random = new Random(op.ordinal());
        for (DataType type : TestTensors.ALL) {
            if (type == DataType.BOOLEAN && !op.isPredicate()
                    || op == BinaryOp.ATAN2 && !type.isFloating()) {
                continue;
            }
            for (long[] shape : SHAPES) {
                int count = (int) Layout.contiguous(shape).count();
                double[] x = operands(op, type, count, random, true);
                double[] y = operands(op, type, count, random, false);
                for (int i = 0; i + 1 < count; i += 2) {
                    if (op.isPredicate()) {
                        y[i] = x[i];
                    }
                }
                Tensor a = TestTensors.scattered(backend, type, x, random, shape);
                Tensor b = TestTensors.scattered(backend, type, y, random, shape);
                DataType result = op.isPredicate() ? DataType.BOOLEAN : type;
                Tensor out =
                        TestTensors.scattered(backend, result, new double[count], random, shape);
                DoubleBinaryOperator exact = exact(op, type.isFloating());
                double[] expected = new double[count];
                for (int i = 0; i < count; i++) {
                    expected[i] = exact.applyAsDouble(x[i], y[i]);
                    if (!type.isFloating() && !op.isPredicate()) {
                        expected[i] = TestTensors.round(type, expected[i]);
                    }
                }
                String what = op + " " + type;
                backend.binary(op, a, b, out);
                check(result, expected, TestTensors.read(backend, out), units(op), what);
                if (count > 0) {
                    scalars(op, type, a, b, out, x, y, exact);
                }
                if (!op.isPredicate()) {
                    backend.binary(op, a, b, b);
                    check(result, expected, TestTensors.read(backend, b), units(op), what);
                }
                release(a, b, out);
            }
        }
    }

    private void scalars(
            BinaryOp op,
            DataType type,
            Tensor a,
            Tensor b,
            Tensor out,
            double[] x,
            double[] y,
            DoubleBinaryOperator exact) {
        boolean wraps = !type.isFloating() && !op.isPredicate();
        double units = units(op) + 1;
        backend.binary(op, a, new Scalar(y[0], (long) y[0]), out);
        double[] right = TestTensors.map(x, v -> exact.applyAsDouble(v, y[0]));
        check(
                out.dataType(),
                wraps ? TestTensors.round(type, right) : right,
                TestTensors.read(backend, out),
                units,
                op + " scalar on the right");
        backend.binary(op, new Scalar(x[0], (long) x[0]), b, out);
        double[] left = TestTensors.map(y, v -> exact.applyAsDouble(x[0], v));
        check(
                out.dataType(),
                wraps ? TestTensors.round(type, left) : left,
                TestTensors.read(backend, out),
                units,
                op + " scalar on the left");
    }

    private static double[] operands(
            BinaryOp op, DataType type, int count, Random random, boolean first) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            double value;
            if (type == DataType.BOOLEAN) {
                value = random.nextInt(2);
            } else if (type.isFloating()) {
                value =
                        op == BinaryOp.POWER
                                ? 0.2 + random.nextDouble() * 3
                                : random.nextGaussian();
            } else if (op == BinaryOp.POWER) {
                value =
                        first
                                ? random.nextInt(7) - (type == DataType.UINT8 ? 0 : 3)
                                : random.nextInt(4);
            } else {
                value = random.nextInt(100) - (type == DataType.UINT8 ? 0 : 50);
                boolean divides = op == BinaryOp.DIVIDE || op == BinaryOp.REMAINDER;
                value = divides && value == 0 ? 3 : value;
            }
            values[i] = TestTensors.round(type, value);
        }
        return values;
    }

    @Test
    void integerDivisionByZeroIsAnError() {
        Tensor a = TestTensors.of(backend, DataType.INT32, new double[] {1, 2}, 2);
        assertThrows(
                ArithmeticException.class,
                () -> backend.binary(BinaryOp.DIVIDE, a, Scalar.of(0), a));
        release(a);
    }

    @Test
    void sixtyFourBitIntegersAreExact() {
        long big = (1L << 62) + 12345;
        Tensor a = TestTensors.empty(backend, DataType.INT64, 2);
        backend.fill(a, Scalar.of(big));
        backend.binary(BinaryOp.ADD, a, Scalar.of(1L), a);
        Tensor truth = TestTensors.empty(backend, DataType.BOOLEAN, 2);
        backend.binary(BinaryOp.EQUAL, a, Scalar.of(big + 1), truth);
        assertArrayEquals(new double[] {1, 1}, TestTensors.read(backend, truth));
        backend.binary(BinaryOp.EQUAL, a, Scalar.of(big), truth);
        assertArrayEquals(new double[] {0, 0}, TestTensors.read(backend, truth));
        release(a, truth);
    }

    @Test
    void nanIsKeptByMaximumAndMinimum() {
        Tensor a = TestTensors.of(backend, DataType.FLOAT32, new double[] {Double.NaN, 1}, 2);
        for (BinaryOp op : new BinaryOp[] {BinaryOp.MAXIMUM, BinaryOp.MINIMUM}) {
            Tensor out = TestTensors.empty(backend, DataType.FLOAT32, 2);
            backend.binary(op, a, Scalar.of(5), out);
            assertTrue(Double.isNaN(TestTensors.read(backend, out)[0]));
            release(out);
        }
        release(a);
    }

    @Test
    void conversionsBetweenAllTypes() {
        Random random = new Random(8);
        double[] values = {0, 1, 2, 3.75, 100, 0.25, 7, 63, 1};
        double[] negative = {0, -1, -2, -3.75, -100, 0.25, 7, -63, 1};
        for (DataType from : TestTensors.ALL) {
            for (DataType to : TestTensors.ALL) {
                boolean signed = from != DataType.UINT8 && to != DataType.UINT8;
                double[] x = TestTensors.round(from, signed ? negative : values);
                Tensor in = TestTensors.scattered(backend, from, x, random, 3, 3);
                Tensor out = TestTensors.scattered(backend, to, new double[9], random, 3, 3);
                backend.copy(in, out);
                assertArrayEquals(
                        TestTensors.round(to, x), TestTensors.read(backend, out), from + " " + to);
                Tensor dense = TestTensors.empty(backend, to, 3, 3);
                backend.copy(in, dense);
                assertArrayEquals(TestTensors.round(to, x), TestTensors.read(backend, dense));
                release(in, out, dense);
            }
        }
    }

    @Test
    void copiesAreBitwise() {
        // All 16-bit patterns, NaN of every kind among them.
        Tensor in = TestTensors.empty(backend, DataType.FLOAT16, 256, 256);
        ByteBuffer bytes = ByteBuffer.allocate(1 << 17).order(ByteOrder.nativeOrder());
        for (int i = 0; i < 1 << 16; i++) {
            bytes.putShort((short) i);
        }
        bytes.flip();
        backend.write(bytes, in.storage(), 0);
        Tensor out = TestTensors.empty(backend, DataType.FLOAT16, 256, 256);
        Layout transposed = new Layout(new long[] {256, 256}, new long[] {1, 256}, 0);
        backend.copy(in, out.with(transposed));
        ByteBuffer copied = ByteBuffer.allocate(1 << 17).order(ByteOrder.nativeOrder());
        backend.read(out.storage(), 0, copied);
        for (int i = 0; i < 1 << 16; i++) {
            assertEquals((short) i, copied.getShort(2 * (i % 256 * 256 + i / 256)));
        }
        release(in, out);
    }

    @Test
    void broadcastsByStrideZero() {
        Tensor row = TestTensors.of(backend, DataType.FLOAT32, i -> i, 5);
        Tensor column = TestTensors.of(backend, DataType.FLOAT32, i -> 10 * i, 3);
        Tensor out = TestTensors.empty(backend, DataType.FLOAT32, 3, 5);
        backend.binary(
                BinaryOp.ADD,
                row.with(new Layout(new long[] {3, 5}, new long[] {0, 1}, 0)),
                column.with(new Layout(new long[] {3, 5}, new long[] {1, 0}, 0)),
                out);
        double[] expected = new double[15];
        for (int i = 0; i < 15; i++) {
            expected[i] = i % 5 + 10 * (i / 5);
        }
        assertArrayEquals(expected, TestTensors.read(backend, out));
        release(row, column, out);
    }

    @Test
    void whereSelects() {
        Random random = new Random(9);
        for (DataType type : TestTensors.ALL) {
            double[] c = random.ints(60, 0, 2).asDoubleStream().toArray();
            double[] x = TestTensors.round(type, random.ints(60, 0, 90).asDoubleStream().toArray());
            double[] y = TestTensors.round(type, random.ints(60, 0, 90).asDoubleStream().toArray());
            Tensor condition = TestTensors.scattered(backend, DataType.BOOLEAN, c, random, 3, 4, 5);
            Tensor a = TestTensors.scattered(backend, type, x, random, 3, 4, 5);
            Tensor b = TestTensors.scattered(backend, type, y, random, 3, 4, 5);
            Tensor out = TestTensors.empty(backend, type, 3, 4, 5);
            backend.where(condition, a, b, out);
            double[] expected = new double[60];
            for (int i = 0; i < 60; i++) {
                expected[i] = c[i] != 0 ? x[i] : y[i];
            }
            assertArrayEquals(expected, TestTensors.read(backend, out), type.toString());
            backend.where(condition, a, Scalar.of(1), out);
            for (int i = 0; i < 60; i++) {
                expected[i] = c[i] != 0 ? x[i] : 1;
            }
            assertArrayEquals(expected, TestTensors.read(backend, out), type.toString());
            release(condition, a, b, out);
        }
    }

    @Test
    void fillAndArange() {
        Random random = new Random(10);
        for (DataType type : TestTensors.ALL) {
            Tensor out = TestTensors.scattered(backend, type, new double[12], random, 3, 4);
            backend.fill(out, Scalar.of(1));
            double[] ones = TestTensors.map(new double[12], v -> 1);
            assertArrayEquals(ones, TestTensors.read(backend, out), type.toString());
            if (type != DataType.BOOLEAN) {
                backend.arange(Scalar.of(3), Scalar.of(2), out);
                double[] expected = new double[12];
                for (int i = 0; i < 12; i++) {
                    expected[i] = 3 + 2 * i;
                }
                assertArrayEquals(expected, TestTensors.read(backend, out), type.toString());
            }
            release(out);
        }
        Tensor truth = TestTensors.empty(backend, DataType.BOOLEAN, 2);
        backend.fill(truth, Scalar.of(0.5));
        assertArrayEquals(new double[] {1, 1}, TestTensors.read(backend, truth));
        release(truth);
    }

    private static void release(Tensor... tensors) {
        for (Tensor tensor : tensors) {
            tensor.storage().release();
        }
    }
}
