package org.oktoblas.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.oktoblas.engine.backend.Storage;

/** {@link TransformerOps#append}: what it gives is concatenation, what it copies differs. */
abstract class AppendLaws {

    private final Device device;
    private final OktoNDManager manager;
    private final TransformerOps ops;

    AppendLaws(Device device) {
        this.device = device;
        manager = OktoNDManager.system().newSubManager(device);
        ops = manager.transformerOps();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    /** Numbers that occur once, by time. */
    private NDArray piece(int batch, int from, int time) {
        return manager.arange(batch * 3 * time * 2f)
                .reshape(batch, time, 3, 2)
                .add(1000 * from)
                .transpose(0, 2, 1, 3);
    }

    private static Storage memory(NDArray array) {
        return ((OktoNDArray) array).tensor().storage();
    }

    private static void assertEqual(NDArray expected, NDArray actual) {
        assertEquals(expected.getShape(), actual.getShape());
        assertArrayEquals(expected.toFloatArray(), actual.toFloatArray());
    }

    @Test
    void theNewestIsContinuedInPlaceUntilItsRoomIsUsed() {
        for (int batch : new int[] {1, 2}) {
            NDArray expected = piece(batch, 0, 5);
            NDArray all = ops.append(null, expected);
            assertNotSame(memory(expected), memory(all));
            int moves = 0;
            for (int time = 5; time < 200; time += 3) {
                NDArray added = piece(batch, time, 3);
                NDArray before = expected;
                expected = before.concat(added, 2);
                NDArray longer = ops.append(all, added);
                assertEqual(expected, longer);
                assertEqual(before, all);
                moves += memory(longer) == memory(all) ? 0 : 1;
                all = longer;
            }
            assertEquals(3, moves, "room for 64, 128, 192 and 256");
        }
    }

    @Test
    void whatWasCutOffInFrontStaysOff() {
        NDArray all = ops.append(null, piece(2, 0, 4));
        NDArray cut = all.get(":, :, 1:, ...");
        NDArray longer = ops.append(cut, piece(2, 9, 2));
        assertSame(memory(all), memory(longer));
        assertEqual(cut.concat(piece(2, 9, 2), 2), longer);
    }

    @Test
    void forksAndForeignArraysAreCopied() {
        NDArray all = ops.append(null, piece(2, 0, 4));
        NDArray first = ops.append(all, piece(2, 4, 1));
        NDArray second = ops.append(all, piece(2, 5, 1));
        assertSame(memory(all), memory(first));
        assertNotSame(memory(all), memory(second));
        assertEqual(all.concat(piece(2, 4, 1), 2), first);
        assertEqual(all.concat(piece(2, 5, 1), 2), second);

        List<NDArray> foreign =
                List.of(
                        first.duplicate(),
                        // Shorter at the end, one of the rows, rows in another order, heads too
                        first.get(":, :, :4"),
                        first.get("1:2"),
                        first.get(manager.create(new int[] {1, 0})),
                        first.flip(1),
                        piece(2, 0, 3),
                        manager.zeros(new Shape(2, 3, 0, 2)));
        for (NDArray past : foreign) {
            NDArray added = piece((int) past.getShape().get(0), 7, 2);
            NDArray longer = ops.append(past, added);
            assertNotSame(memory(past), memory(longer));
            assertEqual(past.concat(added, 2), longer);
        }
        // None of that has touched what is the newest still.
        assertSame(memory(first), memory(ops.append(first, piece(2, 8, 1))));
    }

    @Test
    void oneOfManyThreadsContinuesInPlace() throws Exception {
        NDArray past = ops.append(null, piece(1, 0, 7));
        ExecutorService pool = Executors.newFixedThreadPool(8);
        try {
            for (int round = 0; round < 40; round++) {
                NDArray newest = past;
                List<Callable<NDArray>> tasks = new ArrayList<>();
                List<NDArray> added = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    NDArray own = piece(1, 10 * round + i, 1);
                    added.add(own);
                    tasks.add(() -> ops.append(newest, own));
                }
                int inPlace = 0;
                List<Future<NDArray>> results = pool.invokeAll(tasks);
                for (int i = 0; i < 8; i++) {
                    NDArray longer = results.get(i).get();
                    assertEqual(newest.concat(added.get(i), 2), longer);
                    if (memory(longer) == memory(newest)) {
                        inPlace++;
                        past = longer;
                    }
                }
                assertEquals(1, inPlace);
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void theMemoryLivesAsLongAsAnyViewOfIt() {
        long before = OktoEngine.get().memoryUse(device).used();
        OktoNDManager keeper = manager.newSubManager();
        NDArray longer;
        NDArray all;
        try (OktoNDManager call = manager.newSubManager()) {
            all = ops.append(null, call.ones(new Shape(2, 3, 4, 2)));
            longer = ops.append(all, call.zeros(new Shape(2, 3, 1, 2)));
            longer.attach(keeper);
        }
        assertThrows(IllegalStateException.class, all::toFloatArray);
        NDArray longest = ops.append(longer, keeper.ones(new Shape(2, 3, 1, 2)));
        assertSame(memory(longer), memory(longest));
        assertEquals(2 * 3 * 5 * 2, longest.sum().getFloat());
        keeper.close();
        assertEquals(before, OktoEngine.get().memoryUse(device).used());
    }

    @Test
    void otherTypesAndOtherShapes() {
        NDArray half = piece(1, 0, 2).toType(DataType.FLOAT16, true);
        NDArray all = ops.append(ops.append(null, half), half);
        assertEquals(DataType.FLOAT16, all.getDataType());
        assertEqual(half.concat(half, 2), all);
        assertThrows(IllegalArgumentException.class, () -> ops.append(all, piece(2, 0, 1)));
        assertThrows(IllegalArgumentException.class, () -> ops.append(null, all.flatten()));
    }
}
