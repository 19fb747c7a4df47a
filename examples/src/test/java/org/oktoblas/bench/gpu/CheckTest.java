package org.oktoblas.bench.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** What counts as a wrong result, and the exact ones. */
class CheckTest {

    private static void compare(double[] got, double[] want) {
        Check.compare(i -> 100 + i, got, want, 1, 1e-3);
    }

    @Test
    void smallErrorsPass() {
        compare(new double[] {1.0005, 2}, new double[] {1, 2});
        compare(new double[] {Double.POSITIVE_INFINITY}, new double[] {Double.POSITIVE_INFINITY});
    }

    @Test
    void largeErrorsNameTheWorst() {
        CaseFailedException e =
                assertThrows(
                        CaseFailedException.class,
                        () -> compare(new double[] {1, 2.5, 3.1}, new double[] {1, 2, 3}));
        assertTrue(e.getMessage().contains("element 101 is 2.5 instead of 2.0"), e.getMessage());
    }

    @Test
    void nanNeverPasses() {
        CaseFailedException e =
                assertThrows(
                        CaseFailedException.class,
                        () -> compare(new double[] {9, Double.NaN, 3}, new double[] {1, 2, 3}));
        assertTrue(e.getMessage().contains("element 101 is NaN"), e.getMessage());
    }

    @Test
    void samplesReachBothEnds() {
        assertArrayEquals(new long[] {0, 33, 66, 99}, Check.spread(100, 4));
        assertArrayEquals(new long[] {0, 1}, Check.spread(2, 4));
        assertArrayEquals(new long[] {0}, Check.spread(1, 4));
    }

    @Test
    void exactResults() {
        double[] softmax = Exact.softmax(new double[] {1000, 1000 + Math.log(3)});
        assertEquals(0.25, softmax[0], 1e-12);
        assertEquals(0.75, softmax[1], 1e-12);
        assertArrayEquals(
                new double[] {-1, 3},
                Exact.layerNorm(new double[] {4, 8}, new double[] {1, 2}, new double[] {0, 1}, 0),
                1e-12);
        assertEquals(11, Exact.product((i, j) -> j + 1, (i, j) -> i + 3, 0, 0, 2));
        assertArrayEquals(new double[] {1, 3, 6}, Exact.cumulativeSum(new double[] {1, 2, 3}));
        assertArrayEquals(new int[] {1, 3, 0, 2}, Exact.order(new double[] {2, 5, 1, 5}, true));
        assertEquals(1, Exact.largest(new double[] {2, 5, 1, 5}));
        assertEquals(0.841192, Exact.geluTanh(1), 1e-6);
        // Equal scores weigh equal: the mean of the values seen.
        assertArrayEquals(
                new double[] {1.5, 15},
                Exact.attention(
                        new double[] {0, 0}, (s, i) -> s, (s, i) -> (s + 1) * (i == 0 ? 1 : 10), 2),
                1e-12);
    }
}
