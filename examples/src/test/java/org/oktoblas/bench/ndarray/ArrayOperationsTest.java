package org.oktoblas.bench.ndarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.oktoblas.engine.OktoEngine;

/** What is measured, on this engine and with few elements. */
class ArrayOperationsTest {

    static List<String> names() {
        return ArrayOperations.all().stream().map(ArrayOperation::name).toList();
    }

    private static Digest run(ArrayOperation operation, long size) {
        try (NDManager manager = OktoEngine.get().newBaseManager(Device.cpu())) {
            ArrayInputs inputs = new ArrayInputs(manager, size);
            return new ArrayTimer.Task(operation, manager, operation.preparation().prepare(inputs))
                    .digest();
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void runsAndGivesTheSameAgain(String name) {
        ArrayOperation operation =
                ArrayOperations.all().stream()
                        .filter(candidate -> candidate.name().equals(name))
                        .findFirst()
                        .orElseThrow();
        boolean random = operation.kind() == ArrayOperation.Kind.RANDOM;
        for (long size : new long[] {16, 60, 64}) {
            Digest digest = run(operation, size);
            assertTrue(digest.count() > 0, digest.toString());
            assertTrue(Double.isFinite(digest.meanSquare()), digest.toString());
            assertEquals(
                    Optional.empty(), run(operation, size).differenceFrom(digest, random, 0), name);
        }
    }

    @Test
    void namesAreUniqueSoThatProcessesFindThem() {
        Set<String> names = new HashSet<>(names());
        assertEquals(names().size(), names.size());
        assertTrue(names.size() >= 40, names.toString());
    }

    @Test
    void differencesAreSeenWhereverTheyAre() {
        Digest one = new Digest("(2)", "float32", 2, 1.5, 2.5, new double[] {1, 2});
        assertEquals(Optional.empty(), one.differenceFrom(one, false, 0));
        for (Digest other :
                List.of(
                        new Digest("(1, 2)", "float32", 2, 1.5, 2.5, new double[] {1, 2}),
                        new Digest("(2)", "float64", 2, 1.5, 2.5, new double[] {1, 2}),
                        new Digest("(2)", "float32", 2, 1.5, 2.5, new double[] {1, 2.001}),
                        new Digest("(2)", "float32", 2, 1.5, 2.5, new double[] {1, Double.NaN}),
                        new Digest("(2)", "float32", 2, 1.501, 2.5, new double[] {1, 2}),
                        new Digest("(2)", "float32", 2, 1.5, 2.501, new double[] {1, 2}))) {
            assertFalse(one.differenceFrom(other, false, 1e-5).isEmpty(), other.toString());
            assertFalse(other.differenceFrom(one, false, 1e-5).isEmpty(), other.toString());
        }
    }
}
