package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * What elementwise primitives make of the values at the edges: infinities, zeros, NaN, wrapping.
 */
public abstract class ElementwiseValueLaws {

    private static final double INF = Double.POSITIVE_INFINITY;
    private static final double NAN = Double.NaN;

    private final Backend backend = backend();

    /** Returns what is held to these laws. */
    protected abstract Backend backend();

    /** An operation on some numbers, to the last bit and to the sign of zero. */
    private void assertUnary(UnaryOp op, double[] x, double... expected) {
        for (DataType type : TestTensors.FLOATING) {
            Tensor in = TestTensors.of(backend, type, x, x.length);
            Tensor out = TestTensors.empty(backend, type, x.length);
            backend.unary(op, in, out);
            assertArrayEquals(expected, TestTensors.read(backend, out), op + " " + type);
            release(in, out);
        }
    }

    @Test
    void edgesOfFunctions() {
        assertUnary(UnaryOp.NEGATE, new double[] {0, -0.0, INF, NAN}, -0.0, 0, -INF, NAN);
        assertUnary(UnaryOp.ABS, new double[] {-0.0, -INF, NAN, -2}, 0, INF, NAN, 2);
        assertUnary(UnaryOp.SIGN, new double[] {-0.0, 0, -INF, 3, NAN}, 0, 0, -1, 1, 0);
        assertUnary(UnaryOp.RELU, new double[] {-0.0, -3, 4, INF, -INF, NAN}, 0, 0, 4, INF, 0, NAN);
        assertUnary(UnaryOp.SQRT, new double[] {-0.0, INF, -1, 0.25}, -0.0, INF, NAN, 0.5);
        assertUnary(UnaryOp.RECIPROCAL, new double[] {0, -0.0, -INF, 4}, INF, -INF, -0.0, 0.25);
        assertUnary(UnaryOp.EXP, new double[] {-INF, INF, 0, NAN}, 0, INF, 1, NAN);
        assertUnary(UnaryOp.LOG, new double[] {0, -1, INF, 1}, -INF, NAN, INF, 0);
        assertUnary(UnaryOp.LOG2, new double[] {0, 8, 0.125, 1, INF}, -INF, 3, -3, 0, INF);
        assertUnary(UnaryOp.FLOOR, new double[] {-0.5, 2.75, -0.0, -INF}, -1, 2, -0.0, -INF);
        assertUnary(UnaryOp.CEIL, new double[] {-0.5, 2.25, INF, NAN}, -0.0, 3, INF, NAN);
        assertUnary(UnaryOp.TRUNC, new double[] {-0.5, 2.75, -2.75, NAN}, -0.0, 2, -2, NAN);
        assertUnary(
                UnaryOp.ROUND,
                new double[] {0.5, 1.5, 2.5, -0.5, -1.5, INF},
                0,
                2,
                2,
                -0.0,
                -2,
                INF);
        assertUnary(UnaryOp.SIGMOID, new double[] {-INF, INF, 0, NAN}, 0, 1, 0.5, NAN);
        assertUnary(UnaryOp.TANH, new double[] {-INF, INF, 0, NAN}, -1, 1, 0, NAN);
        assertUnary(UnaryOp.ERF, new double[] {-INF, INF, 0, NAN}, -1, 1, 0, NAN);
        assertUnary(UnaryOp.ERF_INV, new double[] {-1, 1, 0, 2, NAN}, -INF, INF, 0, NAN, NAN);
        assertUnary(UnaryOp.ATANH, new double[] {-1, 1, 0, 2}, -INF, INF, 0, NAN);
        assertUnary(UnaryOp.ACOSH, new double[] {1, 0.5, INF}, 0, NAN, INF);
        assertUnary(UnaryOp.ASINH, new double[] {-INF, INF, 0}, -INF, INF, 0);
        assertUnary(UnaryOp.SINH, new double[] {-INF, INF, 0}, -INF, INF, 0);
        assertUnary(UnaryOp.COSH, new double[] {-INF, INF, 0}, INF, INF, 1);
        assertUnary(UnaryOp.SIN, new double[] {INF, 0, -0.0}, NAN, 0, -0.0);
        assertUnary(UnaryOp.CBRT, new double[] {0, -INF, NAN}, 0, -INF, NAN);
    }

    @Test
    void activationsVanishFarBelowZero() {
        for (UnaryOp op : new UnaryOp[] {UnaryOp.GELU, UnaryOp.GELU_TANH, UnaryOp.SILU}) {
            for (DataType type : TestTensors.FLOATING) {
                double[] x = {-INF, -2e4, -800, INF, 2e4, 40, NAN, 0};
                double[] expected = {0, 0, 0, INF, TestTensors.round(type, 2e4), 40, NAN, 0};
                Tensor t = TestTensors.of(backend, type, x, x.length);
                backend.unary(op, t, t);
                // Which zero it is does not matter.
                double[] actual = TestTensors.map(TestTensors.read(backend, t), v -> v + 0.0);
                assertArrayEquals(expected, actual, op + " " + type);
                release(t);
            }
        }
    }

    private double[] binary(BinaryOp op, DataType type, double[] x, double[] y) {
        Tensor a = TestTensors.of(backend, type, x, x.length);
        Tensor b = TestTensors.of(backend, type, y, y.length);
        Tensor out =
                TestTensors.empty(backend, op.isPredicate() ? DataType.BOOLEAN : type, x.length);
        backend.binary(op, a, b, out);
        double[] result = TestTensors.read(backend, out);
        release(a, b, out);
        return result;
    }

    @Test
    void edgesOfTwoOperands() {
        double[] x = {0, -0.0, NAN, 1, -INF, NAN};
        double[] y = {-0.0, 0, 1, NAN, INF, NAN};
        double[] one = {1, 1, -1, 2, 2, 0, NAN, -2};
        double[] exponent = {NAN, INF, -INF, 0, INF, 0, 0, 3};
        for (DataType type : TestTensors.FLOATING) {
            String what = type.toString();
            assertArrayEquals(
                    new double[] {0, 0, NAN, NAN, INF, NAN},
                    binary(BinaryOp.MAXIMUM, type, x, y),
                    what);
            assertArrayEquals(
                    new double[] {-0.0, -0.0, NAN, NAN, -INF, NAN},
                    binary(BinaryOp.MINIMUM, type, x, y),
                    what);
            // As IEEE 754 has it, not Java: 1 to the power of NaN is 1.
            assertArrayEquals(
                    new double[] {1, 1, 1, 1, INF, 1, 1, -8},
                    binary(BinaryOp.POWER, type, one, exponent),
                    what);
            assertArrayEquals(
                    new double[] {1, -1, 0.5, -0.0, NAN, NAN},
                    binary(
                            BinaryOp.REMAINDER,
                            type,
                            new double[] {-5, 5, 2.5, -6, 1, INF},
                            new double[] {3, -3, 2, 3, 0, 2}),
                    what);
            assertArrayEquals(
                    new double[] {1, 1, 0, 0, 0, 0}, binary(BinaryOp.EQUAL, type, x, y), what);
            assertArrayEquals(
                    new double[] {0, 0, 1, 1, 1, 1}, binary(BinaryOp.NOT_EQUAL, type, x, y), what);
            assertArrayEquals(
                    new double[] {0, 0, 0, 0, 1, 0}, binary(BinaryOp.LESS, type, x, y), what);
            assertArrayEquals(
                    new double[] {1, 1, 0, 0, 0, 0},
                    binary(BinaryOp.GREATER_OR_EQUAL, type, x, y),
                    what);
            assertArrayEquals(
                    new double[] {0, 0, 1, 1, 1, 1},
                    binary(BinaryOp.LOGICAL_AND, type, x, y),
                    what);
            assertArrayEquals(
                    new double[] {0, 0, 0, 0, 0, 0},
                    binary(BinaryOp.LOGICAL_XOR, type, x, y),
                    what);
        }
    }

    @Test
    void scalarExponents() {
        double[] x = {0.001, 0.7, 1, 1.0001, 2.5, 900, 0, INF, NAN, -2, -3.5};
        double[] exponents = {2, 3, 0.5, 0, 1, -1, 0.1, 1.7, -2.3, 1.0 / 3, 7, 10.1, INF, NAN};
        for (DataType type : TestTensors.FLOATING) {
            double[] base = TestTensors.round(type, x);
            Tensor in = TestTensors.of(backend, type, base, base.length);
            Tensor out = TestTensors.empty(backend, type, base.length);
            for (double exponent : exponents) {
                backend.binary(BinaryOp.POWER, in, Scalar.of(exponent), out);
                double[] actual = TestTensors.read(backend, out);
                for (int i = 0; i < base.length; i++) {
                    double expected = base[i] == 1 ? 1 : Math.pow(base[i], exponent);
                    if (type != DataType.FLOAT64 && Math.abs(expected) < 0x1p-126) {
                        continue;
                    }
                    double rounded = TestTensors.round(type, expected);
                    // 4 units by CUDA's tables for float, one more for what the exponent's lost
                    // bits are made up for, and the element's rounding.
                    double tolerance =
                            Math.abs(rounded)
                                            * (6 * Math.min(0x1p-23, TestTensors.epsilon(type))
                                                    + TestTensors.epsilon(type))
                                    + (type == DataType.FLOAT16 ? 0x1p-24 : 0);
                    if (Double.isInfinite(rounded) || Double.isNaN(rounded)) {
                        assertEquals(rounded, actual[i], type + " " + base[i] + "^" + exponent);
                    } else {
                        assertEquals(
                                rounded,
                                actual[i],
                                tolerance,
                                type + " " + base[i] + "^" + exponent);
                    }
                }
            }
            release(in, out);
        }
    }

    @Test
    void integersWrap() {
        long lowest = Long.MIN_VALUE;
        long highest = Long.MAX_VALUE;
        Tensor a = longs(lowest, highest, -7, 7);
        Tensor b = longs(-1, 1, 2, -2);
        assertLongs(BinaryOp.ADD, a, b, lowest - 1, highest + 1, -5, 5);
        assertLongs(BinaryOp.SUBTRACT, a, b, lowest + 1, highest - 1, -9, 9);
        assertLongs(BinaryOp.MULTIPLY, a, b, lowest, highest, -14, -14);
        assertLongs(BinaryOp.DIVIDE, a, b, lowest, highest, -3, -3);
        assertLongs(BinaryOp.REMAINDER, a, b, 0, 0, 1, -1);
        assertLongs(BinaryOp.MAXIMUM, a, b, -1, highest, 2, 7);
        assertLongs(BinaryOp.POWER, b, a, 1, 1, 0, -128);
        assertLongs(
                BinaryOp.POWER, longs(3, -2, 5, 0), longs(41, 63, 0, 0), pow(3, 41), lowest, 1, 1);
        for (UnaryOp op : new UnaryOp[] {UnaryOp.NEGATE, UnaryOp.ABS}) {
            Tensor out = longs(0, 0, 0, 0);
            backend.unary(op, a, out);
            assertEquals(lowest, readLongs(out)[0], op.toString());
            release(out);
        }
        release(a, b);
    }

    private static long pow(long base, int exponent) {
        long result = 1;
        for (int i = 0; i < exponent; i++) {
            result *= base;
        }
        return result;
    }

    private void assertLongs(BinaryOp op, Tensor a, Tensor b, long... expected) {
        Tensor out = longs(new long[expected.length]);
        backend.binary(op, a, b, out);
        assertArrayEquals(expected, readLongs(out), op.toString());
        release(out);
    }

    private Tensor longs(long... values) {
        Tensor tensor = TestTensors.empty(backend, DataType.INT64, values.length);
        ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.nativeOrder());
        bytes.asLongBuffer().put(values);
        backend.write(bytes, tensor.storage(), 0);
        return tensor;
    }

    private long[] readLongs(Tensor tensor) {
        long[] values = new long[(int) tensor.layout().count()];
        ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.nativeOrder());
        backend.read(tensor.storage(), 0, bytes);
        bytes.flip();
        bytes.asLongBuffer().get(values);
        return values;
    }

    @Test
    void scalarsOfIntegersHave64Bits() {
        Scalar big = Scalar.of((1L << 40) + 5);
        for (DataType type : TestTensors.INTEGRAL) {
            Tensor a = TestTensors.of(backend, type, new double[] {3, 100}, 2);
            Tensor out = TestTensors.empty(backend, type, 2);
            Tensor truth = TestTensors.empty(backend, DataType.BOOLEAN, 2);
            backend.binary(BinaryOp.LESS, a, big, truth);
            assertArrayEquals(new double[] {1, 1}, TestTensors.read(backend, truth));
            backend.binary(BinaryOp.DIVIDE, a, big, out);
            assertArrayEquals(new double[] {0, 0}, TestTensors.read(backend, out));
            backend.binary(BinaryOp.DIVIDE, big, a, out);
            double[] expected = {big.integral() / 3, big.integral() / 100};
            assertArrayEquals(TestTensors.round(type, expected), TestTensors.read(backend, out));
            release(a, out, truth);
        }
    }

    @Test
    void divisionByAZeroAmongIntegersIsAnError() {
        Random random = new Random(3);
        for (DataType type : TestTensors.INTEGRAL) {
            for (int count : new int[] {1, 700, 70_000}) {
                Tensor a = TestTensors.of(backend, type, i -> 5, count);
                Tensor b = TestTensors.of(backend, type, i -> 2, count);
                backend.binary(BinaryOp.DIVIDE, a, b, a);
                assertEquals(2, TestTensors.read(backend, a)[count - 1]);
                int at = random.nextInt(count);
                backend.fill(b.with(b.layout().slice(0, at, 1, 1)), Scalar.of(0));
                assertThrows(
                        ArithmeticException.class,
                        () -> backend.binary(BinaryOp.DIVIDE, a, b, a),
                        type.toString());
                assertThrows(
                        ArithmeticException.class,
                        () -> backend.binary(BinaryOp.REMAINDER, Scalar.of(1), b, a));
                release(a, b);
            }
        }
    }

    @Test
    void conversionsAtTheEdges() {
        double[] x = {NAN, INF, -INF, 1e10, -1e10, 1e20, -1.75, 300.7, -0.0, 0.3, 0x1p31};
        for (DataType from : TestTensors.FLOATING) {
            double[] rounded = TestTensors.round(from, x);
            Tensor in = TestTensors.of(backend, from, rounded, x.length);
            for (DataType to : TestTensors.ALL) {
                if (to == from) {
                    continue;
                }
                Tensor out = TestTensors.empty(backend, to, x.length);
                backend.copy(in, out);
                DoubleUnaryOperator exact =
                        to == DataType.BOOLEAN
                                ? v -> v != 0 ? 1 : 0
                                : v -> TestTensors.round(to, v);
                double[] expected = TestTensors.map(rounded, exact);
                assertArrayEquals(expected, TestTensors.read(backend, out), from + " " + to);
                release(out);
            }
            release(in);
        }
        Tensor in = longs(Long.MAX_VALUE, Long.MIN_VALUE, (1L << 53) + 1, 65_520);
        for (DataType to : TestTensors.FLOATING) {
            Tensor out = TestTensors.empty(backend, to, 4);
            backend.copy(in, out);
            double[] expected =
                    TestTensors.round(to, new double[] {0x1p63, -0x1p63, 0x1p53, 65_520});
            assertArrayEquals(expected, TestTensors.read(backend, out), to.toString());
            release(out);
        }
        release(in);
    }

    private static void release(Tensor... tensors) {
        for (Tensor tensor : tensors) {
            tensor.storage().release();
        }
    }
}
