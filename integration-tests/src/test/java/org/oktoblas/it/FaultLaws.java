package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ModelException;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;
import org.oktoblas.generate.GenerationResult;
import org.oktoblas.generate.StopReason;
import org.oktoblas.zoo.LanguageModel;

/**
 * What goes wrong is told in DJL's exceptions, with our sentence in them, and leaves the JVM well.
 */
@TestInstance(Lifecycle.PER_CLASS)
abstract class FaultLaws {

    private final Target ours;

    @TempDir Path temp;

    FaultLaws(Target ours) {
        this.ours = ours;
    }

    /** Returns the engines and devices that are tried. */
    abstract Stream<Target> targets();

    private static Criteria<NDList, NDList> criteria(Target target, String url) {
        return target.criteria(NDList.class, NDList.class).optModelUrls(url).build();
    }

    private static String okmUrl(Path path) {
        return "okm://" + path.toUri().getRawPath();
    }

    /** Everything that an exception and its causes say. */
    private static String sentences(Throwable e) {
        StringBuilder text = new StringBuilder();
        for (Throwable at = e; at != null; at = at.getCause()) {
            text.append(at.getMessage()).append('\n');
        }
        return text.toString();
    }

    private Path damaged(String name) throws IOException {
        byte[] bytes = Files.readAllBytes(Models.path("unscaled"));
        switch (name) {
            case "weights" -> bytes[5000] ^= 1;
            case "cut" -> bytes = Arrays.copyOf(bytes, bytes.length - 9);
            case "text" -> bytes = "not a model".getBytes(StandardCharsets.UTF_8);
            default -> throw new IllegalArgumentException(name);
        }
        return Files.write(temp.resolve(name + ".okm"), bytes);
    }

    Stream<Arguments> damages() {
        return targets()
                .flatMap(
                        target ->
                                Stream.of(
                                        Arguments.of(target, "weights", "checksum of tensor"),
                                        Arguments.of(target, "cut", "not a whole zip archive"),
                                        Arguments.of(target, "text", "not a whole zip archive")));
    }

    @ParameterizedTest
    @MethodSource("damages")
    void damagedModels(Target target, String name, String sentence) throws Exception {
        Path path = damaged(name);
        ModelException e =
                assertThrows(
                        ModelException.class, () -> criteria(target, okmUrl(path)).loadModel());
        assertTrue(sentences(e).contains(path + ": "), sentences(e));
        assertTrue(sentences(e).contains(sentence), sentences(e));
    }

    @Test
    void aDamagedModelByItsPath() throws Exception {
        Path path = damaged("weights");
        Criteria<NDList, NDList> criteria =
                ours.criteria(NDList.class, NDList.class).optModelPath(path).build();
        MalformedModelException e =
                assertThrows(MalformedModelException.class, criteria::loadModel);
        assertTrue(e.getMessage().contains("checksum of tensor"), e.getMessage());
    }

    /** DJL resolves a URL while criteria are built, before any exception of its own can be. */
    @Test
    void modelsThatAreNotThere() {
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> criteria(ours, "okm:///no/such/model.okm"));
        assertTrue(e.getMessage().contains("no such file or directory: "), e.getMessage());
        ModelNotFoundException byName =
                assertThrows(ModelNotFoundException.class, () -> ours.load("okm://no-such-model"));
        assertTrue(byName.getMessage().contains("no model no-such-model.okm in "));
        ModelNotFoundException byPath =
                assertThrows(ModelNotFoundException.class, () -> ours.load("no/such.okm"));
        assertTrue(byPath.getMessage().contains("no/such.okm: no such file"));
    }

    @Test
    void anEngineThatIsNotThere() {
        String path = Models.path("plain").toString();
        ModelNotFoundException e =
                assertThrows(
                        ModelNotFoundException.class,
                        () ->
                                LanguageModel.load(
                                        path, new LanguageModel.Options("Abacus", null, null)));
        assertTrue(e.getMessage().contains("Abacus"), e.getMessage());
        assertTrue(e.getMessage().contains("OktoBLAS"), e.getMessage());
    }

    @ParameterizedTest
    @MethodSource("targets")
    void aPromptThatIsTooLong(Target target) throws Exception {
        Path path = Models.path("unscaled");
        try (ZooModel<NDList, NDList> model = criteria(target, okmUrl(path)).loadModel();
                Predictor<NDList, NDList> predictor = model.newPredictor()) {
            NDList input = new NDList(model.getNDManager().create(new long[1][65]));
            TranslateException e =
                    assertThrows(TranslateException.class, () -> predictor.predict(input));
            assertTrue(
                    sentences(e).contains("65 tokens, but the model's context holds 64"),
                    sentences(e));
            NDList unknown = new NDList(model.getNDManager().create(new long[][] {{640}}));
            e = assertThrows(TranslateException.class, () -> predictor.predict(unknown));
            assertTrue(sentences(e).contains("Token id 640"), sentences(e));
            // And then it still works.
            NDList good = new NDList(model.getNDManager().create(new long[1][64]));
            assertEquals(640, predictor.predict(good).head().getShape().get(2));
        }
    }

    @ParameterizedTest
    @MethodSource("targets")
    void generationStopsAtTheContextsEnd(Target target) throws Exception {
        try (LanguageModel model = target.load(Models.path("unscaled").toString())) {
            GenerationConfig config =
                    GenerationConfig.builder().maxTokens(50).stopAtEndOfText(false).build();
            GenerationResult result =
                    model.generateIds(List.of(new long[60]), config, GenerationListener.NONE)
                            .get(0);
            assertEquals(StopReason.CONTEXT_FULL, result.stopReason());
            assertTrue(result.tokenIds().length <= 5, Arrays.toString(result.tokenIds()));
        }
    }

    /**
     * A generation that loses its model ends with an exception or its tokens, and nothing worse.
     */
    @Test
    void aModelThatIsClosedMeanwhile() throws Exception {
        String path = Models.path(Models.PROSE).toString();
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            long[] prompt = {759, 1185, 468, 2152};
            long[] wanted;
            try (LanguageModel model = ours.load(path)) {
                wanted = generate(model, prompt);
            }
            for (int round = 0; round < 6; round++) {
                LanguageModel model = ours.load(path);
                CountDownLatch started = new CountDownLatch(1 + round);
                GenerationConfig config =
                        GenerationConfig.builder().maxTokens(100).stopAtEndOfText(false).build();
                Future<List<GenerationResult>> future =
                        thread.submit(
                                () ->
                                        model.generateIds(
                                                List.of(prompt, prompt),
                                                config,
                                                (row, token, text) -> {
                                                    started.countDown();
                                                    return true;
                                                }));
                started.await();
                model.close();
                try {
                    assertEquals(100, future.get().get(0).tokenIds().length);
                } catch (ExecutionException e) {
                    assertTrue(
                            e.getCause() instanceof RuntimeException,
                            "an error instead of an exception: " + e.getCause());
                }
            }
            try (LanguageModel model = ours.load(path)) {
                assertArrayEquals(wanted, generate(model, prompt));
            }
        } finally {
            thread.shutdownNow();
        }
    }

    static long[] generate(LanguageModel model, long[] prompt) {
        GenerationConfig config = GenerationConfig.builder().maxTokens(8).build();
        return model.generateIds(List.of(prompt), config, GenerationListener.NONE)
                .get(0)
                .tokenIds();
    }
}
