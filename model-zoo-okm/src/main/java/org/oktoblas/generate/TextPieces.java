package org.oktoblas.generate;

import java.util.Arrays;
import java.util.function.Function;

/**
 * Turns tokens into text as they come. A token may end within a character, whose bytes a tokenizer
 * shows as U+FFFD until the rest is there: such text is held back until a later token completes it,
 * or until the end. Tokens are decoded after a few that came before, because what a token looks
 * like may depend on these, and the text they add is what counts.
 */
public final class TextPieces {

    private static final char REPLACEMENT = '\uFFFD';

    private final Function<long[], String> decoder;
    private final StringBuilder text = new StringBuilder();

    /** Tokens whose text is out, kept for what comes after, then those that wait. */
    private long[] window = {};

    private int emitted;

    /**
     * Starts an empty text.
     *
     * @param decoder turns tokens into text, with U+FFFD for bytes that make no character
     */
    public TextPieces(Function<long[], String> decoder) {
        this.decoder = decoder;
    }

    /** Adds a token and returns the text that is complete now, perhaps none. */
    public String add(long token) {
        window = Arrays.copyOf(window, window.length + 1);
        window[window.length - 1] = token;
        String whole = decoder.apply(window);
        if (whole.isEmpty() || whole.charAt(whole.length() - 1) == REPLACEMENT) {
            return "";
        }
        return emit(whole);
    }

    /** Returns what was held back, at the end: bytes that never became a character, as U+FFFD. */
    public String flush() {
        return window.length == emitted ? "" : emit(decoder.apply(window));
    }

    private String emit(String whole) {
        String before = decoder.apply(Arrays.copyOf(window, emitted));
        String piece = whole.length() > before.length() ? whole.substring(before.length()) : "";
        window = Arrays.copyOfRange(window, emitted, window.length);
        emitted = window.length;
        text.append(piece);
        return piece;
    }

    /** All the text so far. */
    public String text() {
        return text.toString();
    }
}
