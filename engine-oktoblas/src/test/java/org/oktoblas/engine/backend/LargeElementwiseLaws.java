package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Elementwise operations on so many float32 elements, the unusual ones among them, that a device
 * may compute them in other ways than a few. Each result is exact: rounded once.
 */
public abstract class LargeElementwiseLaws extends LargeLaws {

    private static final double[] UNUSUAL = {
        0.0,
        -0.0,
        1,
        -1,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MIN_NORMAL,
        -1e-40f,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.NaN,
        0x1p-14,
        0x1p-14 - 0x1p-38,
        0x1.8p-24,
        -0x1p-25,
        65504,
        65519.996f,
        65520,
        2049,
        -2051
    };

    /** Not a multiple of anything. */
    private static final int COUNT = 200_003;

    /** Each unusual number beside every other, in many places, and ordinary ones. */
    private static double[] numbers(boolean second, int count) {
        Random random = new Random(second ? 1 : 2);
        double[] numbers = new double[count];
        for (int i = 0; i < count; i++) {
            int pair = i % (3 * UNUSUAL.length * UNUSUAL.length);
            boolean ordinary = pair >= UNUSUAL.length * UNUSUAL.length;
            numbers[i] =
                    ordinary
                            ? (float) random.nextGaussian()
                            : UNUSUAL[second ? pair % UNUSUAL.length : pair / UNUSUAL.length];
        }
        return numbers;
    }

    private static double expected(BinaryOp op, double a, double b) {
        return switch (op) {
            case ADD -> (float) (a + b);
            case SUBTRACT -> (float) (a - b);
            case MULTIPLY -> (float) (a * b);
            case DIVIDE -> (float) (a / b);
            case EQUAL -> a == b ? 1 : 0;
            case NOT_EQUAL -> a != b ? 1 : 0;
            case LESS -> a < b ? 1 : 0;
            case LESS_OR_EQUAL -> a <= b ? 1 : 0;
            case GREATER -> a > b ? 1 : 0;
            case GREATER_OR_EQUAL -> a >= b ? 1 : 0;
            case LOGICAL_AND -> a != 0 && b != 0 ? 1 : 0;
            default -> throw new IllegalArgumentException(op.toString());
        };
    }

    @ParameterizedTest
    @EnumSource(
            names = {
                "ADD",
                "SUBTRACT",
                "MULTIPLY",
                "DIVIDE",
                "EQUAL",
                "NOT_EQUAL",
                "LESS",
                "LESS_OR_EQUAL",
                "GREATER",
                "GREATER_OR_EQUAL",
                "LOGICAL_AND"
            })
    void binary(BinaryOp op) {
        double[] x = numbers(false, COUNT);
        double[] y = numbers(true, COUNT);
        Tensor a = own(TestTensors.of(backend, DataType.FLOAT32, x, COUNT));
        Tensor b = own(TestTensors.of(backend, DataType.FLOAT32, y, COUNT));
        DataType type = op.isPredicate() ? DataType.BOOLEAN : DataType.FLOAT32;
        Tensor out = of(type, i -> 1, COUNT);
        backend.binary(op, a, b, out);
        check(op, x, y, out);
        for (double number : UNUSUAL) {
            double[] same = new double[COUNT];
            Arrays.fill(same, number);
            backend.binary(op, a, new Scalar(number, 0), out);
            check(op, x, same, out);
        }
        // A part of a tensor, in another shape, and in place.
        int rows = 3;
        int columns = (COUNT - 5) / rows;
        Layout part = new Layout(new long[] {rows, columns}, new long[] {columns, 1}, 5);
        Tensor target = type == DataType.FLOAT32 ? a : out;
        backend.binary(op, a.with(part), b.with(part), target.with(part));
        double[] results = TestTensors.read(backend, target);
        for (int i = 5; i < 5 + rows * columns; i++) {
            assertEquals(expected(op, x[i], y[i]), results[i], 0, op + " of " + x[i] + ", " + y[i]);
        }
        if (type == DataType.FLOAT32) {
            for (int i = 0; i < COUNT; i = i == 4 ? 5 + rows * columns : i + 1) {
                assertEquals(x[i], results[i], 0, "beside the part, at " + i);
            }
        }
    }

    private void check(BinaryOp op, double[] x, double[] y, Tensor out) {
        double[] results = TestTensors.read(backend, out);
        for (int i = 0; i < results.length; i++) {
            // assertEquals tells -0 from 0 and holds NaN equal to itself.
            double expected = expected(op, x[i], y[i]);
            if (Double.compare(expected, results[i]) != 0) {
                assertEquals(expected, results[i], op + " of " + x[i] + " and " + y[i]);
            }
        }
    }

    @Test
    void toFloat16AndTruth() {
        double[] x = numbers(false, COUNT);
        Tensor in = own(TestTensors.of(backend, DataType.FLOAT32, x, COUNT));
        for (DataType type : new DataType[] {DataType.FLOAT16, DataType.BOOLEAN}) {
            double[] expected =
                    type == DataType.FLOAT16
                            ? TestTensors.round(type, x)
                            : TestTensors.map(x, value -> value != 0 ? 1 : 0);
            Tensor out = of(type, i -> 1, COUNT);
            backend.copy(in, out);
            double[] results = TestTensors.read(backend, out);
            for (int i = 0; i < COUNT; i++) {
                assertEquals(expected[i], results[i], type + " of " + x[i]);
            }
            // Every third element, backwards, to every second.
            int count = COUNT / 3;
            Layout from = new Layout(new long[] {count}, new long[] {-3}, 3L * count);
            Layout to = new Layout(new long[] {count}, new long[] {2}, 1);
            backend.copy(in.with(from), out.with(to));
            results = TestTensors.read(backend, out);
            for (int i = 0; i < count; i++) {
                assertEquals(expected[3 * (count - i)], results[2 * i + 1], type + " at " + i);
            }
        }
    }
}
