package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;

/**
 * Tests of operations that the peer does not have, against values by definition, beside those that
 * compare with it.
 */
abstract class Definitions extends EngineParity {

    private final Target ours;

    Definitions(Target ours) {
        super(ours);
        this.ours = ours;
    }

    /** Runs a test on this engine alone. */
    final void alone(String name, Consumer<NDManager> body) {
        tests.add(
                DynamicTest.dynamicTest(
                        name + " (by definition)",
                        () -> {
                            try (NDManager manager = ours.newManager()) {
                                body.accept(manager);
                            }
                        }));
    }

    /** Runs a test on another engine and this one, where the other is there. */
    final void foreign(String name, BiConsumer<NDManager, NDManager> body) {
        alone(
                name,
                manager -> {
                    Assumptions.assumeTrue(Target.onCpu().anyMatch(Target.PYTORCH::equals));
                    try (NDManager theirs = Target.PYTORCH.newManager()) {
                        body.accept(theirs, manager);
                    }
                });
    }

    /** Compares a result with values worked out from the definition. */
    final void defined(
            String name,
            Function<NDManager, NDArray> body,
            DataType type,
            Shape shape,
            double... expected) {
        alone(name, manager -> compare(body.apply(manager), type, shape, expected));
    }

    static void compare(NDArray actual, DataType type, Shape shape, double... expected) {
        assertEquals(type, actual.getDataType(), "data type");
        assertEquals(shape, actual.getShape(), "shape");
        double[] values = actual.toType(DataType.FLOAT64, false).toDoubleArray();
        assertEquals(expected.length, values.length, "number of elements");
        // Rounding to the type, by the size of the largest element.
        double size = 0;
        for (double value : expected) {
            size = Math.max(size, Double.isFinite(value) ? Math.abs(value) : 0);
        }
        double digits = type == DataType.FLOAT64 ? 1e-13 : type == DataType.FLOAT16 ? 1e-3 : 2e-7;
        double tolerance = type.isFloating() ? size * digits : 0;
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], values[i], tolerance, "element " + i);
        }
    }

    /** Checks that an operation is refused with a message that says what is wrong. */
    final void refused(
            String name,
            Class<? extends Exception> type,
            String fragment,
            Function<NDManager, Object> body) {
        alone(
                name + " is refused",
                manager -> {
                    Exception e = assertThrows(type, () -> body.apply(manager));
                    String message = String.valueOf(e.getMessage());
                    assertTrue(message.contains(fragment), message);
                });
    }
}
