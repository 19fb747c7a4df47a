package org.oktoblas.engine.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Views against the list of element places, in row-major order, that they stand for. */
class LayoutTest {

    /** The storage place of each element, in row-major order. */
    private static long[] places(Layout layout) {
        long[] places = new long[(int) layout.count()];
        for (int i = 0; i < places.length; i++) {
            long rest = i;
            long place = layout.offset();
            for (int axis = layout.rank() - 1; axis >= 0; axis--) {
                place += rest % layout.size(axis) * layout.stride(axis);
                rest /= layout.size(axis);
            }
            places[i] = place;
        }
        return places;
    }

    /** A view made by random steps from a dense layout. */
    private static Layout random(Random random) {
        long[] shape = new long[1 + random.nextInt(4)];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = 1 + random.nextInt(4);
        }
        Layout layout = Layout.contiguous(shape);
        for (int step = random.nextInt(4); step > 0; step--) {
            int axis = random.nextInt(layout.rank());
            long n = layout.size(axis);
            switch (random.nextInt(4)) {
                case 0 -> layout = layout.swap(axis, random.nextInt(layout.rank()));
                case 1 -> {
                    long start = random.nextInt((int) n);
                    layout = layout.slice(axis, start, 1 + random.nextInt((int) (n - start)), 1);
                }
                case 2 -> layout = layout.slice(axis, n - 1, n, -1);
                default -> layout = layout.insertAxis(axis);
            }
        }
        return layout;
    }

    @Property
    void reshapeKeepsTheOrderOfElements(@ForAll long seed) {
        Random random = new Random(seed);
        Layout layout = random(random);
        long count = layout.count();
        long first = 1;
        for (long n = 1; n <= count; n++) {
            if (count % n == 0 && random.nextBoolean()) {
                first = n;
            }
        }
        Layout view = layout.reshape(first, 1, count / first);
        if (view != null) {
            assertArrayEquals(places(layout), places(view));
        }
    }

    @Property
    void reshapeFindsEveryViewOfSplitAxes(@ForAll long seed) {
        Random random = new Random(seed);
        Layout layout = random(random);
        // Splitting an axis by a divisor is always a view, and so is merging it back.
        int axis = random.nextInt(layout.rank());
        long n = layout.size(axis);
        long divisor = n % 2 == 0 ? 2 : 1;
        long[] split = new long[layout.rank() + 1];
        for (int i = 0; i < layout.rank(); i++) {
            split[i < axis ? i : i + 1] = layout.size(i);
        }
        split[axis] = divisor;
        split[axis + 1] = n / divisor;
        Layout view = layout.reshape(split);
        assertNotNull(view, layout + " split at " + axis);
        Layout back = view.reshape(layout.shape());
        assertNotNull(back, view + " merged");
        assertArrayEquals(places(layout), places(view));
        assertArrayEquals(places(layout), places(back));
    }

    @Property
    void selectIsASliceWithoutItsAxis(@ForAll long seed) {
        Random random = new Random(seed);
        Layout layout = random(random);
        int axis = random.nextInt(layout.rank());
        long index = random.nextInt((int) layout.size(axis));
        assertArrayEquals(
                places(layout.slice(axis, index, 1, 1).dropAxis(axis)),
                places(layout.select(axis, index)));
    }

    @Property
    void denseLayoutsAreExactlyThoseWhosePlacesCountUp(@ForAll long seed) {
        Layout layout = random(new Random(seed));
        long[] places = places(layout);
        boolean counts = true;
        for (int i = 1; i < places.length; i++) {
            counts &= places[i] == places[0] + i;
        }
        assertEquals(counts, layout.isContiguous(), layout.toString());
    }

    @Property
    void permutingBackRestores(@ForAll long seed) {
        Random random = new Random(seed);
        Layout layout = random(random);
        int[] order = new int[layout.rank()];
        int[] inverse = new int[layout.rank()];
        Arrays.setAll(order, i -> i);
        for (int i = order.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        for (int i = 0; i < order.length; i++) {
            inverse[order[i]] = i;
        }
        assertEquals(layout, layout.permute(order).permute(inverse));
    }

    @Test
    void broadcastRepeatsWithoutCopies() {
        Layout layout = Layout.contiguous(3, 1).broadcastTo(2, 3, 2);
        assertArrayEquals(new long[] {0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2}, places(layout));
        assertTrue(layout.repeatsElements());
        assertFalse(Layout.contiguous(3, 1).repeatsElements());
    }

    @Test
    void broadcastShapes() {
        assertArrayEquals(
                new long[] {2, 3, 4},
                Layout.broadcast(Layout.contiguous(3, 1), Layout.contiguous(2, 1, 4)));
        assertArrayEquals(
                new long[] {0}, Layout.broadcast(Layout.contiguous(0), Layout.contiguous(1)));
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> Layout.broadcast(Layout.contiguous(3, 2), Layout.contiguous(3)));
        assertTrue(e.getMessage().contains("[3, 2]") && e.getMessage().contains("[3]"));
    }

    @Test
    void reshapeOfATransposedMatrixNeedsACopy() {
        assertNull(Layout.contiguous(2, 3).swap(0, 1).reshape(6));
        assertThrows(IllegalArgumentException.class, () -> Layout.contiguous(2, 3).reshape(7));
    }

    @Test
    void emptyLayouts() {
        Layout empty = Layout.contiguous(2, 0, 3);
        assertEquals(0, empty.count());
        assertArrayEquals(new long[] {3, 0}, empty.reshape(3, 0).shape());
        assertArrayEquals(new long[] {0, 5}, Layout.contiguous(4, 5).slice(0, 4, 0, 1).shape());
    }

    @Test
    void negativeLengthsAreRefused() {
        Layout one = Layout.contiguous(1);
        for (Executable made :
                new Executable[] {
                    () -> Layout.contiguous(2, -1),
                    () -> one.broadcastTo(-1),
                    () -> one.broadcastTo(-1, 1)
                }) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, made);
            assertTrue(e.getMessage().contains("negative length"), e.getMessage());
        }
    }
}
