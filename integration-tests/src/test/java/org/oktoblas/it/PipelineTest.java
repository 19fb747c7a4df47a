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
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.convert.HuggingFaceExport;
import org.oktoblas.convert.HuggingFaceImport;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;
import org.oktoblas.okm.OkmWriter;
import org.oktoblas.okm.Progress;
import org.oktoblas.zoo.LanguageModel;

/** The ways in which an app reaches a model, and what it hears when it cannot. */
class PipelineTest {

    private static final String PROMPT = "The old man looked at the sea and";

    @TempDir static Path folder;

    private static String reference;
    private static Path directory;

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

    @Test
    void pyTorchStaysTheDefaultAndOktoBlasIsThere() {
        assertEquals("PyTorch", Engine.getDefaultEngineName());
        assertTrue(Engine.hasEngine("OktoBLAS"));
        assertEquals("OktoBLAS", Engine.getEngine("OktoBLAS").getEngineName());
    }

    @ParameterizedTest
    @ValueSource(strings = {"OktoBLAS", "PyTorch"})
    void stringsFromAnOkmUrl(String engine) throws Exception {
        assertText(strings(engine).optModelUrls(Models.url(Models.PROSE)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"OktoBLAS", "PyTorch"})
    void stringsFromTheZooByName(String engine) throws Exception {
        assertText(strings(engine).optModelUrls("okm://okto-prose"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"OktoBLAS", "PyTorch"})
    void stringsFromADirectoryByPath(String engine) throws Exception {
        assertText(strings(engine).optModelPath(directory));
    }

    @ParameterizedTest
    @ValueSource(strings = {"OktoBLAS", "PyTorch"})
    void stringsFromADirectoryByOkmUrl(String engine) throws Exception {
        assertText(strings(engine).optModelUrls("okm://" + directory.toUri().getPath()));
    }

    @Test
    void stringsFromASingleFileByPath() throws Exception {
        assertText(strings("OktoBLAS").optModelPath(Models.path(Models.PROSE)));
    }

    @Test
    void stringsFromASingleFileByFileUrl() throws Exception {
        String url = Models.path(Models.PROSE).toUri().toString();
        assertText(strings("OktoBLAS").optModelUrls(url));
    }

    @ParameterizedTest
    @ValueSource(strings = {"OktoBLAS", "PyTorch"})
    void streamsWholeCharacters(String engine) throws Exception {
        try (ZooModel<String, String> model =
                        strings(engine).optModelUrls(Models.url(Models.PROSE)).build().loadModel();
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
    @ValueSource(strings = {"OktoBLAS", "PyTorch"})
    void servesInputAndOutput(String engine) throws Exception {
        try (ZooModel<Input, Output> model =
                        Criteria.builder()
                                .setTypes(Input.class, Output.class)
                                .optModelUrls(Models.url(Models.PROSE))
                                .optEngine(engine)
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
                        strings("OktoBLAS")
                                .optModelUrls(Models.url(Models.PROSE))
                                .build()
                                .loadModel();
                Predictor<String, String> predictor = model.newPredictor()) {
            TranslateException error =
                    assertThrows(TranslateException.class, () -> predictor.predict(prompt));
            assertTrue(causes(error).contains("1024") || causes(error).contains("1,024"));
        }
    }

    @Test
    void idsOutsideTheVocabularyAreAnError() throws Exception {
        try (ZooModel<NDList, NDList> model =
                        Criteria.builder()
                                .setTypes(NDList.class, NDList.class)
                                .optModelUrls(Models.url("plain"))
                                .optEngine("OktoBLAS")
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
        try (LanguageModel model =
                LanguageModel.load(Models.url("plain"), LanguageModel.Options.defaults())) {
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
    @ValueSource(strings = {"OktoBLAS", "PyTorch"})
    void brokenModelsSayWhatIsWrong(String engine) throws Exception {
        byte[] bytes = Files.readAllBytes(Models.path("unscaled"));
        Path half = folder.resolve("half-" + engine + ".okm");
        Files.write(half, Arrays.copyOf(bytes, bytes.length / 2));
        Exception error =
                assertThrows(
                        Exception.class,
                        () ->
                                strings(engine)
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
                                strings("OktoBLAS")
                                        .optModelUrls("okm://no-such-model")
                                        .build()
                                        .loadModel());
        assertTrue(causes(error).contains("no-such-model"), causes(error));
    }

    @Test
    void absentEngineIsNamed() {
        assertThrows(
                ModelNotFoundException.class,
                () -> strings("Sextant").optModelUrls(Models.url("plain")).build().loadModel());
    }

    @Test
    void gpuIsRefusedWithASentence() {
        Exception error =
                assertThrows(
                        Exception.class,
                        () -> Engine.getEngine("OktoBLAS").newBaseManager(Device.gpu()));
        assertTrue(error.getMessage().contains("CUDA"), error.getMessage());
    }

    @Test
    void closingTheModelUnderAPredictorIsAnErrorNotACrash() throws Exception {
        ZooModel<String, String> model =
                strings("OktoBLAS").optModelUrls(Models.url(Models.PROSE)).build().loadModel();
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

    private static Criteria.Builder<String, String> strings(String engine) {
        return Criteria.builder().setTypes(String.class, String.class).optEngine(engine);
    }

    private static String causes(Throwable error) {
        return java.util.stream.Stream.iterate(error, e -> e != null, Throwable::getCause)
                .map(String::valueOf)
                .collect(Collectors.joining("; "));
    }
}
