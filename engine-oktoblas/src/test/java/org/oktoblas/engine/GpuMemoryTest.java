package org.oktoblas.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.oktoblas.engine.backend.MemoryUse;

/** A GPU's memory: given back, and survived when it runs out. */
@RequiresGpu
class GpuMemoryTest {

    private static final Device GPU = Device.gpu();

    private long before;

    private static MemoryUse memory() {
        return OktoEngine.get().memoryUse(GPU);
    }

    @BeforeEach
    void count() {
        before = memory().used();
    }

    @AfterEach
    void nothingIsLeft() {
        assertEquals(before, memory().used(), "bytes in use");
    }

    private static NDManager newManager() {
        return OktoEngine.get().newBaseManager(GPU);
    }

    /** Makes arrays of a sixteenth of the memory until there is none left. */
    private static EngineException exhaust(NDManager manager) {
        Shape shape = new Shape(memory().total() / 16 / Float.BYTES);
        return assertThrows(
                EngineException.class,
                () -> {
                    for (int i = 0; i < 17; i++) {
                        manager.create(shape, DataType.FLOAT32);
                    }
                });
    }

    private static void assertComputes(NDManager manager) {
        NDArray a = manager.arange(12f).reshape(3, 4);
        NDArray product = a.matMul(manager.ones(new Shape(4, 2))).softmax(0).sum(new int[] {0});
        assertArrayEquals(new float[] {1, 1}, product.toFloatArray(), 1e-6f);
    }

    @Test
    void runningOutTenTimesIsSurvived() {
        for (int i = 0; i < 10; i++) {
            try (NDManager manager = newManager()) {
                EngineException e = exhaust(manager);
                assertTrue(e.getMessage().contains("Out of memory"), e.getMessage());
                assertTrue(e.getMessage().contains("gpu(0)"), e.getMessage());
                assertTrue(e.getMessage().contains("Close"), e.getMessage());
            }
            assertEquals(before, memory().used());
            try (NDManager manager = newManager()) {
                assertComputes(manager);
            }
        }
    }

    @Test
    void runningOutWithinAnOperationLeavesItsOperandsAlone() {
        try (NDManager manager = newManager()) {
            Shape shape = new Shape(memory().total() / 8 / Float.BYTES);
            NDArray large = manager.ones(shape);
            NDManager results = manager.newSubManager();
            EngineException e =
                    assertThrows(
                            EngineException.class,
                            () -> {
                                for (int i = 0; i < 9; i++) {
                                    large.add(1).attach(results);
                                }
                            });
            assertTrue(e.getMessage().contains("Out of memory"), e.getMessage());
            results.close();
            assertEquals(2, large.add(1).max().getFloat());
            assertEquals(1, large.min().getFloat());
        }
    }

    @Test
    void aThreadThatRunsOutDisturbsNoOther() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(5);
        try {
            List<Future<Void>> all = new ArrayList<>();
            Callable<Void> body =
                    () -> {
                        for (int i = 0; i < 200; i++) {
                            try (NDManager manager = newManager()) {
                                assertComputes(manager);
                            } catch (EngineException e) {
                                // There may be nothing left for this one either.
                                assertTrue(e.getMessage().contains("Out of memory"), e.toString());
                            }
                        }
                        return null;
                    };
            for (int i = 0; i < 4; i++) {
                all.add(pool.submit(body));
            }
            all.add(
                    pool.submit(
                            () -> {
                                for (int i = 0; i < 5; i++) {
                                    try (NDManager manager = newManager()) {
                                        exhaust(manager);
                                    }
                                }
                                return null;
                            }));
            for (Future<Void> one : all) {
                one.get();
            }
        } finally {
            pool.shutdownNow();
        }
        try (NDManager manager = newManager()) {
            assertComputes(manager);
        }
    }

    @Test
    void closingAManagerReturnsItsMemory() {
        Shape shape = new Shape(1000, 1000);
        try (NDManager manager = newManager()) {
            NDArray array = manager.zeros(shape);
            long one = memory().used() - before;
            assertTrue(one >= 4_000_000 && one < 5_000_000, one + " bytes");
            NDManager inner = manager.newSubManager();
            for (int i = 0; i < 10; i++) {
                array.add(i).attach(inner);
            }
            assertEquals(before + 11 * one, memory().used());
            assertTrue(memory().peak() >= before + 11 * one);
            assertTrue(memory().reserved() >= memory().used());
            inner.close();
            assertEquals(before + one, memory().used());
        }
    }
}
