package org.oktoblas.generate;

import java.util.List;

/**
 * A model at work on a batch of sequences, one token after another. One thread at a time.
 *
 * <p>First {@link #prompt}, then {@link #next} as often as wanted; after each, the logits for every
 * row's next token can be asked for. Or {@link #stream}, which chooses the tokens, too.
 */
public interface DecodingSession extends AutoCloseable {

    /** What is said when nothing can be chosen: the weights are damaged, or arithmetic overflew. */
    String NOT_NUMBERS = "The model's logits are not numbers";

    /** The most tokens that a sequence can have. */
    int contextLength();

    /** How many different tokens there are: the length of {@link #logits}. */
    int vocabularySize();

    /** The token that begins a text, or -1. */
    long beginOfText();

    /** The token that ends a text, or -1. */
    long endOfText();

    /**
     * Feeds the prompts, once and first.
     *
     * @param prompts token ids, a row each; not empty, of any lengths up to the context's
     */
    void prompt(List<long[]> prompts);

    /**
     * Feeds one more token to every row. A row that is full, or of no more interest, takes any
     * token and gives logits that mean nothing.
     */
    void next(long[] tokens);

    /**
     * Feeds the prompts, once and first, and lets next tokens be chosen as a configuration says, by
     * whatever does that best. Of the other methods none is called then but {@link #close}.
     *
     * @param prompts as for {@link #prompt}
     */
    default TokenStream stream(List<long[]> prompts, GenerationConfig config) {
        return new HostTokens(this, prompts, config);
    }

    /** The logits of a row's next token. */
    float[] logits(int row);

    /**
     * The likeliest next token of every row, the lowest of equals.
     *
     * @throws IllegalStateException if a row's largest logit is not a finite number
     */
    long[] argMax();

    @Override
    void close();
}
