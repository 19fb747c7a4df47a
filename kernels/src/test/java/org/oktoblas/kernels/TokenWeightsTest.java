package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Weights against exponentials in double. */
class TokenWeightsTest {

    private static final double ONE = 0x1p40;

    @Test
    void weightsAreExponentials() {
        Random random = new Random(1);
        for (int i = 0; i < 200_000; i++) {
            double temperature = Math.exp(random.nextGaussian());
            float best = (float) random.nextGaussian() * 50;
            float logit = best - (float) (random.nextDouble() * 20 * temperature);
            double expected = ONE * Math.exp(((double) logit - best) / temperature);
            long weight = TokenWeights.of(logit, best, TokenWeights.scale(temperature));
            assertEquals(expected, weight, expected * 0x1p-18 + 1, logit + " below " + best);
        }
    }

    @Test
    void theBestHasTheWholeWeightAndTheHopelessNone() {
        for (double temperature : new double[] {1e-300, 1e-30, 1e-3, 1, 1e3, 1e30, 1e300}) {
            float scale = TokenWeights.scale(temperature);
            for (float best : new float[] {0, -0f, 1, -1e30f, Float.MAX_VALUE, Float.MIN_VALUE}) {
                assertEquals(1L << 40, TokenWeights.of(best, best, scale));
                assertEquals(0, TokenWeights.of(Float.NEGATIVE_INFINITY, best, scale));
            }
        }
        float scale = TokenWeights.scale(1);
        assertEquals(0, TokenWeights.of(-27.8f, 0, scale));
        assertTrue(TokenWeights.of(-27.7f, 0, scale) > 0);
    }

    @Test
    void sharesAndTargetsStayWithinTheSum() {
        long total = (1L << 60) + 12345;
        assertEquals(total, TokenWeights.share(Math.nextDown(1.0), total), 512);
        assertTrue(TokenWeights.share(Math.nextDown(1.0), total) <= total);
        assertEquals(7, TokenWeights.share(1, 7));
        assertEquals(1, TokenWeights.share(1e-300, total));
        assertEquals(51, TokenWeights.share(0.501, 100));
        assertEquals(50, TokenWeights.share(0.5, 100));
        assertEquals(total - 1, TokenWeights.target(Math.nextDown(1.0), total), 512);
        assertTrue(TokenWeights.target(Math.nextDown(1.0), total) < total);
        assertEquals(0, TokenWeights.target(Math.nextDown(1.0), 1));
        assertEquals(25, TokenWeights.target(0.25, 100));
    }
}
