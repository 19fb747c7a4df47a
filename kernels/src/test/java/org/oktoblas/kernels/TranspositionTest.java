package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.oktoblas.cuda.Iteration;

/** When copies go by tiles, and which. */
class TranspositionTest {

    private static Iteration walk(long[] shape, long[] out, long[] in) {
        List<Iteration> pieces = Iteration.of(shape, out, in);
        assertEquals(1, pieces.size());
        return pieces.get(0);
    }

    private static int axis(long[] shape, long[] out, long[] in) {
        return Transposition.axis(walk(shape, out, in));
    }

    @Test
    void aTransposedMatrixGoesByTiles() {
        long[] shape = {100, 70};
        long[] rows = {70, 1};
        long[] columns = {1, 100};
        assertEquals(0, axis(shape, rows, columns));
        Transposition plan = Transposition.of(walk(shape, rows, columns), 0);
        assertEquals(70, plan.rows());
        assertEquals(100, plan.columns());
        assertEquals(100, plan.inStride());
        assertEquals(70, plan.outStride());
        assertEquals(4, plan.tiles(64));
        assertEquals(1, plan.matrices().get(0).count());
        // Written the other way round it is the same.
        Transposition back = Transposition.of(walk(shape, columns, rows), 0);
        assertEquals(100, back.rows());
        assertEquals(70, back.columns());
    }

    @Test
    void otherAxesAreWalkedOver() {
        // (B, T, H, D) to (B, H, D, T), say: keys, transposed for a product.
        long[] shape = {2, 12, 64, 50};
        long[] out = {12 * 64 * 50, 64 * 50, 50, 1};
        long[] in = {50 * 12 * 64, 64, 1, 12 * 64};
        Iteration walk = walk(shape, out, in);
        // Heads and their elements lie one behind the other in both.
        assertEquals(3, walk.rank());
        Transposition plan = Transposition.of(walk, Transposition.axis(walk));
        assertEquals(50, plan.rows());
        assertEquals(12 * 64, plan.columns());
        assertEquals(2, plan.matrices().get(0).count());
    }

    @Test
    void plainCopiesDoNot() {
        assertEquals(-1, axis(new long[] {40, 64}, new long[] {64, 1}, new long[] {80, 1}));
        assertEquals(-1, axis(new long[] {40, 64}, new long[] {64, 1}, new long[] {1, 0}));
        assertEquals(-1, axis(new long[] {40, 64}, new long[] {64, 1}, new long[] {0, 2}));
        assertEquals(
                -1,
                axis(new long[] {3, 5000}, new long[] {5000, 1}, new long[] {1, 3}),
                "three channels: the caches serve them");
        assertEquals(
                -1,
                axis(new long[] {40, 64}, new long[] {128, 2}, new long[] {1, 40}),
                "an output with gaps");
    }
}
