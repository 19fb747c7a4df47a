package org.oktoblas.generate;

import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;

/**
 * Chooses one row's next tokens from logits, as Hugging Face's logits processors would, in the
 * order that {@link GenerationConfig} gives. It has its own random numbers: the row's tokens depend
 * on the seed and its own logits, not on who else is in the batch.
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
        float atLeast = topKThreshold(logits);
        double total = 0;
        for (float logit : logits) {
            if (logit >= atLeast) {
                total += weight(logit, best);
            }
        }
        if (config.topP() < 1) {
            return drawTopP(logits, best, atLeast, total);
        }
        double target = random.nextDouble() * total;
        int last = -1;
        for (int id = 0; id < logits.length; id++) {
            if (logits[id] >= atLeast && logits[id] != Float.NEGATIVE_INFINITY) {
                last = id;
                target -= weight(logits[id], best);
                if (target < 0) {
                    break;
                }
            }
        }
        return last;
    }

    /** A token's probability, but for a common factor. */
    private double weight(float logit, float best) {
        return Math.exp(((double) logit - best) / config.temperature());
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

    /** Draws among the likeliest tokens, of which the last is the one that reaches top-p. */
    private int drawTopP(float[] logits, float best, float atLeast, double total) {
        double wanted = config.topP() * total;
        long[] ranked = {};
        double sum = 0;
        for (double reach : REACH) {
            double floor = Math.max(atLeast, best - reach * config.temperature());
            ranked = ranked(logits, floor);
            sum = 0;
            for (long entry : ranked) {
                sum += weight(logits[id(entry)], best);
            }
            if (sum >= wanted) {
                break;
            }
        }
        int kept = 0;
        double keptSum = 0;
        while (kept < ranked.length && (kept == 0 || keptSum < wanted)) {
            keptSum += weight(logits[id(ranked[kept++])], best);
        }
        double target = random.nextDouble() * keptSum;
        int at = 0;
        while (at < kept - 1) {
            target -= weight(logits[id(ranked[at])], best);
            if (target < 0) {
                break;
            }
            at++;
        }
        return id(ranked[at]);
    }

    /** The tokens from a logit upwards, likeliest first, the lower id first among equals. */
    private static long[] ranked(float[] logits, double floor) {
        long[] entries = new long[logits.length];
        int count = 0;
        for (int id = 0; id < logits.length; id++) {
            if (logits[id] >= floor && logits[id] != Float.NEGATIVE_INFINITY) {
                int bits = Float.floatToIntBits(logits[id]);
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
