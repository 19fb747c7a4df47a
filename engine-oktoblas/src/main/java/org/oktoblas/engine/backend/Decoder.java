package org.oktoblas.engine.backend;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A whole GPT-2 on a device that runs it faster than its operations one by one: weights prepared
 * once, sessions that continue sequences. Threads may share it; a session belongs to one thread at
 * a time.
 */
public interface Decoder extends AutoCloseable {

    /**
     * What the network is.
     *
     * @param attentionScales by layer, what scores are multiplied by
     * @param activation between the two feed-forward products
     * @param tiedHead whether the head is the token table
     */
    record Spec(
            int numLayers,
            int hiddenSize,
            int numHeads,
            int innerSize,
            int vocabSize,
            int contextLength,
            Activation activation,
            double layerNormEpsilon,
            List<Double> attentionScales,
            boolean tiedHead) {}

    /** Weights by their Hugging Face names, row-major and little-endian; linear ones (in, out). */
    interface Weights {

        /** FLOAT32, FLOAT16 or BFLOAT16. */
        DataType dataType(String name);

        Shape shape(String name);

        ByteBuffer data(String name);
    }

    /**
     * How next tokens are chosen; the settings mean what Hugging Face's of these names mean.
     *
     * @param temperature 0 takes the likeliest token always, the lowest of equals
     * @param topK 0 for all
     * @param topP 1 for all
     * @param repetitionPenalty 1 for none
     * @param minTokens before so many generated tokens the end of text cannot be chosen
     * @param endOfText the token, or -1
     * @param seed of the random numbers; each sequence draws as if it were alone
     * @param maxTokens how many tokens will be asked for at most
     */
    record Sampling(
            double temperature,
            int topK,
            double topP,
            double repetitionPenalty,
            int minTokens,
            int endOfText,
            long seed,
            int maxTokens) {}

    /** Returns the bytes that the weights take on the device. */
    long byteSize();

    /** Starts a session, in which sequences are continued; its cache grows with them. */
    Session newSession();

    /** Frees the weights, once no session needs them. */
    @Override
    void close();

    /** Sequences being continued. */
    interface Session extends AutoCloseable {

        /**
         * Takes the sequences' tokens so far, once and first.
         *
         * @param prompts token ids in range, none empty or longer than the context, which the
         *     caller has checked
         */
        void prompt(List<long[]> prompts);

        /**
         * Appends one token to every sequence that has not ended and is not full; others' are
         * ignored.
         *
         * @throws IllegalStateException after {@link #choose}
         */
        void append(long[] tokens);

        /**
         * The logits of a sequence's next token. A sequence that has ended or is full has those of
         * its last step.
         *
         * @throws IllegalStateException after {@link #choose}
         */
        float[] logits(int row);

        /**
         * The likeliest next token of every sequence, the lowest of equals; -1 where logits are not
         * numbers.
         *
         * @throws IllegalStateException after {@link #choose}
         */
        long[] argMax();

        /**
         * Chooses a next token for every sequence that has not ended and is not full, and appends
         * it. The device may already be at work on the tokens after; it is waited for only until
         * the chosen ones are there.
         *
         * @param sampling the same in all calls of a session
         * @return by row; -1 where logits are not numbers. Rows that have ended, or whose sequence
         *     was full before, have any
         */
        long[] choose(Sampling sampling);

        /** Ends a sequence: its part of the cache is freed and no more is computed for it. */
        void end(int row);

        /** Returns the bytes of the device's memory that the session takes. */
        long byteSize();

        /** Frees the cache; work that the device has not done yet is waited for by the device. */
        @Override
        void close();
    }
}
