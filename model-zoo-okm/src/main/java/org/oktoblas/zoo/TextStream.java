package org.oktoblas.zoo;

import ai.djl.inference.streaming.StreamingTranslator.StreamOutput;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Queue;
import org.oktoblas.generate.Generation;
import org.oktoblas.generate.StopReason;

/**
 * One prompt's continuation, generated as it is read. DJL's {@code streamingPredict} returns it as
 * a {@code StreamOutput<String>}, whose {@code getIterativeOutput()} gives the next piece of text
 * at every call, and null at the end; as an {@link Iterator} it says so without null.
 *
 * <p>Reading to the end frees what it holds; who stops before that closes it.
 */
public final class TextStream extends StreamOutput<String>
        implements Iterator<String>, AutoCloseable {

    /** A token and the text that it completed. */
    record Piece(long tokenId, String text) {}

    private final Generation generation;
    private final Runnable onClose;
    private final Queue<Piece> pieces = new ArrayDeque<>();
    private boolean ended;

    TextStream(Generation generation, Runnable onClose) {
        this.generation = generation;
        this.onClose = onClose;
    }

    /** Whether there is another piece; generates until there is, or the text ends. */
    @Override
    public boolean hasNext() {
        while (pieces.isEmpty() && !ended) {
            boolean more;
            try {
                more =
                        generation.advance(
                                (row, token, text) -> {
                                    if (!text.isEmpty()) {
                                        pieces.add(new Piece(token, text));
                                    }
                                    return true;
                                });
            } catch (RuntimeException | Error e) {
                close();
                throw e;
            }
            if (!more) {
                close();
            }
        }
        return !pieces.isEmpty();
    }

    @Override
    public String next() {
        return nextPiece().text();
    }

    Piece nextPiece() {
        if (!hasNext()) {
            throw new NoSuchElementException("The text has ended");
        }
        return pieces.remove();
    }

    /** Why the text ended; null while it has not. */
    public StopReason stopReason() {
        return generation.stopReason(0);
    }

    /** Returns the next piece of text, or null after the last. */
    @Override
    public String getIterativeOutputInternal() {
        return hasNext() ? next() : null;
    }

    @Override
    protected String buildAsyncOutput() {
        throw new UnsupportedOperationException(
                "A String cannot be filled in later; call getIterativeOutput() for each piece");
    }

    @Override
    protected void computeAsyncOutputInternal(String output) {
        throw new UnsupportedOperationException("Call getIterativeOutput() for each piece");
    }

    @Override
    public void close() {
        if (!ended) {
            ended = true;
            generation.close();
            onClose.run();
        }
    }
}
