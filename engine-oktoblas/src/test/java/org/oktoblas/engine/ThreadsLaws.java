package org.oktoblas.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.oktoblas.engine.backend.Activation;
import org.oktoblas.engine.backend.MathMode;

/** Many threads on the same arrays. */
abstract class ThreadsLaws {

    private static final int THREADS = 8;

    private final Device device;

    ThreadsLaws(Device device) {
        this.device = device;
    }

    private static void run(Callable<Void> body) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<Void>> all = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                all.add(pool.submit(body));
            }
            for (Future<Void> one : all) {
                one.get();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void sharedWeightsGiveEveryThreadTheSameResult() throws Exception {
        try (OktoNDManager manager = OktoNDManager.system().newSubManager(device)) {
            NDArray weight = manager.randomNormal(new Shape(64, 48));
            NDArray x = manager.randomNormal(new Shape(5, 64));
            float[] expected = x.matMul(weight).softmax(1).toFloatArray();
            run(
                    () -> {
                        for (int i = 0; i < 200; i++) {
                            try (OktoNDManager inner = manager.newSubManager()) {
                                NDArray own = x.duplicate();
                                own.attach(inner);
                                NDArray y = own.matMul(weight).softmax(1);
                                assertArrayEquals(expected, y.toFloatArray());
                            }
                        }
                        return null;
                    });
        }
    }

    @Test
    void closingWhileOthersReadThrowsAtWorst() throws Exception {
        long before = OktoEngine.get().memoryUse(device).used();
        try (OktoNDManager manager = OktoNDManager.system().newSubManager(device)) {
            for (int round = 0; round < 100; round++) {
                NDArray shared = manager.ones(new Shape(300, 40));
                CyclicBarrier start = new CyclicBarrier(THREADS);
                AtomicInteger successes = new AtomicInteger();
                int closer = 1 + round % 40;
                run(
                        () -> {
                            start.await();
                            for (int i = 0; i < 50; i++) {
                                if (i == closer) {
                                    // Whoever closes first has read before anyone closed.
                                    assertTrue(successes.get() > 0, "no read went well");
                                    shared.close();
                                }
                                try (NDArray sum = shared.sum(new int[] {1});
                                        NDArray view = shared.get("1:3")) {
                                    assertEquals(40, sum.toFloatArray()[299]);
                                    assertEquals(1, view.toFloatArray()[0]);
                                    successes.incrementAndGet();
                                } catch (IllegalStateException e) {
                                    assertTrue(e.getMessage().contains("closed"), e.getMessage());
                                }
                            }
                            return null;
                        });
            }
        }
        assertEquals(before, OktoEngine.get().memoryUse(device).used());
    }

    @Test
    void closingALinearLayerWhileOthersUseItThrowsAtWorst() throws Exception {
        try (OktoNDManager manager = OktoNDManager.system().newSubManager(device)) {
            TransformerOps ops = manager.transformerOps();
            NDArray x = manager.ones(new Shape(3, 32));
            for (int round = 0; round < 30; round++) {
                TransformerOps.Linear linear;
                try (NDArray weight = manager.ones(new Shape(32, 16));
                        NDArray bias = manager.ones(new Shape(16))) {
                    linear = ops.linear(manager, weight, false, bias, MathMode.FLOAT32);
                }
                AtomicInteger successes = new AtomicInteger();
                int closer = 1 + round;
                run(
                        () -> {
                            for (int i = 0; i < 40; i++) {
                                if (i == closer) {
                                    // Whoever closes first has used it before anyone closed.
                                    assertTrue(successes.get() > 0, "no use went well");
                                    linear.close();
                                }
                                try (NDArray y = ops.apply(linear, x, Activation.NONE)) {
                                    assertEquals(33, y.toFloatArray()[47]);
                                    successes.incrementAndGet();
                                } catch (IllegalStateException e) {
                                    assertTrue(e.getMessage().contains("closed"), e.getMessage());
                                }
                            }
                            return null;
                        });
            }
        }
    }

    @Test
    void closingAManagerWhileOthersAddToItLosesNothing() throws Exception {
        long before = OktoEngine.get().memoryUse(device).used();
        for (int round = 0; round < 50; round++) {
            OktoNDManager manager = OktoNDManager.system().newSubManager(device);
            CyclicBarrier start = new CyclicBarrier(THREADS);
            int closer = round;
            run(
                    () -> {
                        start.await();
                        try {
                            for (int i = 0; i < 60; i++) {
                                if (i == closer) {
                                    manager.close();
                                }
                                NDManager inner = manager.newSubManager();
                                inner.ones(new Shape(50)).add(1).close();
                                manager.ones(new Shape(50)).add(1);
                            }
                        } catch (IllegalStateException e) {
                            assertTrue(e.getMessage().contains("closed"), e.getMessage());
                        }
                        return null;
                    });
            manager.close();
        }
        assertEquals(before, OktoEngine.get().memoryUse(device).used());
    }
}
