package org.oktoblas.generate;

/**
 * How well a model predicts a text.
 *
 * @param tokens how many tokens were predicted: all but the first
 * @param negativeLogLikelihood their summed negative log-likelihood, in nats
 */
public record Score(long tokens, double negativeLogLikelihood) {

    /** exp of the mean negative log-likelihood; NaN if no token was predicted. */
    public double perplexity() {
        return tokens == 0 ? Double.NaN : Math.exp(negativeLogLikelihood / tokens);
    }
}
