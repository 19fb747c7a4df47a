package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** How rows are divided among threads. */
class RowPlanTest {

    private static final RowPlan.Limits FLOAT = new RowPlan.Limits(32, 4, 32, 256, 512, 100, 512);
    private static final RowPlan.Limits HALF = new RowPlan.Limits(56, 8, 64, 256, 512, 56, 1024);
    private static final RowPlan.Limits DOUBLE = new RowPlan.Limits(8, 2, 16, 256, 512, 8, 512);

    @Test
    void threadsHoldEveryElement() {
        for (RowPlan.Limits limits : new RowPlan.Limits[] {FLOAT, HALF, DOUBLE}) {
            for (int count = 1; count < 80000; count += count < 600 ? 1 : 97) {
                for (boolean aligned : new boolean[] {true, false}) {
                    check(limits, count, aligned);
                }
            }
        }
    }

    private static void check(RowPlan.Limits limits, int count, boolean aligned) {
        RowPlan plan = RowPlan.of(limits, count, aligned);
        int within = aligned ? 0 : limits.vector() - 1;
        int withinLine = limits.line() - (aligned ? limits.vector() : 1);
        int threads = 1 << plan.groupBits();
        int most = limits.held() / limits.vector();
        if (plan.way() == RowPlan.Way.SPLIT) {
            assertTrue(count + within > limits.longThreads() * limits.held());
            assertTrue(count + withinLine > limits.longestThreads() * limits.longestHeld());
            assertEquals((count - 1) / plan.slice() + 1, plan.slices());
            int tile = limits.threads() * limits.held();
            assertTrue(plan.slice() + within <= (plan.slice() / tile + 1) * tile, plan.toString());
            assertEquals(most, plan.vectors());
            return;
        }
        boolean longest = plan.way() == RowPlan.Way.LONGEST;
        int spread = count + (longest ? withinLine : within);
        assertTrue(threads * plan.vectors() * limits.vector() >= spread, plan.toString());
        assertTrue(threads * (plan.vectors() - 1) * limits.vector() < spread);
        if (longest) {
            assertTrue(count + within > limits.longThreads() * limits.held());
            assertTrue(plan.vectors() <= limits.longestHeld() / limits.vector(), plan.toString());
            assertEquals(limits.longestThreads(), threads);
            return;
        }
        assertTrue(plan.vectors() <= most, plan.toString());
        boolean fits = threads <= limits.threads();
        assertEquals(fits ? RowPlan.Way.ROW : RowPlan.Way.LONG, plan.way());
    }

    @Test
    void warpsForModelWidths() {
        assertEquals(new RowPlan(RowPlan.Way.ROW, 5, 6, 768, 1), RowPlan.of(FLOAT, 768, true));
        assertEquals(new RowPlan(RowPlan.Way.ROW, 5, 8, 1024, 1), RowPlan.of(FLOAT, 1024, true));
        assertEquals(new RowPlan(RowPlan.Way.ROW, 6, 7, 1600, 1), RowPlan.of(FLOAT, 1600, true));
        assertEquals(new RowPlan(RowPlan.Way.ROW, 8, 8, 8192, 1), RowPlan.of(FLOAT, 8192, true));
        assertEquals(new RowPlan(RowPlan.Way.LONG, 9, 8, 16384, 1), RowPlan.of(FLOAT, 16384, true));
        assertEquals(new RowPlan(RowPlan.Way.ROW, 0, 1, 4, 1), RowPlan.of(FLOAT, 4, true));
        assertEquals(new RowPlan(RowPlan.Way.ROW, 5, 7, 1600, 1), RowPlan.of(HALF, 1600, true));
        assertEquals(new RowPlan(RowPlan.Way.ROW, 7, 4, 4096, 1), RowPlan.of(HALF, 4096, true));
    }

    @Test
    void longRowsAreSplit() {
        assertEquals(
                new RowPlan(RowPlan.Way.LONGEST, 9, 25, 50257, 1), RowPlan.of(FLOAT, 50257, false));
        assertEquals(
                new RowPlan(RowPlan.Way.LONGEST, 10, 7, 50257, 1), RowPlan.of(HALF, 50257, false));
        RowPlan split = RowPlan.of(FLOAT, 60000, false);
        assertEquals(RowPlan.Way.SPLIT, split.way());
        assertEquals(8188, split.slice());
        assertEquals(8, split.slices());
        RowPlan longest = RowPlan.of(FLOAT, 1 << 28, true);
        assertTrue(longest.slices() <= 1024, longest.toString());
    }
}
