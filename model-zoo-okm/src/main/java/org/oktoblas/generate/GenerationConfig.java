package org.oktoblas.generate;

/**
 * How to generate. The settings mean what Hugging Face's of the same names mean, and apply in the
 * same order: {@linkplain #repetitionPenalty repetition penalty}, {@linkplain #minTokens minimum
 * length}, {@linkplain #temperature temperature}, {@linkplain #topK top-k}, {@linkplain #topP
 * top-p}.
 *
 * @param maxTokens how many tokens to generate at most, at least 1
 * @param minTokens before this many tokens end-of-text cannot be chosen; 0 for no minimum
 * @param temperature divides the logits before sampling; 0 takes the likeliest token always
 *     (greedy), and then top-k, top-p and seed play no part
 * @param topK sample among the k likeliest tokens only; 0 for all
 * @param topP sample among the fewest likeliest tokens only whose probabilities sum to at least
 *     this; 1 for all
 * @param repetitionPenalty divides the positive logits, and multiplies the negative ones, of tokens
 *     that prompt or generated text already hold; 1 for no penalty
 * @param seed of the random numbers; each row of a batch draws as if it were alone
 * @param stopAtEndOfText whether to stop at the model's end-of-text token, which is then no part of
 *     the result; otherwise it is a token like any other
 */
public record GenerationConfig(
        int maxTokens,
        int minTokens,
        double temperature,
        int topK,
        double topP,
        double repetitionPenalty,
        long seed,
        boolean stopAtEndOfText) {

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException naming the setting that makes no sense, and its range
     */
    public GenerationConfig {
        require(maxTokens >= 1, "maxTokens", maxTokens, "at least 1");
        require(minTokens >= 0, "minTokens", minTokens, "at least 0");
        require(
                minTokens <= maxTokens,
                "minTokens",
                minTokens,
                "at most maxTokens (" + maxTokens + ")");
        require(
                temperature >= 0 && Double.isFinite(temperature),
                "temperature",
                temperature,
                "0 (greedy) or a positive number");
        require(topK >= 0, "topK", topK, "0 (all tokens) or a positive number");
        require(topP > 0 && topP <= 1, "topP", topP, "above 0 and at most 1");
        require(
                repetitionPenalty > 0 && Double.isFinite(repetitionPenalty),
                "repetitionPenalty",
                repetitionPenalty,
                "a positive number, 1 for no penalty");
    }

    /** Returns a builder: 64 tokens, greedy, no penalty, seed 0, stopping at end-of-text. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns a builder that starts from these values. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.maxTokens = maxTokens;
        builder.minTokens = minTokens;
        builder.temperature = temperature;
        builder.topK = topK;
        builder.topP = topP;
        builder.repetitionPenalty = repetitionPenalty;
        builder.seed = seed;
        builder.stopAtEndOfText = stopAtEndOfText;
        return builder;
    }

    /** Whether the likeliest token is taken always. */
    public boolean greedy() {
        return temperature == 0;
    }

    private static void require(boolean holds, String name, Number value, String range) {
        if (!holds) {
            throw new IllegalArgumentException(name + " is " + value + ", but must be " + range);
        }
    }

    /** Builds a {@link GenerationConfig}. */
    public static final class Builder {
        private int maxTokens = 64;
        private int minTokens;
        private double temperature;
        private int topK;
        private double topP = 1;
        private double repetitionPenalty = 1;
        private long seed;
        private boolean stopAtEndOfText = true;

        private Builder() {}

        public Builder maxTokens(int value) {
            maxTokens = value;
            return this;
        }

        public Builder minTokens(int value) {
            minTokens = value;
            return this;
        }

        public Builder temperature(double value) {
            temperature = value;
            return this;
        }

        public Builder topK(int value) {
            topK = value;
            return this;
        }

        public Builder topP(double value) {
            topP = value;
            return this;
        }

        public Builder repetitionPenalty(double value) {
            repetitionPenalty = value;
            return this;
        }

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        public Builder stopAtEndOfText(boolean value) {
            stopAtEndOfText = value;
            return this;
        }

        /**
         * Builds the configuration.
         *
         * @throws IllegalArgumentException if a value is out of its range
         */
        public GenerationConfig build() {
            return new GenerationConfig(
                    maxTokens,
                    minTokens,
                    temperature,
                    topK,
                    topP,
                    repetitionPenalty,
                    seed,
                    stopAtEndOfText);
        }
    }
}
