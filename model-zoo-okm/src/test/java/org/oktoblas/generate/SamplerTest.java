package org.oktoblas.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** What is drawn, against the distributions that Hugging Face's processors define. */
class SamplerTest {

    private static final int END = 6;
    private static final float[] LOGITS = {1.5f, -0.5f, 2.5f, 0f, 1.5f, -3f, 1f, 2f};

    private static Sampler sampler(GenerationConfig.Builder config, long... prompt) {
        return new Sampler(config.build(), prompt, END);
    }

    private static GenerationConfig.Builder config() {
        return GenerationConfig.builder().temperature(1);
    }

    /** The processors as their documentation defines them, one after the other. */
    private static double[] expected(GenerationConfig config, float[] logits, long... seen) {
        double[] scores = IntStream.range(0, logits.length).mapToDouble(i -> logits[i]).toArray();
        for (long id : Arrays.stream(seen).distinct().toArray()) {
            int i = (int) id;
            double penalty = config.repetitionPenalty();
            scores[i] = scores[i] < 0 ? scores[i] * penalty : scores[i] / penalty;
        }
        if (config.minTokens() > 0) {
            scores[END] = Double.NEGATIVE_INFINITY;
        }
        for (int i = 0; i < scores.length; i++) {
            scores[i] /= config.temperature();
        }
        if (config.topK() > 0 && config.topK() < scores.length) {
            double[] sorted = scores.clone();
            Arrays.sort(sorted);
            double threshold = sorted[sorted.length - config.topK()];
            for (int i = 0; i < scores.length; i++) {
                scores[i] = scores[i] < threshold ? Double.NEGATIVE_INFINITY : scores[i];
            }
        }
        double[] probabilities = softmax(scores);
        if (config.topP() < 1) {
            Integer[] order = IntStream.range(0, scores.length).boxed().toArray(Integer[]::new);
            double[] all = probabilities.clone();
            Arrays.sort(order, Comparator.comparingDouble(i -> all[i]));
            double below = 0;
            for (int rank = 0; rank < order.length - 1; rank++) {
                below += all[order[rank]];
                if (below <= 1 - config.topP()) {
                    scores[order[rank]] = Double.NEGATIVE_INFINITY;
                }
            }
            probabilities = softmax(scores);
        }
        return probabilities;
    }

    private static double[] softmax(double[] scores) {
        double sum = Arrays.stream(scores).map(Math::exp).sum();
        return Arrays.stream(scores).map(score -> Math.exp(score) / sum).toArray();
    }

    /** Draws many times and compares frequencies: five standard deviations, and never a zero. */
    private static void distributionIs(GenerationConfig.Builder builder, long... seen) {
        double[] expected = expected(builder.build(), LOGITS, seen);
        Sampler sampler = sampler(builder, seen);
        int draws = 100_000;
        int[] counts = new int[LOGITS.length];
        for (int i = 0; i < draws; i++) {
            counts[sampler.choose(LOGITS.clone())]++;
        }
        for (int id = 0; id < counts.length; id++) {
            double p = expected[id];
            double deviation = Math.sqrt(draws * p * (1 - p));
            assertEquals(
                    draws * p, counts[id], 5 * deviation, "token " + id + " of " + builder.build());
        }
    }

    @Test
    void temperatureSharpensAndFlattens() {
        distributionIs(config());
        distributionIs(config().temperature(0.3));
        distributionIs(config().temperature(3));
    }

    @Test
    void topKKeepsTheLikeliestAndTheirEquals() {
        distributionIs(config().topK(1));
        distributionIs(config().topK(2));
        distributionIs(config().topK(3)); // 0 and 4 are equal: four stay in
        distributionIs(config().topK(4));
        distributionIs(config().topK(100));
    }

    @Test
    void topPKeepsTheFewestThatSumToIt() {
        distributionIs(config().topP(0.01));
        distributionIs(config().topP(0.3));
        distributionIs(config().topP(0.5));
        distributionIs(config().topP(0.95));
        distributionIs(config().topP(0.6).topK(3));
        distributionIs(config().topP(0.9).temperature(2));
        distributionIs(config().topP(0.999).temperature(30));
    }

    @Test
    void repetitionPenaltyComesOnceForATokenAndFirst() {
        distributionIs(config().repetitionPenalty(1.7), 2, 2, 5);
        distributionIs(config().repetitionPenalty(0.5), 1, 7);
        distributionIs(config().repetitionPenalty(3).topK(2).temperature(0.7), 2);
    }

    @Test
    void endOfTextWaitsForMinTokens() {
        distributionIs(config().minTokens(5).maxTokens(10));
        Sampler sampler = sampler(GenerationConfig.builder().minTokens(2));
        float[] logits = {0, 1, 0, 0, 0, 0, 9, 0};
        assertFalse(sampler.takesArgMax());
        assertEquals(1, sampler.choose(logits.clone()));
        sampler.accept(1);
        assertEquals(1, sampler.choose(logits.clone()));
        sampler.accept(1);
        assertTrue(sampler.takesArgMax());
        assertEquals(END, sampler.choose(logits.clone()));
    }

    @Test
    void greedyTakesTheLowestOfEqualsAfterThePenalty() {
        assertEquals(2, sampler(GenerationConfig.builder()).choose(LOGITS.clone()));
        Sampler penalized = sampler(GenerationConfig.builder().repetitionPenalty(2), 2);
        assertEquals(7, penalized.choose(LOGITS.clone()));
        penalized.accept(7);
        assertEquals(0, penalized.choose(LOGITS.clone()));
    }

    @Test
    void aSeedTellsTheWholeSequence() {
        assertArrayEquals(draws(config().seed(5)), draws(config().seed(5)));
        assertFalse(Arrays.equals(draws(config().seed(5)), draws(config().seed(6))));
    }

    private static int[] draws(GenerationConfig.Builder config) {
        Sampler sampler = sampler(config);
        return IntStream.range(0, 50).map(i -> sampler.choose(LOGITS.clone())).toArray();
    }

    /** A vocabulary in which top-p has to look further than the likeliest few. */
    @Property(tries = 30)
    void topPAgreesOnLargeVocabularies(
            @ForAll @IntRange(max = 1000) int seed,
            @ForAll @IntRange(min = 1, max = 99) int percent) {
        Random random = new Random(seed);
        float[] logits = new float[5000];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) random.nextGaussian() * 3;
        }
        GenerationConfig.Builder builder = config().topP(percent / 100.0).seed(seed);
        double[] expected = expected(builder.build(), logits);
        Sampler sampler = sampler(builder);
        for (int i = 0; i < 50; i++) {
            assertTrue(expected[sampler.choose(logits.clone())] > 0);
        }
    }

    /** A model whose arithmetic overflew must not look like one that likes token 0. */
    @Test
    void logitsThatAreNotNumbersAreRefusedInEveryMode() {
        float nan = Float.NaN;
        float infinity = Float.POSITIVE_INFINITY;
        for (float[] logits :
                new float[][] {
                    {nan, nan, nan, nan, nan, nan, nan, nan},
                    {nan, 1, 2, 3, 4, 5, 6, 7},
                    {0, 1, 2, nan, 4, 5, 6, 7},
                    {0, 1, infinity, 3, 4, 5, 6, 7},
                }) {
            for (GenerationConfig.Builder builder :
                    List.of(
                            GenerationConfig.builder(),
                            GenerationConfig.builder().minTokens(2),
                            config(),
                            config().topK(2),
                            config().topP(0.5),
                            config().topP(0.5).topK(2))) {
                Sampler sampler = sampler(builder);
                String message =
                        assertThrows(
                                        IllegalStateException.class,
                                        () -> sampler.choose(logits.clone()),
                                        builder.build().toString())
                                .getMessage();
                assertEquals("The model's logits are not numbers", message);
            }
        }
    }
}
