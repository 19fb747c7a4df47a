package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.oktoblas.cuda.DeviceProperties;
import org.oktoblas.cuda.ElementType;

/** Which kernel computes an attention. */
class AttentionPlanTest {

    private static final AttentionPlan.Lanes LANES = new AttentionPlan.Lanes(8, 32, 4);
    private static final ElementType[] TYPES = {ElementType.F32, ElementType.F16, ElementType.BF16};
    private static final int[] WIDTHS = {1, 8, 24, 32, 33, 64, 80, 96, 128, 200, 256, 300, 1024};
    private static final int[] QUERIES = {1, 2, 4, 5, 8, 9, 16, 17, 64, 65, 128, 200, 1024, 4096};
    private static final int[] MORE_KEYS = {0, 1, 100, 255, 256, 257, 1023, 3000, 8000, 1 << 20};
    private static final long[] HEADS = {1, 12, 96, 4096};

    private static DeviceProperties device(int multiprocessors) {
        return new DeviceProperties(
                "test",
                9,
                0,
                multiprocessors,
                99 << 10,
                100 << 10,
                65536,
                1536,
                true,
                1 << 25,
                1L << 34);
    }

    private static AttentionPlan plan(
            ElementType type, long heads, int queries, int keys, int width) {
        return AttentionPlan.of(type, heads, queries, keys, width, LANES, device(132));
    }

    private interface Check {
        void of(AttentionPlan plan, ElementType type, long heads, int queries, int keys, int width);
    }

    private static void all(Check check) {
        for (ElementType type : TYPES) {
            for (int width : WIDTHS) {
                for (int queries : QUERIES) {
                    for (int more : MORE_KEYS) {
                        for (long heads : HEADS) {
                            int keys = queries + more;
                            AttentionPlan plan = plan(type, heads, queries, keys, width);
                            check.of(plan, type, heads, queries, keys, width);
                        }
                    }
                }
            }
        }
    }

    @Test
    void blocksCoverQueriesAndKeys() {
        all(
                (plan, type, heads, queries, keys, width) -> {
                    String text = plan + " for " + queries + " queries, " + keys + " keys";
                    assertTrue(plan.tiles() * plan.rows() >= queries, text);
                    assertTrue((plan.tiles() - 1) * plan.rows() < queries, text);
                    assertTrue((long) plan.chunks() * plan.chunk() >= keys, text);
                    assertTrue((long) (plan.chunks() - 1) * plan.chunk() < keys, text);
                    if (plan.way() == AttentionPlan.Way.PROMPT) {
                        assertTrue(plan.kernelWidth() >= width, text);
                    } else {
                        int numbers = plan.way() == AttentionPlan.Way.WIDE ? 32 : 8;
                        assertTrue(numbers << plan.laneBits() >= width, text);
                        assertTrue(plan.laneBits() <= 5, text);
                    }
                });
    }

    @Test
    void sumsDoNotDependOnTheBatch() {
        all(
                (plan, type, heads, queries, keys, width) -> {
                    AttentionPlan alone = plan(type, 1, queries, keys, width);
                    assertEquals(alone.way(), plan.way());
                    assertEquals(alone.kernelWidth(), plan.kernelWidth());
                    assertEquals(alone.chunk(), plan.chunk());
                    assertEquals(alone.laneBits(), plan.laneBits());
                });
    }

    @Test
    void everyKernelExists() {
        KernelLibrary library = BuiltKernels.library();
        Set<String> used = new HashSet<>();
        for (int multiprocessors : new int[] {1, 20, 132}) {
            all(
                    (plan, type, heads, queries, keys, width) -> {
                        AttentionPlan other =
                                AttentionPlan.of(
                                        type,
                                        heads,
                                        queries,
                                        keys,
                                        width,
                                        LANES,
                                        device(multiprocessors));
                        used.add(other.symbol(type));
                        if (other.sharedConstant() != null) {
                            int bytes =
                                    library.kernel(other.symbol(type))
                                            .constant(other.sharedConstant());
                            assertTrue(bytes <= 99 << 10, other.toString());
                        }
                    });
        }
        List<String> kernels = new ArrayList<>();
        library.kernels().stream()
                .filter(kernel -> kernel.family().equals("attention"))
                .map(Kernel::symbol)
                .filter(symbol -> !symbol.contains("_combine_"))
                .forEach(kernels::add);
        assertEquals(Set.copyOf(kernels), used, "no kernel is missing, and none is there in vain");
        for (ElementType type : TYPES) {
            Kernel few = library.kernel("attention_few_" + type.suffix());
            assertEquals(LANES.laneNumbers(), few.constant("splitWidth"));
            assertEquals(LANES.wideLaneNumbers(), few.constant("wideWidth"));
            assertEquals(LANES.fewQueries(), few.constant("fewQueries"));
        }
    }

    @Test
    void smallGridsTakeSmallerTiles() {
        assertEquals(128, plan(ElementType.F16, 96, 1024, 1024, 64).rows());
        assertEquals(64, plan(ElementType.F16, 12, 1024, 1024, 64).rows());
        assertEquals(32, plan(ElementType.F16, 1, 1024, 1024, 64).rows());
        assertEquals(64, plan(ElementType.F32, 96, 1024, 1024, 64).rows());
        assertEquals(16, plan(ElementType.F32, 1, 128, 128, 64).rows());
    }

    @Test
    void fewQueriesSplitLongCaches() {
        AttentionPlan plan = plan(ElementType.F16, 12, 1, 1024, 64);
        assertEquals(AttentionPlan.Way.ONE, plan.way());
        assertEquals(8, plan.chunks());
        assertEquals(3, plan.laneBits(), "eight lanes of eight numbers");
        assertEquals(1, plan(ElementType.F16, 12, 1, 200, 64).chunks());
        assertEquals(AttentionPlan.Way.FEW, plan(ElementType.F16, 12, 8, 1024, 64).way());
        assertEquals(AttentionPlan.Way.PROMPT, plan(ElementType.F16, 12, 9, 9, 64).way());
        assertEquals(AttentionPlan.Way.WIDE, plan(ElementType.F32, 1, 200, 200, 300).way());
    }
}
