package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Walks against plain loops, with the arithmetic of {@code common/index.cuh} in Java. */
class IterationTest {

    /** Where element i of a piece lies in each tensor, computed as a kernel does. */
    private static long[] offsets(Iteration piece, int i, int operands) {
        ByteBuffer struct = written(piece);
        int rank = struct.getInt(0);
        long[] at = new long[operands];
        int rest = i;
        for (int d = Iteration.MAX_RANK - 1; d > 0; d--) {
            if (d < rank) {
                int size = struct.getInt(8 + 12 * d);
                int outer = divide(rest, struct.getInt(12 + 12 * d), struct.getInt(16 + 12 * d));
                int index = rest - outer * size;
                rest = outer;
                for (int t = 0; t < operands; t++) {
                    at[t] += index * stride(struct, t, d);
                }
            }
        }
        for (int t = 0; t < operands; t++) {
            at[t] += rest * stride(struct, t, 0) + piece.offset(t);
        }
        return at;
    }

    private static ByteBuffer written(Iteration walk) {
        return walk.write(Arguments.start()).content();
    }

    private static long stride(ByteBuffer struct, int tensor, int axis) {
        int header = 8 + 12 * Iteration.MAX_RANK;
        return struct.getLong(header + 8 * (tensor * Iteration.MAX_RANK + axis));
    }

    private static int divide(int n, int multiplier, int shift) {
        long high = (n & 0xffffffffL) * (multiplier & 0xffffffffL) >>> 32;
        long sum = high + n;
        assertTrue(sum < 1L << 32, "the sum fits 32 bits");
        return (int) (sum >>> shift);
    }

    private static List<String> walk(List<Iteration> pieces, int operands) {
        List<String> visited = new ArrayList<>();
        for (Iteration piece : pieces) {
            for (int i = 0; i < piece.count(); i++) {
                visited.add(Arrays.toString(offsets(piece, i, operands)));
            }
        }
        return visited;
    }

    private static List<String> plain(long[] shape, long[][] strides) {
        List<String> visited = new ArrayList<>();
        long count = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        for (long i = 0; i < count; i++) {
            long[] at = new long[strides.length];
            long rest = i;
            for (int d = shape.length - 1; d >= 0; d--) {
                long index = rest % shape[d];
                rest /= shape[d];
                for (int t = 0; t < at.length; t++) {
                    at[t] += index * strides[t][d];
                }
            }
            visited.add(Arrays.toString(at));
        }
        return visited;
    }

    @Test
    void everyElementIsVisitedOnce() {
        Random random = new Random(7);
        for (int round = 0; round < 3000; round++) {
            int rank = random.nextInt(11);
            int operands = 1 + random.nextInt(3);
            long[] shape = new long[rank];
            for (int d = 0; d < rank; d++) {
                int most = rank > 6 ? 3 : 6;
                shape[d] = random.nextInt(20) == 0 ? 0 : 1 + random.nextInt(most);
            }
            long[][] strides = new long[operands][];
            for (int t = 0; t < operands; t++) {
                strides[t] = strides(random, shape, t > 0);
            }
            String place = Arrays.toString(shape) + Arrays.deepToString(strides);
            List<String> expected = plain(shape, strides);
            assertEquals(expected, walk(Iteration.inOrder(shape, strides), operands), place);
            List<String> any = walk(Iteration.of(shape, strides), operands);
            any.sort(null);
            expected.sort(null);
            assertEquals(expected, any, place);
        }
    }

    /** Strides of a permuted dense tensor, some turned round, spread or repeated. */
    private static long[] strides(Random random, long[] shape, boolean repeats) {
        List<Integer> order = new ArrayList<>();
        for (int d = 0; d < shape.length; d++) {
            order.add(random.nextInt(order.size() + 1), d);
        }
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int d : order) {
            strides[d] = random.nextInt(5) == 0 ? -stride : stride;
            if (repeats && random.nextInt(4) == 0) {
                strides[d] = 0;
            } else {
                stride *= Math.max(1, shape[d]) + (random.nextInt(4) == 0 ? 1 : 0);
            }
        }
        return strides;
    }

    @Test
    void divisorsAreRight() {
        Random random = new Random(3);
        List<Integer> sizes = new ArrayList<>();
        for (int i = 1; i <= 1000; i++) {
            sizes.add(i);
        }
        for (int bit = 10; bit < 31; bit++) {
            sizes.addAll(List.of((1 << bit) - 1, 1 << bit, (1 << bit) + 1));
        }
        sizes.add(Integer.MAX_VALUE);
        for (int i = 0; i < 1000; i++) {
            sizes.add(1 + random.nextInt(Integer.MAX_VALUE));
        }
        for (int size : sizes) {
            // As the second of two axes that do not merge, its divisor is in use.
            Iteration walk =
                    size == 1
                            ? Iteration.inOrder(new long[0], new long[0]).get(0)
                            : Iteration.inOrder(new long[] {size}, new long[] {1}).get(0);
            ByteBuffer struct = written(walk);
            assertEquals(size, struct.getInt(8));
            int multiplier = struct.getInt(12);
            int shift = struct.getInt(16);
            for (int i = 0; i < 300; i++) {
                int n =
                        switch (i) {
                            case 0 -> 0;
                            case 1 -> size - 1;
                            case 2 -> size;
                            case 3 -> Integer.MAX_VALUE;
                            case 4 -> Integer.MAX_VALUE - 1;
                            case 5 -> Integer.MAX_VALUE / size * size;
                            case 6 -> Integer.MAX_VALUE / size * size - 1;
                            default -> random.nextInt(Integer.MAX_VALUE);
                        };
                if (n >= 0) {
                    assertEquals(n / size, divide(n, multiplier, shift), n + " / " + size);
                }
            }
        }
    }

    @Test
    void denseWalksAreOneAxis() {
        long[] shape = {4, 1, 5, 6};
        long[] dense = DeviceTensor.dense(0, ElementType.F32, shape).strides();
        Iteration walk = Iteration.of(shape, dense, dense).get(0);
        assertEquals(1, walk.rank());
        assertEquals(120, walk.count());
        assertEquals(1, walk.innerStride(1));
        // A transposed output is walked as it lies.
        long[] transposed = {1, 0, 4, 20};
        assertEquals(1, Iteration.of(shape, transposed).get(0).rank());
        assertEquals(3, Iteration.inOrder(shape, transposed).get(0).rank());
    }

    @Test
    void scalarsAndNothing() {
        Iteration walk = Iteration.of(new long[0], new long[0], new long[0]).get(0);
        assertEquals(1, walk.count());
        assertEquals(0, walk.rank());
        assertEquals(0, walk.innerStride(0));
        assertEquals(1, Iteration.of(new long[] {1, 1}, new long[] {5, 7}).size());
        assertEquals(List.of(), Iteration.of(new long[] {3, 0}, new long[] {0, 1}));
    }

    @Test
    void largeWalksComeInPieces() {
        check(new long[] {5_000_000_000L}, new long[] {1});
        check(new long[] {5_000_000_000L}, new long[] {-3});
        check(new long[] {3, 3_000_000_000L}, new long[] {4_000_000_000L, 1});
        check(new long[] {70_000, 70_000}, new long[] {1, 70_000});
        check(new long[] {2, 2, 2, 2, 2, 2, 2, 2, 2, 400_000_000L}, oddStrides(10));
        check(new long[] {1L << 31}, new long[] {1});
        check(new long[] {(1L << 31) - 1}, new long[] {1});
    }

    private static long[] oddStrides(int rank) {
        long[] strides = new long[rank];
        long stride = 1;
        for (int d = rank - 1; d >= 0; d--) {
            strides[d] = stride;
            stride = d == rank - 1 ? 500_000_000L : stride * 3;
        }
        return strides;
    }

    /** Pieces fit 32 bits, and together are as many elements, each at a place of its own. */
    private static void check(long[] shape, long[] strides) {
        long total = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        List<Iteration> pieces = Iteration.inOrder(shape, strides);
        long count = 0;
        long next = 0;
        for (Iteration piece : pieces) {
            assertTrue(piece.count() > 0 && piece.rank() <= Iteration.MAX_RANK);
            count += piece.count();
            if (shape.length == 1) {
                assertEquals(next * strides[0], piece.offset(0));
                next += piece.count();
            }
            long[] first = offsets(piece, 0, 1);
            assertEquals(piece.offset(0), first[0]);
            long last = piece.offset(0);
            for (int d = 0; d < piece.rank(); d++) {
                last += (piece.size(d) - 1L) * piece.stride(0, d);
            }
            assertEquals(last, offsets(piece, piece.count() - 1, 1)[0]);
        }
        assertEquals(total, count, Arrays.toString(shape));
    }

    @Test
    void vectorsNeedAlignmentAndNeighbours() {
        long[] shape = {3, 8};
        DeviceTensor dense = DeviceTensor.dense(1024, ElementType.F32, shape);
        DeviceTensor half = DeviceTensor.dense(1024, ElementType.F16, shape);
        assertEquals(4, vector(4, dense, dense));
        assertEquals(8, vector(8, dense, half));
        assertEquals(2, vector(4, dense, moved(dense, 2)));
        assertEquals(1, vector(4, dense, moved(dense, 1)));
        // A repeated element needs no alignment.
        DeviceTensor column = new DeviceTensor(1028, ElementType.F32, shape, new long[] {1, 0});
        assertEquals(4, vector(4, dense, column));
        // Rows that do not begin at multiples.
        DeviceTensor padded = new DeviceTensor(1024, ElementType.F32, shape, new long[] {10, 1});
        assertEquals(2, vector(4, padded));
        DeviceTensor spread = new DeviceTensor(1024, ElementType.F32, shape, new long[] {16, 2});
        assertEquals(1, vector(4, spread));
        DeviceTensor turned = new DeviceTensor(1024, ElementType.F32, shape, new long[] {8, -1});
        assertEquals(1, vector(4, dense, turned));
        DeviceTensor odd = DeviceTensor.dense(1024, ElementType.F32, 3, 6);
        assertEquals(2, Iteration.of(odd.shape(), odd.strides()).get(0).vector(4, odd));

        Iteration walk = Iteration.of(shape, padded.strides(), column.strides()).get(0);
        Iteration wide = walk.vectorized(2);
        assertEquals(12, wide.count());
        assertEquals(2, wide.innerStride(0));
        assertEquals(0, wide.innerStride(1));
        assertEquals(10, wide.stride(0, 0));
    }

    private static DeviceTensor moved(DeviceTensor tensor, long elements) {
        return tensor.with(elements, tensor.shape(), tensor.strides());
    }

    private static int vector(int widest, DeviceTensor... tensors) {
        long[][] strides = Arrays.stream(tensors).map(DeviceTensor::strides).toArray(long[][]::new);
        return Iteration.of(tensors[0].shape(), strides).get(0).vector(widest, tensors);
    }

    @Test
    void denseWalksAreWrittenAlike() {
        DeviceTensor tensor = DeviceTensor.dense(1 << 20, ElementType.F16, 24, 64);
        Iteration walk = Iteration.of(tensor.shape(), tensor.strides(), tensor.strides()).get(0);
        Iteration steps = walk.vectorized(walk.vector(8, tensor, tensor));
        byte[] expected = bytes(steps.write(Arguments.start()).content());
        byte[] actual = bytes(Iteration.writeDense(Arguments.start(), 2, 24 * 64 / 8, 8).content());
        // Behind rank and count lie the divisors, which a walk along one axis never uses.
        Arrays.fill(expected, 8, 8 + 12 * Iteration.MAX_RANK, (byte) 0);
        assertArrayEquals(expected, actual);
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }
}
