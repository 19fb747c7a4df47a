package org.oktoblas.engine.cpu;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs the parts of one operation on a few daemon threads and the calling one. How work is split
 * never changes results: every element is computed by one part alone.
 */
final class Parallel {

    /** The number of threads, the caller's included. */
    static final int THREADS = threads();

    private static final Executor WORKERS = workers();

    private Parallel() {}

    /** A part of an operation: the elements, rows or heads from start to end. */
    interface Range {
        void run(long start, long end);
    }

    /**
     * Runs an operation over 0 … count, in parts of at least {@code grain}.
     *
     * @param grain how many make it worthwhile to wake another thread (about 50 µs of work)
     */
    static void run(long count, long grain, Range range) {
        if (count <= 0) {
            return;
        }
        if (THREADS == 1 || count < 2 * grain) {
            range.run(0, count);
            return;
        }
        // More parts than threads, so that a late thread does not hold up the others.
        int parts = (int) Math.min(4L * THREADS, count / grain);
        run(count, parts, Math.min(THREADS, parts) - 1, WORKERS, range);
    }

    /** Runs an operation in parts, on the calling thread and at most so many helpers. */
    static void run(long count, int parts, int helpers, Executor workers, Range range) {
        new Job(count, parts, range).run(helpers, workers);
    }

    private static int threads() {
        String value = System.getProperty("ai.djl.oktoblas.num_threads");
        if (value == null || value.isBlank()) {
            value = System.getenv("OKTOBLAS_NUM_THREADS");
        }
        if (value == null || value.isBlank()) {
            return Runtime.getRuntime().availableProcessors();
        }
        try {
            int threads = Integer.parseInt(value.trim());
            if (threads >= 1) {
                return threads;
            }
        } catch (NumberFormatException e) {
            // The message below says it.
        }
        throw new IllegalArgumentException(
                "ai.djl.oktoblas.num_threads (or OKTOBLAS_NUM_THREADS) must be a whole number from"
                        + " 1 up, not \""
                        + value
                        + "\".");
    }

    private static Executor workers() {
        if (THREADS == 1) {
            return null;
        }
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor pool =
                new ThreadPoolExecutor(
                        THREADS - 1,
                        THREADS - 1,
                        5,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        task -> {
                            Thread thread =
                                    new Thread(task, "oktoblas-cpu-" + number.incrementAndGet());
                            thread.setDaemon(true);
                            return thread;
                        });
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    private static final class Job {

        private final long count;
        private final int parts;
        private final Range range;
        private final Thread caller = Thread.currentThread();
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicInteger left;
        private final AtomicReference<Throwable> failure = new AtomicReference<>();

        Job(long count, int parts, Range range) {
            this.count = count;
            this.parts = parts;
            this.range = range;
            left = new AtomicInteger(parts);
        }

        void run(int helpers, Executor workers) {
            try {
                for (int i = 0; i < helpers; i++) {
                    workers.execute(this::work);
                }
            } catch (OutOfMemoryError | RejectedExecutionException e) {
                // The system gives no more threads: this one does what is left. It must not leave
                // before the helpers that did start, as they use the operation's memory.
            }
            work();
            for (int spins = 0; left.get() > 0; spins++) {
                if (spins < 1000) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.parkNanos(this, 100_000);
                }
            }
            Throwable thrown = failure.get();
            if (thrown instanceof RuntimeException e) {
                throw e;
            }
            if (thrown instanceof Error e) {
                throw e;
            }
        }

        /** Takes parts until there are none; a thread that comes too late finds none. */
        private void work() {
            for (int part = next.getAndIncrement(); part < parts; part = next.getAndIncrement()) {
                try {
                    range.run(count * part / parts, count * (part + 1) / parts);
                } catch (RuntimeException | Error e) {
                    failure.compareAndSet(null, e);
                } finally {
                    if (left.decrementAndGet() == 0) {
                        LockSupport.unpark(caller);
                    }
                }
            }
        }
    }
}
