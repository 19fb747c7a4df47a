package org.oktoblas.generate;

/** Hears of every token as it is generated. */
@FunctionalInterface
public interface GenerationListener {

    /** Hears nothing and never cancels. */
    GenerationListener NONE = (row, tokenId, text) -> true;

    /**
     * Called once for each generated token, in order within a row, and once more with token id -1
     * where bytes of an unfinished character were left at the end. The pieces of a row put together
     * are the {@linkplain GenerationResult#text() text of its result}.
     *
     * @param row the prompt's index in its batch
     * @param tokenId the token, or -1
     * @param text the text that this token completes: empty while a character is unfinished, and
     *     always if the model has no tokenizer
     * @return false to stop generating this row
     */
    boolean onToken(int row, long tokenId, String text);
}
