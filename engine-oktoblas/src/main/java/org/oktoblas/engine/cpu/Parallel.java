package org.oktoblas.engine.cpu;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.LoggerFactory;

/**
 * Runs the parts of one operation on a few daemon threads and the calling one. How work is split
 * never changes results: every element is computed by one part alone.
 *
 * <p>Every thread has a share of the parts, the same one of every operation, whose elements its
 * core's cache may still have. Those that are done with theirs help with the others': a thread that
 * the system has put aside for another process holds up the part it has, not its whole share, and a
 * caller whose helpers are all busy does the work alone.
 */
final class Parallel {

    /** The number of threads, the caller's included. */
    static final int THREADS = threads();

    /** How long a thread without work stays awake: waking it takes about as long. */
    private static final long ATTENTIVE_NANOS =
            THREADS <= Runtime.getRuntime().availableProcessors() ? 100_000 : 0;

    /** Jobs of which some parts may not have been taken yet. */
    private static final Queue<Job> JOBS = new ConcurrentLinkedQueue<>();

    private static final Queue<Thread> ASLEEP = new ConcurrentLinkedQueue<>();

    static {
        start(THREADS - 1, Thread::new);
    }

    private Parallel() {}

    /**
     * Starts helpers, as many as the system gives: with fewer, or none, callers do more of the work
     * themselves.
     *
     * @return how many there are
     */
    static int start(int count, ThreadFactory threads) {
        for (int i = 0; i < count; i++) {
            try {
                Thread thread = threads.newThread(new Worker(i + 1));
                thread.setName("oktoblas-cpu-" + (i + 1));
                thread.setDaemon(true);
                thread.start();
            } catch (OutOfMemoryError e) {
                LoggerFactory.getLogger(Parallel.class)
                        .warn("Only {} of {} threads could be started: {}", i, count, e.toString());
                return i;
            }
        }
        return count;
    }

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
        runParts(count, (int) Math.min(4L * THREADS, count / grain), range);
    }

    /** Runs an operation in that many parts, on the calling thread and helpers that are free. */
    static void runParts(long count, int parts, Range range) {
        new Job(count, parts, range).run();
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

    /** A pool thread: takes parts of whatever job there is, and sleeps when there is none. */
    private static final class Worker implements Runnable {

        /** From 1 up; callers are all 0. */
        private final int number;

        Worker(int number) {
            this.number = number;
        }

        @Override
        public void run() {
            while (true) {
                Job job = JOBS.peek();
                if (job != null) {
                    job.work(number);
                } else if (!jobSoon()) {
                    sleep();
                }
            }
        }

        /** Looks out for a job as long as the gaps between a model's operations usually last. */
        private static boolean jobSoon() {
            long start = System.nanoTime();
            while (System.nanoTime() - start < ATTENTIVE_NANOS) {
                if (JOBS.peek() != null) {
                    return true;
                }
                Thread.onSpinWait();
            }
            return false;
        }

        private static void sleep() {
            Thread self = Thread.currentThread();
            ASLEEP.add(self);
            // A job that came before this thread was listed would not wake it.
            if (JOBS.peek() == null) {
                LockSupport.park();
            }
            ASLEEP.remove(self);
        }
    }

    private static final class Job {

        private final long count;
        private final int parts;
        private final Range range;
        private final Thread caller = Thread.currentThread();

        /** Of each share the first part that is not taken yet. */
        private final AtomicIntegerArray next;

        private final AtomicInteger left;
        private final AtomicReference<Throwable> failure = new AtomicReference<>();

        Job(long count, int parts, Range range) {
            this.count = count;
            this.parts = parts;
            this.range = range;
            left = new AtomicInteger(parts);
            next = new AtomicIntegerArray(Math.min(THREADS, parts));
            for (int share = 0; share < next.length(); share++) {
                next.set(share, firstPart(share));
            }
        }

        void run() {
            JOBS.add(this);
            for (int i = 1; i < Math.min(THREADS, parts); i++) {
                Thread sleeper = ASLEEP.poll();
                if (sleeper == null) {
                    break;
                }
                LockSupport.unpark(sleeper);
            }
            work(0);
            for (int spins = 0; left.get() > 0; spins++) {
                if (spins < 5000) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.parkNanos(this, 50_000);
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

        private int firstPart(int share) {
            return parts * share / next.length();
        }

        /** Takes parts until there are none; a thread that comes too late finds none. */
        void work(int thread) {
            for (int i = 0; i < next.length(); i++) {
                workOn((thread + i) % next.length());
            }
            // Whoever finds no more parts takes the job away; the parts in work go on.
            JOBS.remove(this);
        }

        private void workOn(int share) {
            int end = firstPart(share + 1);
            for (int part = next.getAndIncrement(share);
                    part < end;
                    part = next.getAndIncrement(share)) {
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
