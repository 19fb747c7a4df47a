package org.oktoblas.kernels;

import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.oktoblas.cuda.CudaStream;

/**
 * Sequences that a GPT-2 continues. One thread at a time uses a session, and any may close it,
 * which waits for a call that is under way; several sessions may be used at once.
 */
public final class Gpt2Session implements AutoCloseable {

    /**
     * Up to so many tokens before the last go through steps, together with other sequences' tokens;
     * more through large products. It depends on the sequence's own length alone, as bits do.
     */
    private static final int STEPPED_TOKENS = 64;

    private final Gpt2Decoder decoder;
    private final CudaStream stream;
    private Gpt2Sequences sequences;
    private Gpt2Activations activations;
    private Gpt2Logits logits;
    private Gpt2Stepper stepper;
    private Gpt2Ahead ahead;

    /** Whether the logits of a sequence lack its newest token. */
    private boolean[] stale;

    private boolean closed;

    Gpt2Session(Gpt2Decoder decoder, CudaStream stream) {
        this.decoder = decoder;
        this.stream = stream;
    }

    /**
     * Takes the sequences' tokens so far, once and first.
     *
     * @param prompts tokens of the vocabulary, of each sequence one to as many as the context has
     * @throws org.oktoblas.cuda.CudaOutOfMemoryException if there is not enough memory; the session
     *     is as it was then
     */
    public synchronized void prompt(List<long[]> prompts) {
        requireOpen();
        if (sequences != null) {
            throw new IllegalStateException("A session takes prompts once.");
        }
        if (prompts.isEmpty()) {
            throw new IllegalArgumentException("A session needs a prompt at least.");
        }
        stream.lock().lock();
        try {
            sequences = new Gpt2Sequences(stream, decoder.shape(), prompts);
            activations = new Gpt2Activations(stream, decoder.shape(), decoder.steps());
            logits =
                    new Gpt2Logits(
                            stream,
                            decoder.shape(),
                            prompts.size(),
                            decoder.steps().warps(),
                            decoder.steps().mostColumns());
            stepper =
                    new Gpt2Stepper(
                            stream,
                            decoder.steps(),
                            decoder.weights(),
                            sequences,
                            activations,
                            logits);
            process();
            stale = new boolean[prompts.size()];
            Arrays.fill(stale, true);
        } catch (RuntimeException | Error e) {
            Closing.after(e, List.<AutoCloseable>of(this::free));
            throw e;
        } finally {
            stream.lock().unlock();
        }
    }

    /** Processes all tokens but the last ones, which the first step takes. */
    private void process() {
        int rows = sequences.rows();
        int[] slots =
                IntStream.range(0, rows)
                        .filter(row -> sequences.length(row) - 1 <= STEPPED_TOKENS)
                        .flatMap(
                                row ->
                                        IntStream.generate(() -> row)
                                                .limit(sequences.length(row) - 1))
                        .toArray();
        int[] positions = new int[slots.length];
        for (int i = 1; i < positions.length; i++) {
            positions[i] = slots[i] == slots[i - 1] ? positions[i - 1] + 1 : 0;
        }
        stepper.fill(slots, positions);
        for (int row = 0; row < rows; row++) {
            int tokens = sequences.length(row) - 1;
            if (tokens > STEPPED_TOKENS) {
                decoder.prompts()
                        .process(stream, decoder.weights(), sequences.addresses(), row, tokens);
            }
        }
    }

    /**
     * Appends one token to every sequence that has not ended and is not full.
     *
     * @param tokens by row; others' are ignored
     * @throws IllegalStateException after {@link #choose}
     */
    public synchronized void append(long[] tokens) {
        requireHost("append");
        if (tokens.length != sequences.rows()) {
            throw new IllegalArgumentException(
                    tokens.length + " tokens were given for " + sequences.rows() + " sequences.");
        }
        int[] rows = sequences.open();
        for (int row : rows) {
            if (tokens[row] < 0 || tokens[row] >= decoder.shape().vocabulary()) {
                throw new IllegalArgumentException(
                        "Token "
                                + tokens[row]
                                + " is not in the vocabulary of "
                                + decoder.shape().vocabulary()
                                + ".");
            }
        }
        if (rows.length == 0) {
            return;
        }
        locked(
                () -> {
                    // A token whose logits nobody wanted still needs its keys and values.
                    step();
                    sequences.append(rows, tokens);
                    return null;
                });
        for (int row : rows) {
            stale[row] = true;
        }
    }

    /**
     * Returns the logits of a sequence's next token; those of its last step where it has ended.
     *
     * @throws IllegalStateException after {@link #choose}
     */
    public synchronized float[] logits(int row) {
        requireHost("logits");
        return locked(
                () -> {
                    step();
                    return logits.get(row);
                });
    }

    /**
     * Returns every sequence's likeliest next token, the lowest of equals; -1 where logits are not
     * numbers.
     *
     * @throws IllegalStateException after {@link #choose}
     */
    public synchronized long[] argMax() {
        requireHost("argMax");
        return locked(
                () -> {
                    step();
                    return logits.likeliest();
                });
    }

    /** Computes logits for the newest tokens of the sequences that lack them. */
    private void step() {
        int[] rows =
                IntStream.range(0, sequences.rows())
                        .filter(row -> stale[row] && !sequences.hasEnded(row))
                        .toArray();
        if (rows.length > 0) {
            // First, as there may be no memory: nothing has changed then.
            sequences.requireCache(rows);
            logits.place(rows);
            stepper.step(rows, Gpt2Structs.Likeliest.NONE, (first, slots) -> {});
            Arrays.fill(stale, false);
        }
    }

    /**
     * Chooses a next token for every sequence that has not ended and is not full, and appends it.
     * The device is given some steps after that already.
     *
     * @param settings the same in all calls
     * @param maxTokens how many tokens will be asked for at most
     * @return by row; {@link TokenChoice#NO_TOKEN} where logits are not numbers, anything for other
     *     sequences
     */
    public synchronized long[] choose(TokenChoice.Settings settings, int maxTokens) {
        requirePrompt();
        if (ahead == null) {
            ahead =
                    new Gpt2Ahead(
                            stream, stepper, sequences, logits, decoder.choice(), decoder.rings());
        }
        return ahead.next(settings, maxTokens);
    }

    /** Ends a sequence: its part of the cache is freed and no more is computed for it. */
    public synchronized void end(int row) {
        requirePrompt();
        sequences.end(row);
    }

    /** Returns the bytes of device memory that the session takes. */
    public synchronized long byteSize() {
        return sequences == null
                ? 0
                : sequences.byteSize() + activations.byteSize() + logits.byteSize();
    }

    private <T> T locked(Supplier<T> work) {
        stream.lock().lock();
        try {
            return work.get();
        } finally {
            stream.lock().unlock();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("This session is closed.");
        }
    }

    private void requirePrompt() {
        requireOpen();
        if (sequences == null) {
            throw new IllegalStateException("This session has no prompts yet; call prompt first.");
        }
    }

    private void requireHost(String what) {
        requirePrompt();
        if (ahead != null) {
            throw new IllegalStateException(
                    what + " cannot follow choose, after which the device is some steps ahead.");
        }
    }

    private void free() {
        List<AutoCloseable> all = Arrays.asList(ahead, logits, activations, sequences);
        ahead = null;
        stepper = null;
        logits = null;
        activations = null;
        sequences = null;
        Closing.all(all);
    }

    /** Frees everything once the device has done what it was given; nothing is waited for here. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Closing.all(List.<AutoCloseable>of(this::free, decoder::release));
        }
    }
}
