package org.oktoblas.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One thing to generate.
 *
 * @param batch how many prompts at once
 * @param promptTokens the length of each
 * @param tokens how many tokens to generate for each, at least 2: the first one ends the prompt's
 *     time, the others are the decoding
 */
record InferCase(int batch, int promptTokens, int tokens) {

    InferCase {
        if (batch < 1 || promptTokens < 1 || tokens < 2) {
            throw new IllegalArgumentException(
                    "batch %d, prompt of %d tokens, %d tokens to generate: at least 1, 1 and 2 are needed"
                            .formatted(batch, promptTokens, tokens));
        }
    }

    /** Returns prompts of random tokens: the same ones for every engine and every run. */
    List<long[]> prompts(int vocabularySize) {
        SplittableRandom random = new SplittableRandom(17);
        List<long[]> prompts = new ArrayList<>();
        for (int i = 0; i < batch; i++) {
            prompts.add(random.longs(promptTokens, 0, vocabularySize).toArray());
        }
        return prompts;
    }

    @Override
    public String toString() {
        return "b%d in%d out%d".formatted(batch, promptTokens, tokens);
    }
}
