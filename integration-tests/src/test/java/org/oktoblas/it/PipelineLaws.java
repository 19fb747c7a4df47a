package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Application;
import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.inference.streaming.StreamingTranslator.StreamOutput;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.ndarray.NDList;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ModelZoo;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.convert.HuggingFaceExport;
import org.oktoblas.convert.HuggingFaceImport;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;
import org.oktoblas.okm.OkmWriter;
import org.oktoblas.okm.Progress;
import org.oktoblas.zoo.LanguageModel;

/** The ways in which an app reaches a model, and what it hears when it cannot. */
@TestInstance(Lifecycle.PER_CLASS)
abstract class PipelineLaws {

    private static final String PROMPT = "The old man looked at the sea and";

    @TempDir static Path folder;

    private static String reference;
    private static Path directory;

    private final Target ours;

    PipelineLaws(Target ours) {
        this.ours = ours;
    }

    /** Returns the engines and devices on which an app runs unchanged. */
    abstract Stream<Target> targets();

    @BeforeAll
    static void prepare() throws Exception {
        reference =
                Models.expected(Models.PROSE)
                        .getAsJsonArray("cases")
                        .get(0)
                        .getAsJsonObject()
                        .get("greedy_text")
                        .getAsString();
        directory = folder.resolve("prose");
        Path checkpoint = folder.resolve("checkpoint");
        HuggingFaceExport.convert(Models.path(Models.PROSE), checkpoint, Progress.NONE);
        HuggingFaceImport.convert(
                checkpoint, directory, OkmWriter.Form.DIRECTORY, null, Progress.NONE);
    }

    @ParameterizedTest
    @MethodSource("targets")
    void stringsFromAnOkmUrl(Target target) throws Exception {
        assertText(strings(target).optModelUrls(Models.url(Models.PROSE)));
    }

    @ParameterizedTest
    @MethodSource("targets")
    void stringsFromTheZooByName(Target target) throws Exception {
        assertText(strings(target).optModelUrls("okm://okto-prose"));
    }

    @ParameterizedTest
    @MethodSource("targets")
    void stringsFromADirectoryByPath(Target target) throws Exception {
        assertText(strings(target).optModelPath(directory));
    }

    @ParameterizedTest
    @MethodSource("targets")
    void stringsFromADirectoryByOkmUrl(Target target) throws Exception {
        assertText(strings(target).optModelUrls("okm://" + directory.toUri().getPath()));
    }

    @Test
    void stringsFromASingleFileByPath() throws Exception {
        assertText(strings(ours).optModelPath(Models.path(Models.PROSE)));
    }

    @Test
    void stringsFromASingleFileByFileUrl() throws Exception {
        String url = Models.path(Models.PROSE).toUri().toString();
        assertText(strings(ours).optModelUrls(url));
    }

    @ParameterizedTest
    @MethodSource("targets")
    void streamsWholeCharacters(Target target) throws Exception {
        try (ZooModel<String, String> model =
                        strings(target).optModelUrls(Models.url(Models.PROSE)).build().loadModel();
                Predictor<String, String> predictor = model.newPredictor()) {
            StringBuilder pieces = new StringBuilder();
            StreamOutput<String> stream = predictor.streamingPredict(PROMPT);
            int count = 0;
            for (String piece = stream.getIterativeOutput();
                    piece != null;
                    piece = stream.getIterativeOutput()) {
                assertFalse(piece.contains("\ufffd"), piece);
                pieces.append(piece);
                count++;
            }
            assertTrue(count > 10, "it came in pieces");
            assertEquals(predictor.predict(PROMPT), pieces.toString());
        }
    }

    @ParameterizedTest
    @MethodSource("targets")
    void servesInputAndOutput(Target target) throws Exception {
        try (ZooModel<Input, Output> model =
                        target.criteria(Input.class, Output.class)
                                .optModelUrls(Models.url(Models.PROSE))
                                .build()
                                .loadModel();
                Predictor<Input, Output> predictor = model.newPredictor()) {
            Input input = new Input();
            input.add("data", PROMPT.getBytes(StandardCharsets.UTF_8));
            Output output = predictor.predict(input);
            assertEquals(200, output.getCode(), output.getMessage());
            String text = output.getData().getAsString();
            assertTrue(reference.startsWith(text) || text.contains(reference), text);
        }
    }

    @Test
    void zooListsTheShippedModel() throws Exception {
        ModelZoo zoo =
                ModelZoo.listModelZoo().stream()
                        .filter(z -> z.getGroupId().startsWith("org.oktoblas"))
                        .findFirst()
                        .orElseThrow();
        assertTrue(zoo.getSupportedEngines().containsAll(List.of("OktoBLAS", "PyTorch")));
        assertTrue(
                zoo.getModelLoaders().stream()
                        .anyMatch(loader -> loader.getArtifactId().equals(Models.PROSE)),
                zoo.getModelLoaders().toString());
        assertTrue(
                ModelZoo.listModels().keySet().stream()
                        .anyMatch(a -> a.matches(Application.NLP.TEXT_GENERATION)));
    }

    @Test
    void promptLongerThanTheContextIsAnError() throws Exception {
        String prompt = "word ".repeat(1500);
        try (ZooModel<String, String> model =
                        strings(ours).optModelUrls(Models.url(Models.PROSE)).build().loadModel();
                Predictor<String, String> predictor = model.newPredictor()) {
            TranslateException error =
                    assertThrows(TranslateException.class, () -> predictor.predict(prompt));
            assertTrue(causes(error).contains("1024") || causes(error).contains("1,024"));
        }
    }

    @Test
    void idsOutsideTheVocabularyAreAnError() throws Exception {
        try (ZooModel<NDList, NDList> model =
                        ours.criteria(NDList.class, NDList.class)
                                .optModelUrls(Models.url("plain"))
                                .build()
                                .loadModel();
                Predictor<NDList, NDList> predictor = model.newPredictor()) {
            NDList ids = new NDList(model.getNDManager().create(new long[][] {{1, 1024}}));
            TranslateException error =
                    assertThrows(TranslateException.class, () -> predictor.predict(ids));
            assertTrue(causes(error).contains("1024"), causes(error));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 1024, 1L << 40})
    void generatingFromIdsOutsideTheVocabularyIsAnError(long id) throws Exception {
        try (LanguageModel model = ours.load(Models.url("plain"))) {
            IllegalArgumentException error =
                    assertThrows(
                            IllegalArgumentException.class,
                            () ->
                                    model.generateIds(
                                            List.of(new long[] {1, id}),
                                            GenerationConfig.builder().build(),
                                            GenerationListener.NONE));
            assertTrue(error.getMessage().contains(Long.toString(id)), error.getMessage());
        }
    }

    @ParameterizedTest
    @MethodSource("targets")
    void brokenModelsSayWhatIsWrong(Target target) throws Exception {
        byte[] bytes = Files.readAllBytes(Models.path("unscaled"));
        Path half = folder.resolve("half-" + target.engine() + ".okm");
        Files.write(half, Arrays.copyOf(bytes, bytes.length / 2));
        Exception error =
                assertThrows(
                        Exception.class,
                        () ->
                                strings(target)
                                        .optModelUrls("okm://" + half.toUri().getPath())
                                        .build()
                                        .loadModel());
        assertTrue(causes(error).contains(half.getFileName().toString()), causes(error));
    }

    @Test
    void absentModelsSayWhereOneLooked() {
        Exception error =
                assertThrows(
                        Exception.class,
                        () ->
                                strings(ours)
                                        .optModelUrls("okm://no-such-model")
                                        .build()
                                        .loadModel());
        assertTrue(causes(error).contains("no-such-model"), causes(error));
    }

    @Test
    void absentEngineIsNamed() {
        assertThrows(
                ModelNotFoundException.class,
                () ->
                        strings(new Target("Sextant", Device.cpu()))
                                .optModelUrls(Models.url("plain"))
                                .build()
                                .loadModel());
    }

    @Test
    void aGpuThatIsNotThereIsRefusedWithASentence() {
        Device missing = Device.gpu(Engine.getEngine("OktoBLAS").getGpuCount());
        Exception error =
                assertThrows(
                        Exception.class,
                        () -> Engine.getEngine("OktoBLAS").newBaseManager(missing));
        assertTrue(error.getMessage().contains("cannot use device"), error.getMessage());
    }

    @Test
    void closingTheModelUnderAPredictorIsAnErrorNotACrash() throws Exception {
        ZooModel<String, String> model =
                strings(ours).optModelUrls(Models.url(Models.PROSE)).build().loadModel();
        Predictor<String, String> predictor = model.newPredictor();
        predictor.predict(PROMPT);
        model.close();
        assertThrows(Exception.class, () -> predictor.predict(PROMPT));
    }

    private static void assertText(Criteria.Builder<String, String> criteria) throws Exception {
        try (ZooModel<String, String> model = criteria.build().loadModel();
                Predictor<String, String> predictor = model.newPredictor()) {
            String text = predictor.predict(PROMPT);
            String common = text.length() < reference.length() ? text : reference;
            assertTrue(common.length() > 20, text);
            assertEquals(
                    reference.substring(0, common.length()), text.substring(0, common.length()));
        }
    }

    private static Criteria.Builder<String, String> strings(Target target) {
        return target.criteria(String.class, String.class);
    }

    private static String causes(Throwable error) {
        return Stream.iterate(error, e -> e != null, Throwable::getCause)
                .map(String::valueOf)
                .collect(Collectors.joining("; "));
    }
}
