package org.oktoblas.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * A batch of prompts being continued. Each {@link #advance} gives every row that still runs one
 * more token; a row that has ended stays in the batch, unheard, until all have, but no more is
 * computed for it where the session can do without.
 */
public final class Generation implements AutoCloseable {

    private final DecodingSession session;
    private final GenerationConfig config;
    private final List<Row> rows = new ArrayList<>();
    private final long start = System.nanoTime();
    private boolean started;

    /** Null until the first token is asked for, and where none is. */
    private TokenStream stream;

    /**
     * Prepares to continue prompts.
     *
     * @param session fresh, and closed with this
     * @param prompts token ids; an empty one stands for the begin-of-text token
     * @param decoder turns tokens into text as {@link TextPieces} wants it, or null for no text
     * @throws IllegalArgumentException if a prompt does not fit the context, or is empty and the
     *     model has no begin-of-text token; the session is closed then
     */
    public Generation(
            DecodingSession session,
            List<long[]> prompts,
            GenerationConfig config,
            Function<long[], String> decoder) {
        this.session = session;
        this.config = config;
        try {
            for (int i = 0; i < prompts.size(); i++) {
                rows.add(new Row(i, prompt(prompts, i), decoder));
            }
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    private long[] prompt(List<long[]> prompts, int index) {
        long[] prompt = prompts.get(index);
        String which = prompts.size() == 1 ? "The prompt" : "Prompt " + (index + 1);
        if (prompt.length > session.contextLength()) {
            throw new IllegalArgumentException(
                    which
                            + " has "
                            + prompt.length
                            + " tokens, but the model's context holds "
                            + session.contextLength());
        }
        for (long id : prompt) {
            if (id < 0 || id >= session.vocabularySize()) {
                throw new IllegalArgumentException(
                        which
                                + " has token "
                                + id
                                + ", but the model's tokens are 0 to "
                                + (session.vocabularySize() - 1));
            }
        }
        if (prompt.length > 0) {
            return prompt;
        }
        if (session.beginOfText() < 0) {
            throw new IllegalArgumentException(
                    which + " is empty, and the model has no begin-of-text token to start from");
        }
        return new long[] {session.beginOfText()};
    }

    /**
     * Gives every running row its next token, and its last text to a row that ends.
     *
     * @param listener hears of each
     * @return whether any row still runs
     */
    public boolean advance(GenerationListener listener) {
        if (!started) {
            started = true;
            start(listener);
        }
        if (!running()) {
            return false;
        }
        long[] next = stream.next();
        for (Row row : rows) {
            if (row.running()) {
                row.take(next[row.index], listener);
            }
        }
        return running();
    }

    private void start(GenerationListener listener) {
        rows.forEach(row -> row.endIfFull(listener));
        if (running()) {
            stream = session.stream(rows.stream().map(row -> row.prompt).toList(), config);
            rows.stream().filter(row -> !row.running()).forEach(row -> stream.end(row.index));
        }
    }

    private boolean running() {
        return rows.stream().anyMatch(Row::running);
    }

    /** Why a row has ended; null while it runs. */
    public StopReason stopReason(int row) {
        return rows.get(row).stopReason;
    }

    /** Generates to the end and returns the results, in the order of the prompts. */
    public List<GenerationResult> finish(GenerationListener listener) {
        boolean more = true;
        while (more) {
            more = advance(listener);
        }
        return rows.stream().map(Row::result).toList();
    }

    @Override
    public void close() {
        session.close();
    }

    /** One prompt and what has come of it. */
    private final class Row {
        private final int index;
        private final long[] prompt;
        private final TextPieces pieces;
        private final Function<long[], String> decoder;
        private long[] tokens = new long[16];
        private int count;
        private StopReason stopReason;
        private long firstTime = start;
        private long lastTime = start;

        Row(int index, long[] prompt, Function<long[], String> decoder) {
            this.index = index;
            this.prompt = prompt;
            this.decoder = decoder;
            pieces = decoder == null ? null : new TextPieces(decoder);
        }

        boolean running() {
            return stopReason == null;
        }

        void take(long token, GenerationListener listener) {
            lastTime = System.nanoTime();
            if (firstTime == start) {
                firstTime = lastTime;
            }
            if (config.stopAtEndOfText() && token == session.endOfText()) {
                end(StopReason.END_OF_TEXT, listener);
                return;
            }
            if (count == tokens.length) {
                tokens = Arrays.copyOf(tokens, 2 * count);
            }
            tokens[count++] = token;
            String piece = pieces == null ? "" : pieces.add(token);
            if (!listener.onToken(index, token, piece)) {
                end(StopReason.CANCELLED, listener);
            } else if (count >= config.maxTokens()) {
                end(StopReason.MAX_TOKENS, listener);
            } else {
                endIfFull(listener);
            }
        }

        void endIfFull(GenerationListener listener) {
            if (prompt.length + count >= session.contextLength()) {
                end(StopReason.CONTEXT_FULL, listener);
            }
        }

        private void end(StopReason reason, GenerationListener listener) {
            stopReason = reason;
            if (stream != null) {
                // First, as the listener takes its time.
                stream.end(index);
            }
            String rest = pieces == null ? "" : pieces.flush();
            if (!rest.isEmpty()) {
                listener.onToken(index, -1, rest);
            }
        }

        GenerationResult result() {
            return new GenerationResult(
                    decoder == null ? null : decoder.apply(prompt),
                    prompt,
                    pieces == null ? null : pieces.text(),
                    Arrays.copyOf(tokens, count),
                    (firstTime - start) / 1e6,
                    (lastTime - start) / 1e6,
                    stopReason);
        }
    }
}
