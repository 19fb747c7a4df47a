package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** How long rows are divided among the blocks of a cluster. */
class RowClustersTest {

    private static final RowClusters.Limits FLOAT = new RowClusters.Limits(8, 256, 7, 8);
    private static final RowClusters.Limits HALF = new RowClusters.Limits(4, 256, 7, 8);

    @Test
    void everyThreadHasVectorsAndNoneTooMany() {
        for (int count = 1; count < 80000; count += 13) {
            check(FLOAT, count, 4);
            check(HALF, count, 8);
        }
    }

    private static void check(RowClusters.Limits limits, int count, int vector) {
        Optional<RowClusters> found = RowClusters.of(limits, count, vector);
        if (found.isEmpty()) {
            int threads = limits.blocks() * limits.threads();
            assertTrue(
                    count < vector * (threads + (limits.blocks() + 1) * limits.blocks())
                            || count > vector * (limits.held() * threads - limits.blocks() * 9),
                    limits + " cannot have " + count);
            return;
        }
        RowClusters plan = found.get();
        // Rows begin anywhere in a vector, and threads anywhere in a line.
        for (int head = 0; head < vector; head++) {
            int whole = (count - head) / vector;
            int last = whole - (limits.blocks() - 1) * plan.blockVectors();
            assertTrue(last >= limits.threads() && last <= plan.blockVectors(), plan.toString());
        }
        assertTrue(
                plan.threadVectors() * limits.threads() >= plan.blockVectors() + limits.line() - 1);
        assertTrue(plan.threadVectors() <= limits.held());
        assertEquals(32 * plan.blockVectors(), plan.sharedBytes());
    }

    @Test
    void vocabularies() {
        assertEquals(Optional.of(new RowClusters(1571, 7)), RowClusters.of(FLOAT, 50257, 4));
        assertEquals(Optional.of(new RowClusters(1571, 7)), RowClusters.of(HALF, 50257, 8));
        assertEquals(Optional.empty(), RowClusters.of(HALF, 128_256, 8));
        assertEquals(Optional.empty(), RowClusters.of(FLOAT, 4096, 4));
    }
}
