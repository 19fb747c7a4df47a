package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;
import org.oktoblas.generate.GenerationResult;
import org.oktoblas.gpt2.Precision;
import org.oktoblas.zoo.LanguageModel;

/** A prompt's tokens depend on the prompt and the seed, not on the company or the device. */
abstract class GenerationLaws {

    private static final int BATCH = 32;
    private static final int TOKENS = 16;
    private static final long[] PROMPT = {759, 1185, 468, 2152};

    private final Target ours;

    GenerationLaws(Target ours) {
        this.ours = ours;
    }

    private static GenerationConfig.Builder greedy() {
        return GenerationConfig.builder().maxTokens(TOKENS).stopAtEndOfText(false);
    }

    private static GenerationConfig sampled(long seed) {
        return greedy().temperature(0.8).topK(40).seed(seed).build();
    }

    private static List<long[]> generate(
            LanguageModel model, List<long[]> prompts, GenerationConfig config) {
        return model.generateIds(prompts, config, GenerationListener.NONE).stream()
                .map(GenerationResult::tokenIds)
                .toList();
    }

    private static long[] generate(LanguageModel model, GenerationConfig config) {
        return generate(model, List.of(PROMPT), config).get(0);
    }

    /** Prompts of other lengths and content, and in between some that are ours. */
    private static List<long[]> company() {
        List<long[]> prompts = new ArrayList<>();
        for (int row = 0; row < BATCH; row++) {
            int first = 100 + 31 * row;
            prompts.add(
                    row % 5 == 2 ? PROMPT : LongStream.range(first, first + 1 + row % 9).toArray());
        }
        return prompts;
    }

    private static void assertSameInCompany(LanguageModel model, GenerationConfig config) {
        long[] alone = generate(model, config);
        for (List<long[]> prompts : List.of(Collections.nCopies(BATCH, PROMPT), company())) {
            List<long[]> results = generate(model, prompts, config);
            for (int row = 0; row < BATCH; row++) {
                if (prompts.get(row) == PROMPT) {
                    assertArrayEquals(alone, results.get(row), "row " + row + ", " + config);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FP32", "FP16"})
    void aPromptHasTheSameTokensAloneAndInABatch(Precision precision) throws Exception {
        try (LanguageModel model = ours.load(Models.url(Models.PROSE), precision)) {
            assertSameInCompany(model, greedy().build());
            assertSameInCompany(model, greedy().repetitionPenalty(1.2).minTokens(3).build());
            for (long seed = 0; seed < 4; seed++) {
                assertSameInCompany(model, sampled(seed));
                assertSameInCompany(
                        model, sampled(seed).toBuilder().topK(0).topP(0.9).seed(seed).build());
            }
        }
    }

    /**
     * The same draws, on logits that differ in the last bits. A draw comes out differently if its
     * random number falls between the two devices' bounds of a token, which are some 1e-5 apart:
     * for these 128 draws that is improbable, and the same every time.
     */
    @Test
    void samplingIsTheCpusSampling() throws Exception {
        try (LanguageModel model = ours.load(Models.url(Models.PROSE), Precision.FP32);
                LanguageModel cpu = Target.CPU.load(Models.url(Models.PROSE), Precision.FP32)) {
            for (long seed = 0; seed < 8; seed++) {
                assertArrayEquals(
                        generate(cpu, sampled(seed)),
                        generate(model, sampled(seed)),
                        "seed " + seed);
            }
        }
    }
}
