package org.oktoblas.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

/** Operations in parts, also where the system gives no threads. */
class ParallelTest {

    private static final int COUNT = 1000;

    /** Starts the first helper, and fails for all others. */
    private static Executor failing(Throwable failure, CountDownLatch running) {
        AtomicInteger asked = new AtomicInteger();
        return task -> {
            if (asked.incrementAndGet() == 1) {
                new Thread(task).start();
                try {
                    // The helper is in the midst of a part when the next one fails to start.
                    running.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            } else if (failure instanceof Error e) {
                throw e;
            } else {
                throw (RuntimeException) failure;
            }
        };
    }

    @Test
    void withoutMoreThreadsTheCallerDoesTheRestAndWaits() {
        Throwable[] failures = {
            new OutOfMemoryError("unable to create native thread"),
            new RejectedExecutionException("shut down")
        };
        for (Throwable failure : failures) {
            Thread caller = Thread.currentThread();
            CountDownLatch running = new CountDownLatch(1);
            AtomicInteger busy = new AtomicInteger();
            AtomicIntegerArray seen = new AtomicIntegerArray(COUNT);
            Parallel.run(
                    COUNT,
                    8,
                    3,
                    failing(failure, running),
                    (start, end) -> {
                        busy.incrementAndGet();
                        if (Thread.currentThread() != caller) {
                            running.countDown();
                            sleep();
                        }
                        for (long i = start; i < end; i++) {
                            seen.incrementAndGet((int) i);
                        }
                        busy.decrementAndGet();
                    });
            assertEquals(0, busy.get(), "parts still running");
            int[] once = new int[COUNT];
            Arrays.fill(once, 1);
            int[] actual = new int[COUNT];
            Arrays.setAll(actual, seen::get);
            assertArrayEquals(once, actual);
        }
    }

    private static void sleep() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aPartsFailureReachesTheCaller() {
        IllegalStateException failure = new IllegalStateException("part");
        Executor none =
                task -> {
                    throw new OutOfMemoryError("unable to create native thread");
                };
        assertSame(
                failure,
                assertThrows(
                        IllegalStateException.class,
                        () ->
                                Parallel.run(
                                        COUNT,
                                        4,
                                        3,
                                        none,
                                        (start, end) -> {
                                            throw failure;
                                        })));
    }
}
