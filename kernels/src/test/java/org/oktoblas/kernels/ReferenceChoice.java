package org.oktoblas.kernels;

import java.util.Arrays;
import java.util.SplittableRandom;

/** What {@link TokenChoice} is to choose, step by step as its settings are documented. */
final class ReferenceChoice {

    private ReferenceChoice() {}

    /**
     * Chooses a token.
     *
     * @param history prompt and generated tokens
     * @param generated how many of them were generated
     */
    static int choose(float[] logits, int[] history, int generated, TokenChoice.Settings settings) {
        float[] changed = changed(logits, history, generated, settings);
        long[] ranked = ranked(changed);
        float best = changed[id(ranked[0])];
        for (float logit : changed) {
            if (Float.isNaN(logit) || !Float.isFinite(best)) {
                return TokenChoice.NO_TOKEN;
            }
        }
        if (settings.temperature() == 0) {
            return id(ranked[0]);
        }
        float scale = TokenWeights.scale(settings.temperature());
        long[] weights = new long[changed.length];
        long total = 0;
        int topK = settings.topK() == 0 ? changed.length : settings.topK();
        for (int i = 0; i < changed.length; i++) {
            int id = id(ranked[i]);
            if (i >= topK && changed[id] != changed[id(ranked[topK - 1])]) {
                break;
            }
            weights[id] = TokenWeights.of(changed[id], best, scale);
            total += weights[id];
        }
        if (settings.topP() < 1) {
            long wanted = TokenWeights.share(settings.topP(), total);
            total = 0;
            for (long entry : ranked) {
                weights[id(entry)] = total < wanted ? weights[id(entry)] : 0;
                total += weights[id(entry)];
            }
        }
        SplittableRandom random = new SplittableRandom(settings.seed());
        for (int i = 0; i < generated; i++) {
            random.nextDouble();
        }
        long target = TokenWeights.target(random.nextDouble(), total);
        int id = 0;
        for (long sum = weights[0]; sum <= target; sum += weights[id]) {
            id++;
        }
        return id;
    }

    private static float[] changed(
            float[] logits, int[] history, int generated, TokenChoice.Settings settings) {
        float[] changed = logits.clone();
        float penalty = (float) settings.repetitionPenalty();
        for (int id : Arrays.stream(history).distinct().toArray()) {
            changed[id] = changed[id] < 0 ? changed[id] * penalty : changed[id] / penalty;
        }
        if (settings.endOfText() >= 0 && generated < settings.minTokens()) {
            changed[settings.endOfText()] = Float.NEGATIVE_INFINITY;
        }
        return changed;
    }

    /** Tokens, the likeliest first, of equals the lowest. */
    private static long[] ranked(float[] logits) {
        long[] entries = new long[logits.length];
        for (int id = 0; id < entries.length; id++) {
            entries[id] = (~ordered(logits[id]) & 0xffffffffL) << 32 | id;
            // As unsigned numbers they are in order, which a signed sort keeps without this bit.
            entries[id] ^= Long.MIN_VALUE;
        }
        Arrays.sort(entries);
        return entries;
    }

    private static int id(long entry) {
        return (int) entry;
    }

    /** A logit's bits as {@code ordered_bits} of candidate.cuh. */
    static int ordered(float logit) {
        if (Float.isNaN(logit)) {
            return -1;
        }
        int bits = Float.floatToRawIntBits(logit + 0f);
        return bits ^ (bits >> 31 | Integer.MIN_VALUE);
    }
}
