package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Iteration;

/** How threads share a reduction, and how lines are scanned. */
class SharingTest {

    /** Shares the reduction of some axes of a row-major tensor. */
    private static Sharing share(ElementType type, long[] shape, int... axes) {
        return share(DeviceTensor.dense(1 << 20, type, shape), axes);
    }

    private static Sharing share(DeviceTensor in, int... axes) {
        boolean[] reduced = new boolean[in.rank()];
        for (int axis : axes) {
            reduced[axis] = true;
        }
        long[] kept = Axes.select(in.shape(), reduced, false);
        Iteration outputs =
                Iteration.of(
                                kept,
                                Axes.select(in.strides(), reduced, false),
                                Axes.denseStrides(kept))
                        .get(0);
        Iteration walk =
                Iteration.of(
                                Axes.select(in.shape(), reduced, true),
                                Axes.select(in.strides(), reduced, true))
                        .get(0);
        Sharing sharing = Sharing.of(outputs, walk, in, true);
        check(sharing, outputs, walk);
        return sharing;
    }

    /** Every element belongs to a thread, and no block or chunk is empty. */
    private static void check(Sharing sharing, Iteration outputs, Iteration walk) {
        String what = sharing + " for " + outputs.count() + " of " + walk.count();
        long steps = walk.count() / (sharing.across() ? 1 : sharing.width());
        long items = outputs.count() / (sharing.across() ? sharing.width() : 1);
        int shareLog = sharing.across() ? sharing.lanes() : 8 - sharing.lanes();
        assertTrue(sharing.lanes() >= 0 && sharing.lanes() <= 8, what);
        assertTrue((long) sharing.blocks() << shareLog >= items, what);
        assertTrue((long) sharing.blocks() - 1 << shareLog < items, what);
        assertTrue((long) sharing.chunk() * sharing.chunks() >= steps, what);
        assertTrue((long) sharing.chunk() * (sharing.chunks() - 1) < steps, what);
        assertTrue(sharing.chunks() <= 65_535, what);
        if (sharing.chunks() > 1) {
            assertTrue(sharing.across() || sharing.lanes() == 8, what);
        }
    }

    @Test
    void rowsAreReadAlong() {
        Sharing sharing = share(ElementType.F32, new long[] {8192, 8192}, 1);
        assertEquals(new Sharing(false, 4, 8, 8192, 2048, 1), sharing);
    }

    @Test
    void columnsAreReadAcross() {
        Sharing sharing = share(ElementType.F32, new long[] {8192, 8192}, 0);
        assertTrue(sharing.across());
        assertEquals(4, sharing.width());
        assertEquals(5, sharing.lanes(), "a warp reads 512 bytes of a row");
        assertTrue((long) sharing.blocks() * sharing.chunks() >= 1024, sharing.toString());
    }

    @Test
    void oneResultIsMadeOfParts() {
        Sharing sharing = share(ElementType.F32, new long[] {1 << 26}, 0);
        assertEquals(1, sharing.blocks());
        assertEquals(4096, sharing.chunks());
        assertEquals(1, share(ElementType.F64, new long[] {4096}, 0).chunks(), "of so few parts");
    }

    @Test
    void shortRowsShareABlock() {
        Sharing sharing = share(ElementType.F32, new long[] {1_000_000, 3}, 1);
        assertFalse(sharing.across());
        assertTrue(sharing.lanes() <= 2, sharing.toString());
    }

    @Test
    void fewColumnsAreReadByFewThreadsSideBySide() {
        Sharing sharing = share(ElementType.F32, new long[] {200_000, 3}, 0);
        assertTrue(sharing.across());
        assertEquals(2, sharing.lanes());
        assertTrue(sharing.chunks() > 100, sharing.toString());
    }

    @Test
    void vectorsAreAligned() {
        DeviceTensor in = DeviceTensor.dense(1 << 20, ElementType.F32, 100, 4096);
        assertEquals(4, share(in, 1).width());
        assertEquals(1, share(in.with(1, in.shape(), in.strides()), 1).width());
        assertEquals(1, share(DeviceTensor.dense(0, ElementType.F32, 100, 4095), 1).width());
        long[] apart = {4097, 1};
        assertEquals(1, share(in.with(0, in.shape(), apart), 1).width(), "each row but the first");
        long[] repeated = {4096, 0};
        assertEquals(1, share(in.with(0, in.shape(), repeated), 1).width(), "one element, again");
        assertEquals(4, share(in, 0).width());
        assertEquals(1, share(in.with(0, in.shape(), apart), 0).width());
        assertEquals(16, share(DeviceTensor.dense(0, ElementType.I8, 100, 4096), 1).width());
    }

    @Test
    void everyShapeIsCovered() {
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            long[] shape = new long[1 + random.nextInt(4)];
            for (int axis = 0; axis < shape.length; axis++) {
                shape[axis] = 1 + (long) Math.pow(2, random.nextDouble() * 24 / shape.length);
            }
            ElementType type = ElementType.values()[random.nextInt(9)];
            int[] axes = random.ints(0, shape.length).distinct().limit(1).toArray();
            share(type, shape, axes);
        }
        share(ElementType.I8, new long[] {1 << 30}, 0);
        share(ElementType.I8, new long[] {1 << 15, 1 << 15}, 0, 1);
    }

    @Test
    void everyScanIsCovered() {
        Random random = new Random(2);
        for (int i = 0; i < 20_000; i++) {
            int lines = 1 + (int) Math.pow(2, random.nextDouble() * 30);
            long length = 1 + (long) Math.pow(2, random.nextDouble() * 34);
            ScanPlan plan = ScanPlan.of(lines, length, random.nextBoolean(), random.nextBoolean());
            String what = plan + " for " + lines + " of " + length;
            assertTrue(plan.chunk() * plan.chunks() >= length, what);
            assertTrue(plan.chunk() * (plan.chunks() - 1) < length, what);
            assertTrue(plan.gridY() >= 1 && plan.gridY() <= 65_535, what);
            long taken = plan.alongLines() ? plan.rows() : 1 << plan.lanes();
            assertTrue(plan.gridX(lines) * taken >= lines, what);
            assertTrue((plan.gridX(lines) - 1) * taken < lines, what);
            if (plan.rows() > 1) {
                assertTrue(plan.rows() * length <= ScanPlan.TILE, what);
                assertEquals(1, plan.chunks(), what);
            }
            if (plan.alongLines() && plan.chunks() > 1) {
                assertEquals(0, plan.chunk() % ScanPlan.TILE, what);
            }
        }
    }

    /** What Java knows of the kernels is what they say. */
    @Test
    void constantsAreTheKernels() {
        KernelLibrary library = BuiltKernels.library();
        Kernel reduce = library.kernel("reduce_f32_along");
        assertEquals(Sharing.THREADS, reduce.threads());
        assertEquals(Sharing.THREADS, library.kernel("argreduce_f32_along").threads());
        assertEquals(16, reduce.constant("vectorBytes"));
        Kernel scan = library.kernel("scan_f32_rows");
        assertEquals(ScanPlan.THREADS, scan.threads());
        assertEquals(ScanPlan.TILE, scan.constant("scanTile"));
        assertEquals(ScanPlan.TILE, scan.threads() * scan.constant("scanItems"));
        Kernel sort = library.kernel("sort_tiles_n32");
        assertEquals(Sorting.TILE, sort.constant("sortTile"));
        assertEquals(Sorting.TILE, sort.threads() * sort.constant("sortItems"));
        assertEquals(Sorting.TILE, 1 << sort.constant("tileBits"));
        assertEquals(Scatters.THREADS, library.kernel("scatter_b8_serial").threads());
        for (ElementType type : List.of(ElementType.values())) {
            reduce.constant("type" + type);
        }
    }
}
