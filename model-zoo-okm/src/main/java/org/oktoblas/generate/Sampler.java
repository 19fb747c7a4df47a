package org.oktoblas.generate;

import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;
import org.oktoblas.kernels.TokenChoice;
import org.oktoblas.kernels.TokenWeights;

/**
 * Chooses one row's next tokens from logits, as Hugging Face's logits processors would, in the
 * order that {@link GenerationConfig} gives. It has its own random numbers: the row's tokens depend
 * on the seed and its own logits, not on who else is in the batch. {@link TokenChoice} chooses the
 * same tokens on a device.
 */
final class Sampler {

    /**
     * How far below the best logit, over the temperature, top-p looks for its tokens before it
     * looks at all of them: sorting the few likely ones is faster than sorting a vocabulary.
     */
    private static final double[] REACH = {8, 16, Double.POSITIVE_INFINITY};

    private final GenerationConfig config;
    private final long endOfText;
    private final SplittableRandom random;
    private final BitSet seen = new BitSet();
    private int generated;

    /** By token, of those that may be drawn; 0 for others. */
    private long[] weights = {};

    Sampler(GenerationConfig config, long[] prompt, long endOfText) {
        this.config = config;
        this.endOfText = endOfText;
        random = new SplittableRandom(config.seed());
        for (long id : prompt) {
            seen.set(Math.toIntExact(id));
        }
    }

    /** Whether the next choice is simply the likeliest token, so that no logits are needed. */
    boolean takesArgMax() {
        return config.greedy() && config.repetitionPenalty() == 1 && !endSuppressed();
    }

    /** Counts a token that was chosen. */
    void accept(long token) {
        seen.set(Math.toIntExact(token));
        generated++;
    }

    /**
     * Chooses a token.
     *
     * @param logits by token; overwritten
     * @throws IllegalStateException if a logit is NaN, or the largest is infinite
     */
    int choose(float[] logits) {
        penalizeRepetition(logits);
        if (endSuppressed()) {
            logits[Math.toIntExact(endOfText)] = Float.NEGATIVE_INFINITY;
        }
        int likeliest = argMax(logits);
        if (!Float.isFinite(logits[likeliest])) {
            throw new IllegalStateException(DecodingSession.NOT_NUMBERS);
        }
        return config.greedy() ? likeliest : draw(logits, logits[likeliest]);
    }

    private boolean endSuppressed() {
        return generated < config.minTokens() && endOfText >= 0;
    }

    private void penalizeRepetition(float[] logits) {
        float penalty = (float) config.repetitionPenalty();
        if (penalty == 1) {
            return;
        }
        for (int id = seen.nextSetBit(0); id >= 0; id = seen.nextSetBit(id + 1)) {
            logits[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
        }
    }

    private int draw(float[] logits, float best) {
        float scale = TokenWeights.scale(config.temperature());
        float atLeast = topKThreshold(logits);
        weights = weights.length == logits.length ? weights : new long[logits.length];
        long total = 0;
        for (int id = 0; id < logits.length; id++) {
            weights[id] = logits[id] >= atLeast ? TokenWeights.of(logits[id], best, scale) : 0;
            total += weights[id];
        }
        if (config.topP() < 1) {
            total = keepTopP(logits, best, TokenWeights.share(config.topP(), total));
        }
        long target = TokenWeights.target(random.nextDouble(), total);
        int id = 0;
        for (long sum = weights[0]; sum <= target; sum += weights[id]) {
            id++;
        }
        return id;
    }

    /** The k-th largest logit: as Hugging Face does, equals of it stay in. */
    private float topKThreshold(float[] logits) {
        int k = config.topK();
        if (k == 0 || k >= logits.length) {
            return Float.NEGATIVE_INFINITY;
        }
        // Sorted, the smallest first. Few logits get past it, so that insertion is cheap.
        float[] largest = new float[k];
        Arrays.fill(largest, Float.NEGATIVE_INFINITY);
        for (float logit : logits) {
            if (logit > largest[0]) {
                int at = Arrays.binarySearch(largest, logit);
                int end = at < 0 ? -at - 1 : at;
                System.arraycopy(largest, 1, largest, 0, end - 1);
                largest[end - 1] = logit;
            }
        }
        return largest[0];
    }

    /**
     * Keeps the weights of the likeliest tokens, of which the last is the one with which they reach
     * a sum. Returns the kept ones' sum.
     */
    private long keepTopP(float[] logits, float best, long wanted) {
        long[] ranked = {};
        for (double reach : REACH) {
            ranked = ranked(logits, best - reach * config.temperature());
            long sum = 0;
            for (long entry : ranked) {
                sum += weights[id(entry)];
            }
            if (sum >= wanted) {
                break;
            }
        }
        long sum = 0;
        int kept = 0;
        while (sum < wanted) {
            sum += weights[id(ranked[kept++])];
        }
        long[] keptWeights = new long[kept];
        for (int i = 0; i < kept; i++) {
            keptWeights[i] = weights[id(ranked[i])];
        }
        Arrays.fill(weights, 0);
        for (int i = 0; i < kept; i++) {
            weights[id(ranked[i])] = keptWeights[i];
        }
        return sum;
    }

    /** The tokens from a logit upwards, likeliest first, the lower id first among equals. */
    private static long[] ranked(float[] logits, double floor) {
        long[] entries = new long[logits.length];
        int count = 0;
        for (int id = 0; id < logits.length; id++) {
            if (logits[id] >= floor && logits[id] != Float.NEGATIVE_INFINITY) {
                // Zeros of both signs become the same.
                int bits = Float.floatToIntBits(logits[id] + 0f);
                // Flipped so that larger floats are smaller ints: the sort below is ascending.
                int key = ~(bits ^ ((bits >> 31) & Integer.MAX_VALUE));
                entries[count++] = ((long) key << 32) | id;
            }
        }
        Arrays.sort(entries, 0, count);
        return Arrays.copyOf(entries, count);
    }

    private static int id(long entry) {
        return (int) entry;
    }

    /** The first of the largest; NaN counts as larger than any number. */
    private static int argMax(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] > values[best] || Float.isNaN(values[i])) {
                best = i;
            }
        }
        return best;
    }
}
