package org.oktoblas.generate;

/**
 * The next tokens of a batch of sequences, chosen one after another as a {@link GenerationConfig}
 * says, wherever that is done. It ends with its {@link DecodingSession}.
 */
public interface TokenStream {

    /**
     * Chooses a next token for every row that has not ended, and appends it. Not to be called more
     * often than the configuration's {@code maxTokens}.
     *
     * @return by row; rows that have ended have any
     * @throws IllegalStateException if a row's logits are not numbers
     */
    long[] next();

    /** Ends a row, of which no more is wanted: what it holds may be freed at once. */
    void end(int row);
}
