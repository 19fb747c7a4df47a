package org.oktoblas.kernels;

/**
 * The probabilities of tokens as integers that are proportional to them. Integers add up to the
 * same sum in any order, and all operations here round as IEEE 754 says, so that the host and the
 * kernel {@code choose_tokens} draw the same tokens.
 */
public final class TokenWeights {

    /** From this logarithm to base 2 below the best downwards, a token has no weight. */
    private static final float REACH = 40;

    private static final double LOG2_E = 1 / Math.log(2);

    private TokenWeights() {}

    /** Returns what {@link #of} multiplies differences of logits by: log2(e) / temperature. */
    public static float scale(double temperature) {
        // Neither 0 nor infinite, of which a product with the other would be NaN.
        double scale = LOG2_E / temperature;
        return (float) Math.max(Float.MIN_NORMAL, Math.min(Float.MAX_VALUE, scale));
    }

    /**
     * Returns 2^40 exp((logit - best) / temperature), rounded down; exact to some 2^-20 of itself.
     *
     * @param logit -infinity, or a number up to the best
     * @param best the largest logit, finite
     * @param scale of the temperature
     */
    public static long of(float logit, float best, float scale) {
        float x = (best - logit) * scale;
        if (!(x < REACH)) {
            return 0;
        }
        int whole = (int) x;
        float part = x - whole;
        // 2^-part, of least relative error over [0, 1].
        float power = 0x1.c946c8p-14f;
        power = power * part - 0x1.4e2ae8p-10f;
        power = power * part + 0x1.39e3fcp-7f;
        power = power * part - 0x1.c6948ep-5f;
        power = power * part + 0x1.ebfac0p-3f;
        power = power * part - 0x1.62e42cp-1f;
        power = power * part + 1;
        return (long) (int) (power * 0x1p24f) << 16 >> whole;
    }

    /** Returns the least sum of weights that is a share of all: what top-p's tokens must reach. */
    public static long share(double share, long total) {
        return Math.max(1, Math.min((long) Math.ceil(share * total), total));
    }

    /**
     * Returns where a random number in [0, 1) lies among weights: the token to draw is the first
     * with which they sum to more than this.
     */
    public static long target(double uniform, long total) {
        return Math.min((long) (uniform * total), total - 1);
    }
}
