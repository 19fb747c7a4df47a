package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** How rows are divided among threads. */
class RowPlanTest {

    private static final RowPlan.Limits FLOAT = new RowPlan.Limits(32, 4, 256, 512);
    private static final RowPlan.Limits HALF = new RowPlan.Limits(32, 8, 256, 512);
    private static final RowPlan.Limits DOUBLE = new RowPlan.Limits(8, 2, 256, 512);

    @Test
    void threadsHoldEveryElement() {
        for (RowPlan.Limits limits : new RowPlan.Limits[] {FLOAT, HALF, DOUBLE}) {
            for (int count = 1; count < 40000; count += count < 600 ? 1 : 97) {
                for (boolean aligned : new boolean[] {true, false}) {
                    check(limits, count, aligned);
                }
            }
        }
    }

    private static void check(RowPlan.Limits limits, int count, boolean aligned) {
        RowPlan plan = RowPlan.of(limits, count, aligned);
        int within = aligned ? 0 : limits.vector() - 1;
        int threads = 1 << plan.groupBits();
        int most = limits.held() / limits.vector();
        assertTrue(plan.vectors() <= most, plan.toString());
        if (plan.way() == RowPlan.Way.SPLIT) {
            assertTrue(count + within > limits.longThreads() * limits.held());
            assertEquals((count - 1) / plan.slice() + 1, plan.slices());
            int tile = limits.threads() * limits.held();
            assertTrue(plan.slice() + within <= (plan.slice() / tile + 1) * tile, plan.toString());
            assertEquals(most, plan.vectors());
            return;
        }
        assertTrue(threads * plan.vectors() * limits.vector() >= count + within, plan.toString());
        assertTrue(threads * (plan.vectors() - 1) * limits.vector() < count + within);
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
    }

    @Test
    void longRowsAreSplit() {
        RowPlan vocabulary = RowPlan.of(FLOAT, 50257, false);
        assertEquals(RowPlan.Way.SPLIT, vocabulary.way());
        assertEquals(8188, vocabulary.slice());
        assertEquals(7, vocabulary.slices());
        RowPlan longest = RowPlan.of(FLOAT, 1 << 28, true);
        assertTrue(longest.slices() <= 1024, longest.toString());
    }
}
