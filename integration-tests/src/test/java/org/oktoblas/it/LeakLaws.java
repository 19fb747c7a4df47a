package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.oktoblas.engine.OktoEngine;

/**
 * A million small operations of all kinds, failing ones among them, under managers that live
 * shortly: all memory comes back.
 */
abstract class LeakLaws {

    /** Operations between the opening of a manager and its closing. */
    private static final int LIFE = 60;

    private static final int ROUNDS = 5;

    private static final DataType[] TYPES = EngineParity.TYPES;

    private final Target ours;

    LeakLaws(Target ours) {
        this.ours = ours;
    }

    private interface Work {
        /** Works on a matrix of 8 rows and columns with a manager that is soon closed. */
        void run(NDManager manager, NDArray matrix, int turn);
    }

    private static void fails(Class<? extends Exception> type, Work work, NDManager m, NDArray x) {
        assertThrows(type, () -> work.run(m, x, 0));
    }

    private static final List<Work> WORKS =
            List.of(
                    // Arithmetic, in place and not.
                    (m, x, i) -> x.add(x).mul(2),
                    (m, x, i) -> x.sub(1f).divi(3).addi(x.get(0)).negi(),
                    (m, x, i) -> x.exp().log().clip(-1, 1),
                    (m, x, i) -> x.gt(0.5f).logicalAnd(x.lt(2)).any(),
                    (m, x, i) -> x.getNDArrayInternal().where(x.gt(1), x.zerosLike()),
                    // Views and shapes.
                    (m, x, i) -> x.transpose().reshape(4, 16).get("1:3, ::2").duplicate(),
                    (m, x, i) -> x.expandDims(0).broadcast(3, 8, 8).get(1).squeeze(),
                    (m, x, i) -> x.split(4).get(i % 4).flatten(),
                    (m, x, i) -> NDArrays.concat(new NDList(x, x.transpose()), 1),
                    // Indexing.
                    (m, x, i) -> x.get(new NDIndex("{}", m.create(new long[] {i % 8, 0}))),
                    (m, x, i) -> x.get(x.gt(0)).sum(),
                    (m, x, i) -> x.duplicate().set(new NDIndex("1:3"), i),
                    (m, x, i) -> x.duplicate().set(new NDIndex("0"), x.get(i % 8)),
                    (m, x, i) -> x.getFloat(i % 8, 1),
                    // Reductions, order and products.
                    (m, x, i) -> x.sum(new int[] {i % 2}).mean(),
                    (m, x, i) -> x.argMax(i % 2).max(),
                    (m, x, i) -> x.sort(1).cumSum(0),
                    (m, x, i) -> x.softmax(1).matMul(x),
                    (m, x, i) -> x.dot(x).norm(),
                    // Conversions and copies.
                    (m, x, i) -> x.toType(TYPES[i % TYPES.length], false).toByteBuffer(),
                    (m, x, i) -> m.decode(x.encode()).toArray(),
                    (m, x, i) -> x.copyTo(m.create(new Shape(8, 8))),
                    (m, x, i) ->
                            m.create(FloatBuffer.allocate(64), new Shape(64)).set(x.toFloatArray()),
                    (m, x, i) -> m.arange(0, i % 50, 3, TYPES[i % 7]).getShape(),
                    // Random numbers.
                    (m, x, i) -> m.randomUniform(0, 1, new Shape(i % 5, 2), DataType.FLOAT64),
                    (m, x, i) -> m.randomPermutation(i % 9),
                    (m, x, i) -> m.truncatedNormal(new Shape(7)),
                    // Managers and scopes.
                    (m, x, i) -> {
                        try (NDManager inner = m.newSubManager()) {
                            x.tempAttach(inner);
                            inner.ret(x.add(inner.ones(new Shape(8))));
                        }
                    },
                    (m, x, i) -> {
                        try (NDScope scope = new NDScope()) {
                            scope.suppressNotUsedWarning();
                            NDScope.unregister(x.mul(2).add(1));
                        }
                    },
                    (m, x, i) -> {
                        NDArray kept = x.mul(3);
                        kept.detach();
                        kept.addi(1).close();
                        kept.close();
                    },
                    (m, x, i) -> x.duplicate().intern(x.add(1)),
                    // Failures before, midway and after.
                    (m, x, i) -> fails(IllegalArgumentException.class, LeakLaws::unfit, m, x),
                    (m, x, i) -> fails(IndexOutOfBoundsException.class, LeakLaws::outside, m, x),
                    (m, x, i) -> fails(IllegalArgumentException.class, LeakLaws::unlike, m, x),
                    (m, x, i) -> fails(IllegalStateException.class, LeakLaws::capped, m, x),
                    (m, x, i) -> fails(IllegalStateException.class, LeakLaws::closed, m, x),
                    (m, x, i) -> fails(IllegalArgumentException.class, LeakLaws::negative, m, x),
                    (m, x, i) -> fails(IllegalArgumentException.class, LeakLaws::cut, m, x));

    private static void unfit(NDManager m, NDArray x, int i) {
        x.add(1).matMul(x.get("1:"));
    }

    private static void outside(NDManager m, NDArray x, int i) {
        x.add(1).get(new NDIndex("{}", m.create(new long[] {3, 8})));
    }

    private static void unlike(NDManager m, NDArray x, int i) {
        NDArrays.concat(new NDList(x.add(1), m.ones(new Shape(3, 3))));
    }

    private static void capped(NDManager m, NDArray x, int i) {
        NDManager inner = m.newSubManager();
        NDArray own = x.duplicate();
        own.attach(inner);
        inner.cap();
        own.softmax(0);
    }

    private static void closed(NDManager m, NDArray x, int i) {
        NDArray lost = x.add(1);
        lost.close();
        x.mul(2).sub(lost);
    }

    private static void negative(NDManager m, NDArray x, int i) {
        m.sampleGamma(m.ones(new Shape(2)), m.create(new float[] {1, -1}));
    }

    private static void cut(NDManager m, NDArray x, int i) {
        byte[] bytes = new NDList(x, x).encode();
        NDList.decode(m, Arrays.copyOf(bytes, bytes.length - 1));
    }

    private static void work(NDManager root, NDArray matrix, int operations) {
        for (int done = 0; done < operations; done += LIFE) {
            try (NDManager manager = root.newSubManager()) {
                NDArray own = matrix.duplicate();
                own.attach(manager);
                for (int i = 0; i < LIFE; i++) {
                    // A line has three operations or so; only lines are counted.
                    WORKS.get((done + i) % WORKS.size()).run(manager, own, i);
                }
            }
        }
    }

    private long usedBytes() {
        return OktoEngine.get().memoryUse(ours.device()).used();
    }

    /**
     * On a GPU a fifth: whatever brings numbers to Java waits there for the device, some 20
     * microseconds each time.
     */
    @Test
    void aMillionOperationsLeaveNothing() throws Exception {
        ResidentMemory.assumeKnown();
        // Each line of the list is three operations on average.
        int lines = (ours.device().isGpu() ? 200_000 : 1_000_000) / 3;
        long before = usedBytes();
        long[] resident = new long[ROUNDS];
        try (NDManager root = ours.newManager()) {
            NDArray matrix = root.arange(64f).reshape(8, 8).divi(16);
            long used = usedBytes();
            int arrays = root.getManagedArrays().size();
            long least = Long.MAX_VALUE;
            for (int round = 0; round < ROUNDS; round++) {
                work(root, matrix, lines / ROUNDS);
                assertEquals(used, usedBytes(), "bytes in use after round " + round);
                assertEquals(arrays, root.getManagedArrays().size());
                resident[round] = ResidentMemory.kilobytes();
                if (round > 0) {
                    least = Math.min(least, resident[round] - resident[round - 1]);
                }
            }
            String report = "resident KB after each round: " + Arrays.toString(resident);
            System.out.println(report);
            // The first rounds compile code and fill pools of freed blocks; a leak grows in each.
            // 16 bytes an operation are 3 MB a round.
            assertTrue(least < 2_000, report);
            assertTrue(resident[ROUNDS - 1] - resident[1] < 24_000, report);
        }
        assertEquals(before, usedBytes(), "bytes in use");
    }
}
