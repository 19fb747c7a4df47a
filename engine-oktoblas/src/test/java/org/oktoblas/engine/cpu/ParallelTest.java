package org.oktoblas.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Operations in parts, also where the system gives no threads. */
class ParallelTest {

    private static final int COUNT = 1000;

    /** A helper beside those that the machine's processors call for. */
    private static void helper() {
        assertEquals(1, Parallel.start(1, Thread::new));
    }

    @Test
    void aThreadThatCannotStartLeavesTheOthersToWork() {
        AtomicInteger asked = new AtomicInteger();
        int started =
                Parallel.start(
                        3,
                        task ->
                                asked.incrementAndGet() == 1
                                        ? new Thread(task)
                                        : new Thread(task) {
                                            @Override
                                            public void start() {
                                                throw new OutOfMemoryError("no native thread");
                                            }
                                        });
        assertEquals(1, started);
        assertEquals(2, asked.get());
        everyElementOnce();
    }

    @Test
    void theCallerWaitsForHelpersInTheMidstOfAPart() {
        helper();
        Thread caller = Thread.currentThread();
        AtomicInteger busy = new AtomicInteger();
        AtomicInteger helped = new AtomicInteger();
        for (int i = 0; i < 20; i++) {
            Parallel.runParts(
                    COUNT,
                    8,
                    (start, end) -> {
                        busy.incrementAndGet();
                        boolean own = Thread.currentThread() == caller;
                        helped.addAndGet(own ? 0 : 1);
                        sleep(own ? 1 : 5);
                        busy.decrementAndGet();
                    });
            assertEquals(0, busy.get(), "parts still running");
        }
        assertEquals(true, helped.get() > 0, "helpers helped");
    }

    @Test
    void manyCallersAtOnceAndCallsWithinCalls() throws Exception {
        helper();
        ExecutorService callers = Executors.newFixedThreadPool(8);
        List<Future<?>> results = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            results.add(
                    callers.submit(
                            () -> Parallel.runParts(4, 4, (start, end) -> everyElementOnce())));
        }
        for (Future<?> result : results) {
            result.get();
        }
        callers.shutdown();
    }

    @Test
    void helpersBeginWithSharesOfTheirOwn() {
        assumeTrue(Parallel.THREADS > 1, "there are no shares for a single thread");
        Thread caller = Thread.currentThread();
        CountDownLatch helped = new CountDownLatch(1);
        AtomicLong first = new AtomicLong();
        Parallel.runParts(
                COUNT,
                4 * Parallel.THREADS,
                (start, end) -> {
                    if (Thread.currentThread() == caller) {
                        await(helped);
                    } else if (helped.getCount() > 0) {
                        first.set(start);
                        helped.countDown();
                    }
                });
        assertEquals(true, first.get() >= COUNT / Parallel.THREADS, "began at " + first);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertEquals(true, latch.await(20, TimeUnit.SECONDS), "no helper came");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aSleepingHelperWakesUp() {
        helper();
        for (int i = 0; i < 20; i++) {
            // Longer than helpers stay awake.
            sleep(2);
            everyElementOnce();
        }
    }

    private static void everyElementOnce() {
        AtomicIntegerArray seen = new AtomicIntegerArray(COUNT);
        Parallel.runParts(
                COUNT,
                7,
                (start, end) -> {
                    for (long i = start; i < end; i++) {
                        seen.incrementAndGet((int) i);
                    }
                });
        int[] once = new int[COUNT];
        Arrays.fill(once, 1);
        int[] actual = new int[COUNT];
        Arrays.setAll(actual, seen::get);
        assertArrayEquals(once, actual);
    }

    private static void sleep(int millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aPartsFailureReachesTheCaller() {
        helper();
        IllegalStateException failure = new IllegalStateException("part");
        assertSame(
                failure,
                assertThrows(
                        IllegalStateException.class,
                        () ->
                                Parallel.runParts(
                                        COUNT,
                                        4,
                                        (start, end) -> {
                                            throw failure;
                                        })));
    }
}
