package org.oktoblas.kernels;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.LockSupport;
import org.oktoblas.cuda.CudaEvent;
import org.oktoblas.cuda.CudaException;
import org.oktoblas.cuda.CudaOutOfMemoryException;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.PinnedMemory;

/**
 * Steps and choices that the device does one after another without the host, which only fetches the
 * tokens as they arrive in pinned memory.
 */
final class Gpt2Ahead implements AutoCloseable {

    /** Steps that the device has been given at most: enough that it never waits for the host. */
    private static final int MOST_PENDING = 8;

    /** Steps whose tokens have places of their own; more than are pending. */
    private static final int PLACES = 2 * MOST_PENDING;

    /** A step often takes less, and a sleep takes longer than it is asked to. */
    private static final long SPIN_NANOS = 300_000;

    private static final long PARK_NANOS = 20_000;

    /** How often the stream is asked whether it has failed. */
    private static final long CHECK_NANOS = 10_000_000;

    private final CudaStream stream;
    private final Gpt2Stepper stepper;
    private final Gpt2Sequences sequences;
    private final Gpt2Logits logits;
    private final TokenChoice choice;
    private final TokenRings rings;
    private final PinnedMemory ring;
    private final Deque<Step> pending = new ArrayDeque<>();
    private int queued;

    /** A step that has been enqueued, of numbers from 1 on. */
    private record Step(int number, int[] rows) {}

    Gpt2Ahead(
            CudaStream stream,
            Gpt2Stepper stepper,
            Gpt2Sequences sequences,
            Gpt2Logits logits,
            TokenChoice choice,
            TokenRings rings) {
        this.stream = stream;
        this.stepper = stepper;
        this.sequences = sequences;
        this.logits = logits;
        this.choice = choice;
        this.rings = rings;
        ring = rings.take(PLACES * sequences.rows());
    }

    /**
     * Returns the tokens of the next step.
     *
     * @param mostSteps beyond which none is enqueued ahead
     */
    long[] next(TokenChoice.Settings settings, int mostSteps) {
        stream.lock().lock();
        try {
            boolean more = true;
            while (more
                    && pending.size() < MOST_PENDING
                    && (pending.isEmpty() || queued < mostSteps)) {
                more = enqueue(settings);
            }
        } finally {
            stream.lock().unlock();
        }
        long[] tokens = new long[sequences.rows()];
        Step step = pending.peek();
        if (step != null) {
            for (int row : step.rows) {
                if (!sequences.hasEnded(row)) {
                    tokens[row] = await(step.number, row);
                }
            }
            pending.remove();
        }
        return tokens;
    }

    /** Enqueues a step unless there is nothing to do, or for the moment no memory to do it. */
    private boolean enqueue(TokenChoice.Settings settings) {
        int[] rows = sequences.open();
        if (rows.length == 0) {
            return false;
        }
        Step step = new Step(queued + 1, rows);
        TokenChoice.Sequences places =
                sequences.choice(ring.address() + (long) place(step.number, 0) * Long.BYTES);
        boolean alone =
                stepper.takesLikeliest(rows)
                        && TokenChoice.takesLikeliest(settings, sequences.generated(rows[0]));
        try {
            if (alone) {
                stepper.step(
                        rows,
                        new Gpt2Structs.Likeliest(places.tokens(), step.number),
                        (first, slots) -> {});
            } else {
                stepper.step(
                        rows,
                        Gpt2Structs.Likeliest.NONE,
                        (first, slots) ->
                                choice.choose(
                                        stream,
                                        logits.logits(first, slots.length),
                                        logits.best(first, slots.length),
                                        slots,
                                        places,
                                        step.number,
                                        settings));
            }
        } catch (CudaOutOfMemoryException e) {
            // Sequences may end before this step is needed.
            if (pending.isEmpty()) {
                throw e;
            }
            return false;
        }
        sequences.lengthen(rows);
        queued++;
        pending.add(step);
        return true;
    }

    private int place(int step, int row) {
        return step % PLACES * sequences.rows() + row;
    }

    private long await(int step, int row) {
        int place = place(step, row);
        long start = System.nanoTime();
        long checked = start;
        while (true) {
            long word = ring.get(place);
            if ((int) (word >>> 32) == step) {
                return (int) word;
            }
            long now = System.nanoTime();
            if (now - start < SPIN_NANOS) {
                Thread.onSpinWait();
                continue;
            }
            if (now - checked > CHECK_NANOS) {
                checked = now;
                if (stream.isIdle() && (int) (ring.get(place) >>> 32) != step) {
                    throw new IllegalStateException(
                            "Step "
                                    + step
                                    + " on "
                                    + stream.device()
                                    + " is done, but sequence "
                                    + row
                                    + " got no token. This is a mistake in this library; please"
                                    + " report it.");
                }
            }
            LockSupport.parkNanos(PARK_NANOS);
        }
    }

    /** Gives the pinned memory back; what the device still does is not waited for. */
    @Override
    public void close() {
        CudaEvent last = null;
        // Even where all tokens that were asked for have come: a sequence that has ended is still
        // part of steps that were enqueued before.
        if (queued > 0) {
            try {
                last = stream.record();
            } catch (CudaException e) {
                // Nobody can tell when the device is done with the memory: it is not used again.
                return;
            }
        }
        rings.giveBack(ring, last);
    }
}
