package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.oktoblas.cuda.DeviceProperties;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.kernels.Factor.Form;
import org.oktoblas.kernels.GemmPlan.Size;
import org.oktoblas.kernels.GemmPlan.Way;

/** Which kernel a product gets, without a GPU. */
class GemmPlanTest {

    private static final DeviceProperties H100 =
            new DeviceProperties(
                    "H100", 9, 0, 132, 232448, 233472, 65536, 2048, true, 50L << 20, 80L << 30);
    private static final DeviceProperties A100 =
            new DeviceProperties(
                    "A100", 8, 0, 108, 166912, 167936, 65536, 2048, true, 40L << 20, 40L << 30);
    private static final DeviceProperties RTX3060 =
            new DeviceProperties(
                    "RTX 3060", 8, 6, 28, 101376, 102400, 65536, 1536, true, 3L << 20, 12L << 30);
    private static final DeviceProperties[] DEVICES = {H100, A100, RTX3060};

    private KernelLibrary library;

    @BeforeEach
    void open() {
        library = BuiltKernels.library();
    }

    private GemmPlan plan(
            Size size,
            ElementType left,
            ElementType right,
            boolean tf32,
            Form leftForm,
            Form rightForm,
            DeviceProperties device) {
        return GemmPlan.of(
                size, left, right, tf32, true, leftForm, rightForm, device, library::kernel);
    }

    private GemmPlan plan(Size size, ElementType type, Form left, Form right) {
        return plan(size, type, type, false, left, right, H100);
    }

    private static Size size(long rows, long columns, long depth) {
        return new Size(rows, columns, depth, 1);
    }

    @Test
    void largeProductsTakeLargeTiles() {
        Size large = size(4096, 4096, 4096);
        GemmPlan half = plan(large, ElementType.F16, Form.BY_DEPTH, Form.BY_ROW);
        assertEquals("tensor_f16_large_kn", half.symbol());
        assertEquals(4, half.stages());
        assertEquals(1, half.splits());
        assertEquals(
                "tensor_bf16_large_mk",
                plan(large, ElementType.BF16, Form.BY_ROW, Form.BY_DEPTH).symbol());
        assertEquals(
                "simt_f32_large_f32",
                plan(large, ElementType.F32, Form.BY_DEPTH, Form.BY_ROW).symbol());
        assertEquals(
                "tensor_tf32_large",
                plan(
                                large,
                                ElementType.F32,
                                ElementType.F32,
                                true,
                                Form.LOOSE,
                                Form.LOOSE_BY_ROW,
                                H100)
                        .symbol());
    }

    @Test
    void productsThatWouldLeaveMultiprocessorsIdleTakeSmallTilesOrSplit() {
        GemmPlan middle =
                plan(size(1024, 1024, 1024), ElementType.F16, Form.BY_DEPTH, Form.BY_DEPTH);
        assertEquals("tensor_f16_small_kk", middle.symbol());
        for (ElementType type : new ElementType[] {ElementType.F16, ElementType.F32}) {
            GemmPlan deep = plan(size(64, 64, 65536), type, Form.BY_DEPTH, Form.BY_ROW);
            assertTrue(deep.splits() >= 32, deep.toString());
            GemmPlan some = plan(size(32, 768, 3072), type, Form.BY_DEPTH, Form.BY_DEPTH);
            assertTrue(some.splits() > 1, some.toString());
        }
        assertTrue(
                plan(size(64, 64, 65536), ElementType.F64, Form.LOOSE, Form.LOOSE).splits() >= 32);
    }

    @Test
    void fewRowsOrColumnsAreNarrow() {
        for (ElementType type : ElementType.values()) {
            GemmPlan row = plan(size(1, 4096, 4096), type, Form.BY_DEPTH, Form.BY_ROW);
            assertEquals("narrow1_" + type.suffix(), row.symbol());
            assertFalse(row.swapped());
            assertTrue(row.splits() > 1);
            GemmPlan columns = plan(size(4096, 8, 4096), type, Form.BY_DEPTH, Form.BY_ROW);
            assertEquals("narrow8_" + type.suffix(), columns.symbol());
            assertTrue(columns.swapped());
            // The left factor, which lies by depth, is now the right one.
            assertEquals(32, columns.tileColumns());
        }
        GemmPlan dot = plan(size(1, 1, 10_000_000), ElementType.F32, Form.LOOSE, Form.LOOSE);
        assertEquals(4, dot.tileColumns());
        assertEquals(128, dot.splits());
    }

    @Test
    void otherTypesAndSmallUnalignedProductsTakeAnyStrides() {
        for (ElementType type : ElementType.values()) {
            GemmPlan small = plan(size(100, 100, 100), type, Form.LOOSE, Form.LOOSE_BY_ROW);
            assertEquals("any_" + type.suffix(), small.symbol());
            assertFalse(small.copiesLeft() || small.copiesRight());
            if (!type.isFloating() || type == ElementType.F64) {
                GemmPlan large = plan(size(4096, 4096, 4096), type, Form.LOOSE, Form.BY_ROW);
                assertEquals(Way.ANY, large.way());
            }
        }
    }

    @Test
    void largeUnalignedFactorsAreCopied() {
        Size large = size(1000, 1000, 1001);
        GemmPlan half = plan(large, ElementType.F16, Form.LOOSE_BY_ROW, Form.BY_ROW);
        assertTrue(half.copiesLeft());
        assertFalse(half.copiesRight());
        assertTrue(half.symbol().endsWith("_mn"), half.symbol());
        GemmPlan full = plan(large, ElementType.F32, Form.BY_DEPTH, Form.LOOSE);
        assertEquals(Way.SIMT, full.way());
        assertFalse(full.copiesLeft());
        assertTrue(full.copiesRight());
    }

    @Test
    void largeFactorsForTf32AreBroughtByDepth() {
        for (int n : new int[] {200, 2048}) {
            GemmPlan plan =
                    plan(
                            size(n, n, n),
                            ElementType.F32,
                            ElementType.F32,
                            true,
                            Form.BY_DEPTH,
                            Form.BY_ROW,
                            H100);
            assertEquals(Way.TF32, plan.way());
            assertFalse(plan.copiesLeft());
            assertEquals(n == 2048, plan.copiesRight());
        }
    }

    @Test
    void sixteenBitWeightsBesideFloat32AreWidenedOnTheirWay() {
        for (ElementType weights : new ElementType[] {ElementType.F16, ElementType.BF16}) {
            GemmPlan plan =
                    plan(
                            size(128, 50257, 768),
                            ElementType.F32,
                            weights,
                            false,
                            Form.LOOSE,
                            Form.BY_DEPTH,
                            H100);
            assertEquals(Way.SIMT, plan.way());
            assertTrue(plan.symbol().endsWith("_" + weights.suffix()), plan.symbol());
            assertTrue(plan.copiesLeft());
        }
    }

    @Test
    void sumsThatAreFinishedHaveKernelsThatFinish() {
        Size[] sizes = {size(100, 5, 100), size(3, 700, 100), size(50, 50, 33)};
        for (Size size : sizes) {
            for (ElementType type : new ElementType[] {ElementType.F16, ElementType.F32}) {
                GemmPlan plan =
                        GemmPlan.of(
                                size,
                                type,
                                type,
                                false,
                                false,
                                Form.LOOSE,
                                Form.BY_DEPTH,
                                H100,
                                library::kernel);
                assertTrue(plan.way() == Way.TENSOR || plan.way() == Way.SIMT, plan.toString());
            }
        }
    }

    /** Whatever the product: parts cover the depth, and every device can hold a block. */
    @Test
    void everyPlanCanRun() {
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            Size size =
                    new Size(
                            length(random, 17),
                            length(random, 17),
                            random.nextInt(20) == 0 ? 0 : length(random, 32),
                            length(random, 8));
            ElementType type = ElementType.values()[random.nextInt(9)];
            boolean tf32 = random.nextBoolean();
            Form left = Form.values()[random.nextInt(4)];
            Form right = Form.values()[random.nextInt(4)];
            DeviceProperties device = DEVICES[random.nextInt(3)];
            GemmPlan plan = plan(size, type, type, tf32, left, right, device);
            String what = size + " " + type + " " + left + " " + right + " " + plan;
            Kernel kernel = library.kernel(plan.symbol());
            assertTrue(plan.splits() >= 1 && plan.splitDepth() >= 1, what);
            assertTrue((long) plan.splits() * plan.splitDepth() >= size.depth(), what);
            assertTrue((plan.splits() - 1L) * plan.splitDepth() <= size.depth(), what);
            if (plan.way() != Way.NARROW) {
                assertEquals(0, plan.splitDepth() % kernel.constant("stepDepth"), what);
            }
            assertTrue(plan.sharedBytes() <= device.sharedBytesPerBlock(), what);
            if (plan.way() == Way.TENSOR || plan.way() == Way.TF32) {
                assertTrue(plan.stages() >= 2 && plan.stages() <= 4, what);
            }
            Size computed = plan.swapped() ? size.swapped() : size;
            assertTrue(plan.blocks(computed) >= 1, what);
            // The kernels' threads count results in 32 bits where they add up parts.
            if (plan.splits() > 1 && size.depth() < 1 << 27) {
                assertTrue((double) size.rows() * size.columns() * size.batch() < 1 << 28, what);
            }
        }
    }

    private static long length(Random random, int mostBits) {
        return 1 + random.nextLong(1L << random.nextInt(mostBits));
    }

    @Test
    void blocksAreCountedInTheOrderOfTheirKernel() {
        GemmPlan plan =
                plan(new Size(129, 300, 64, 5), ElementType.F16, Form.BY_DEPTH, Form.BY_DEPTH);
        long rows = (129 + plan.tileRows() - 1) / plan.tileRows();
        long columns = (300 + plan.tileColumns() - 1) / plan.tileColumns();
        assertEquals(rows * columns * 5 * plan.splits(), plan.blocks(new Size(129, 300, 64, 5)));
    }

    @Test
    void warpsShareColumnsWhereThereAreFew() {
        assertEquals(1, GemmPlan.share(50257, 768, 4, 256, 8, H100));
        assertEquals(4, GemmPlan.share(768, 768, 4, 256, 8, H100));
        assertEquals(8, GemmPlan.share(768, 3072, 4, 256, 8, H100));
        assertEquals(1, GemmPlan.share(1, 200, 4, 256, 8, H100));
    }
}
