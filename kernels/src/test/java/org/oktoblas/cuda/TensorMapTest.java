package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** What no tensor map can describe is said in words. */
class TensorMapTest {

    private static void refuses(
            String why,
            ElementType type,
            long address,
            long[] sizes,
            long[] strides,
            int[] box,
            TensorMap.Swizzle swizzle) {
        IllegalArgumentException error =
                assertThrows(
                        IllegalArgumentException.class,
                        () ->
                                TensorMap.tiled(
                                        type,
                                        address,
                                        sizes,
                                        strides,
                                        box,
                                        swizzle,
                                        TensorMap.Promotion.NONE));
        assertTrue(error.getMessage().contains(why), error.getMessage());
    }

    private static long[] longs(long... values) {
        return values;
    }

    private static int[] ints(int... values) {
        return values;
    }

    @Test
    void refusals() {
        ElementType half = ElementType.F16;
        TensorMap.Swizzle none = TensorMap.Swizzle.NONE;
        refuses("1 to 5 axes, not 0", half, 256, longs(), longs(), ints(), none);
        refuses("1 to 5 axes, not 6", half, 256, new long[6], new long[5], new int[6], none);
        refuses("a stride for each", half, 256, longs(64, 64), longs(), ints(64, 64), none);
        refuses("multiple of 16", half, 8, longs(64), longs(), ints(64), none);
        refuses("multiple of 16", half, 0, longs(64), longs(), ints(64), none);
        refuses("axis 0 is 1 to 2^32, not 0", half, 256, longs(0), longs(), ints(64), none);
        refuses("axis 0, not 257", half, 256, longs(512), longs(), ints(257), none);
        refuses(
                "axis 1 is a multiple of 16 bytes below 2^40, not 100",
                half,
                256,
                longs(50, 4),
                longs(100),
                ints(8, 1),
                none);
        refuses("multiple of 16 bytes, not 14", half, 256, longs(64), longs(), ints(7), none);
        refuses(
                "at most 64 bytes, not 128",
                half,
                256,
                longs(64),
                longs(),
                ints(64),
                TensorMap.Swizzle.B64);
    }
}
