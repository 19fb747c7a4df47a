package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.kernels.Factor.Form;

/** How kernels see the layouts of a product's factors. */
class FactorTest {

    private static final long ADDRESS = 1 << 20;

    private static DeviceTensor tensor(ElementType type, long[] shape, long... strides) {
        return new DeviceTensor(ADDRESS, type, shape, strides);
    }

    private static Form left(ElementType type, long[] shape, long... strides) {
        return Factor.left(tensor(type, shape, strides)).form();
    }

    @Test
    void formsAreToldByStridesAndAlignment() {
        long[] shape = {50, 60};
        assertEquals(Form.BY_DEPTH, left(ElementType.F16, shape, 64, 1));
        assertEquals(Form.BY_DEPTH, left(ElementType.F16, shape, -64, 1));
        assertEquals(Form.LOOSE, left(ElementType.F16, shape, 60, 1));
        assertEquals(Form.BY_DEPTH, left(ElementType.F32, shape, 60, 1));
        assertEquals(Form.BY_ROW, left(ElementType.F16, shape, 1, 56));
        assertEquals(Form.LOOSE_BY_ROW, left(ElementType.F16, shape, 1, 50));
        assertEquals(Form.LOOSE, left(ElementType.F16, shape, 64, 2));
        assertEquals(Form.BY_DEPTH, left(ElementType.F16, shape, 0, 1));
        DeviceTensor moved = tensor(ElementType.F16, shape, 64, 1);
        assertEquals(Form.LOOSE, Factor.left(moved.with(1, shape, moved.strides())).form());
        // What is by depth on the left is by row on the right.
        assertEquals(Form.BY_ROW, Factor.right(moved).form());
    }

    @Test
    void stridesOfSingleRowsAndDepthsDoNotMatter() {
        assertEquals(Form.BY_DEPTH, left(ElementType.F16, new long[] {1, 60}, 61, 1));
        assertEquals(Form.BY_ROW, left(ElementType.F16, new long[] {50, 1}, 1, 3));
        assertEquals(Form.BY_DEPTH, left(ElementType.F16, new long[] {1, 1}, 3, 5));
    }

    @Test
    void aBatchIsAlignedIfItsMembersAre() {
        long[] shape = {2, 50, 64};
        assertEquals(Form.BY_DEPTH, left(ElementType.F16, shape, 0, 64, 1));
        assertEquals(Form.BY_DEPTH, left(ElementType.F16, shape, 3200, 64, 1));
        assertEquals(Form.LOOSE, left(ElementType.F16, shape, 3201, 64, 1));
        assertEquals(Form.BY_DEPTH, left(ElementType.F16, new long[] {1, 50, 64}, 3201, 64, 1));
    }

    @Test
    void copiesAreAlignedAndHoldRepeatedMembersOnce() {
        Factor source =
                Factor.left(tensor(ElementType.F16, new long[] {2, 3, 50, 61}, 0, 10_000, 61, 1));
        Factor packed = source.packed(ElementType.F16);
        assertEquals(Form.BY_DEPTH, packed.at(ADDRESS).form());
        assertEquals(64, packed.rowStride());
        assertArrayEquals(new long[] {0, 3200}, packed.leadStrides());
        assertEquals(3 * 50 * 64 * 2, packed.packedBytes());
        assertArrayEquals(new long[] {1, 3, 50, 61}, packed.distinct().shape());
        assertArrayEquals(source.distinct().shape(), packed.distinct().shape());

        Factor rows = Factor.right(tensor(ElementType.F32, new long[] {2, 60, 51}, 60 * 51, 51, 1));
        Factor wide = rows.packed(ElementType.F32);
        assertEquals(Form.BY_ROW, wide.at(ADDRESS).form());
        assertEquals(52, wide.depthStride());
        assertEquals(2 * 60 * 52 * 4, wide.packedBytes());
    }
}
