package org.oktoblas.zoo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;
import org.oktoblas.generate.GenerationResult;
import org.oktoblas.generate.Score;
import org.oktoblas.generate.StopReason;
import org.oktoblas.gpt2.Precision;
import org.oktoblas.gpt2.ReferenceGpt2;
import org.oktoblas.gpt2.SmallModel;
import org.oktoblas.okm.OkmWriter.Form;

/** What a language model does on any device. */
abstract class LanguageModelLaws {

    private static final int CONTEXT = 16;

    @TempDir private static Path folder;

    private static Path path;
    private static SmallModel weights;

    @BeforeAll
    static void write() throws Exception {
        weights = ZooModels.model(CONTEXT);
        path = ZooModels.write(folder.resolve("tiny.okm"), Form.FILE, weights, true);
    }

    abstract Device device();

    static String modelPath() {
        return path.toString();
    }

    private LanguageModel load(Precision precision) throws Exception {
        return LanguageModel.load(
                path.toString(), new LanguageModel.Options(null, device(), precision));
    }

    @Test
    void itSaysWhatItIs() throws Exception {
        try (LanguageModel model = load(Precision.AUTO)) {
            assertEquals("OktoBLAS", model.engineName());
            assertEquals(device(), model.device());
            assertEquals("fp32", model.precision());
            assertEquals(CONTEXT, model.config().contextLength());
            assertTrue(model.tokenizer().isPresent());
        }
        try (LanguageModel model = load(Precision.BF16)) {
            assertEquals("bf16", model.precision());
        }
    }

    @Test
    void textsOfAnyLengthsAreContinuedAsOneBatch() throws Exception {
        List<String> prompts = List.of("a", "é😀", "");
        GenerationConfig config =
                GenerationConfig.builder().maxTokens(30).stopAtEndOfText(false).build();
        try (LanguageModel model = load(null)) {
            int arrays = model.model().getNDManager().getManagedArrays().size();
            StringBuilder[] heard = {new StringBuilder(), new StringBuilder(), new StringBuilder()};
            List<GenerationResult> results =
                    model.generate(
                            prompts,
                            config,
                            (row, token, text) -> {
                                heard[row].append(text);
                                return true;
                            });
            for (int row = 0; row < prompts.size(); row++) {
                GenerationResult result = results.get(row);
                assertEquals(prompts.get(row), result.prompt());
                assertEquals(StopReason.CONTEXT_FULL, result.stopReason());
                assertEquals(result.text(), heard[row].toString());
                long[] expected =
                        new ReferenceGpt2(weights)
                                .greedy(result.promptIds(), CONTEXT - result.promptIds().length);
                assertArrayEquals(expected, result.tokenIds());
            }
            assertArrayEquals(new long[] {ZooModels.END}, results.get(2).promptIds());
            assertEquals(6, results.get(1).promptIds().length);
            assertEquals(arrays, model.model().getNDManager().getManagedArrays().size());
        }
    }

    @Test
    void aLongPromptIsAnErrorWithBothNumbers() throws Exception {
        try (LanguageModel model = load(null)) {
            GenerationConfig config = GenerationConfig.builder().build();
            String message =
                    assertThrows(
                                    IllegalArgumentException.class,
                                    () ->
                                            model.generate(
                                                    List.of("x".repeat(17)),
                                                    config,
                                                    GenerationListener.NONE))
                            .getMessage();
            assertTrue(message.contains("17") && message.contains("16"), message);
        }
    }

    @Test
    void aTextWithinTheContextIsScoredWhole() throws Exception {
        long[] ids = new Random(3).longs(CONTEXT, 0, 257).toArray();
        try (LanguageModel model = load(null)) {
            for (int length = 1; length <= CONTEXT; length++) {
                long[] part = Arrays.copyOf(ids, length);
                Score score = model.score(part);
                assertEquals(length - 1, score.tokens());
                assertEquals(
                        new ReferenceGpt2(weights).negativeLogLikelihood(part, 1),
                        score.negativeLogLikelihood(),
                        1e-4);
            }
            assertEquals(0, model.score("").tokens());
        }
    }

    /** By the Javadoc's words: every token once, in windows half a context apart. */
    @Test
    void aLongTextIsScoredInWindows() throws Exception {
        try (LanguageModel model = load(null)) {
            for (int length : new int[] {17, 24, 25, 40, 71}) {
                long[] ids = new Random(length).longs(length, 0, 257).toArray();
                List<Double> expected = new ArrayList<>();
                for (int start = 0; expected.size() < length - 1; start += CONTEXT / 2) {
                    int end = Math.min(length, start + CONTEXT);
                    long[] window = Arrays.copyOfRange(ids, start, end);
                    for (int token = expected.size() + 1; token < end; token++) {
                        long[] upTo = Arrays.copyOf(window, token - start + 1);
                        expected.add(
                                new ReferenceGpt2(weights)
                                        .negativeLogLikelihood(upTo, token - start));
                    }
                }
                Score score = model.score(ids);
                assertEquals(length - 1, score.tokens());
                assertEquals(
                        expected.stream().mapToDouble(Double::doubleValue).sum(),
                        score.negativeLogLikelihood(),
                        1e-3);
            }
        }
    }
}
