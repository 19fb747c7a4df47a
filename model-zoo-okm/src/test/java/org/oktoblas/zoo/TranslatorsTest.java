package org.oktoblas.zoo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.inference.Predictor;
import ai.djl.inference.streaming.IteratorBytesSupplier;
import ai.djl.inference.streaming.StreamingTranslator.StreamOutput;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.modality.nlp.generate.CausalLMOutput;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.oktoblas.gpt2.ReferenceGpt2;
import org.oktoblas.okm.OkmWriter.Form;

/** The ways to ask a model, by DJL's API alone, against the reference's tokens. */
class TranslatorsTest {

    private static final int CONTEXT = 40;
    private static final String PROMPT = "né 😀";

    @TempDir private static Path folder;

    private static Path path;
    private static String continuation;

    @BeforeAll
    static void write() throws Exception {
        path = folder.resolve("tiny.okm");
        ZooModels.write(path, Form.FILE, ZooModels.model(CONTEXT), true);
        long[] ids = bytes(PROMPT);
        long[] next = new ReferenceGpt2(ZooModels.model(CONTEXT)).greedy(ids, CONTEXT - ids.length);
        continuation = text(next);
    }

    private static long[] bytes(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        long[] ids = new long[bytes.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = bytes[i] & 0xff;
        }
        return ids;
    }

    private static String text(long[] ids) {
        byte[] bytes = new byte[ids.length];
        int count = 0;
        while (count < ids.length && ids[count] != ZooModels.END) {
            bytes[count] = (byte) ids[count];
            count++;
        }
        return new String(bytes, 0, count, StandardCharsets.UTF_8);
    }

    private static <I, O> Criteria.Builder<I, O> criteria(Class<I> input, Class<O> output) {
        return Criteria.builder().setTypes(input, output).optEngine("OktoBLAS").optModelPath(path);
    }

    @Test
    void textToText() throws Exception {
        try (ZooModel<String, String> model =
                        criteria(String.class, String.class)
                                .optArgument("maxTokens", 100)
                                .build()
                                .loadModel();
                Predictor<String, String> predictor = model.newPredictor()) {
            assertEquals(continuation, predictor.predict(PROMPT));
            assertEquals(
                    List.of(continuation, continuation),
                    predictor.batchPredict(List.of(PROMPT, PROMPT)));
            TranslateException tooLong =
                    assertThrows(TranslateException.class, () -> predictor.predict("x".repeat(41)));
            assertTrue(tooLong.getMessage().contains("41"), tooLong.getMessage());
            assertTrue(tooLong.getMessage().contains("40"), tooLong.getMessage());
        }
    }

    @Test
    void textStreams() throws Exception {
        try (ZooModel<String, String> model =
                        criteria(String.class, String.class)
                                .optArgument("maxTokens", 100)
                                .build()
                                .loadModel();
                Predictor<String, String> predictor = model.newPredictor()) {
            assertTrue(predictor.supportsStreaming());
            StreamOutput<String> output = predictor.streamingPredict(PROMPT);
            StringBuilder text = new StringBuilder();
            for (String piece = output.getIterativeOutput();
                    piece != null;
                    piece = output.getIterativeOutput()) {
                text.append(piece);
            }
            assertEquals(continuation, text.toString());
            assertNull(output.getIterativeOutput());
            // One that nobody reads to its end leaves nothing behind either.
            int before = model.getNDManager().getManagedArrays().size();
            try (TextStream stream = (TextStream) predictor.streamingPredict(PROMPT)) {
                assertTrue(continuation.startsWith(stream.next()));
            }
            assertEquals(before, model.getNDManager().getManagedArrays().size());
        }
    }

    @Test
    void argumentsSetTheGeneration() throws Exception {
        try (ZooModel<String, String> model =
                        criteria(String.class, String.class)
                                .optArgument("max_tokens", "3")
                                .optArgument("temperature", 2.5)
                                .optArgument("top-k", 200)
                                .optArgument("seed", "9007199254740993")
                                .build()
                                .loadModel();
                Predictor<String, String> predictor = model.newPredictor()) {
            String drawn = predictor.predict(PROMPT);
            assertEquals(drawn, predictor.predict(PROMPT));
            assertNotEquals(continuation, drawn);
        }
        ModelNotFoundException wrong =
                assertThrows(
                        ModelNotFoundException.class,
                        () ->
                                criteria(String.class, String.class)
                                        .optArgument("topP", 7)
                                        .build()
                                        .loadModel());
        assertTrue(causes(wrong).contains("topP is 7.0"), causes(wrong));
    }

    private static String causes(Throwable error) {
        return error == null ? "" : error.getMessage() + " / " + causes(error.getCause());
    }

    @Test
    void causalOutputHasTheContractsParts() throws Exception {
        try (ZooModel<NDList, CausalLMOutput> model =
                        criteria(NDList.class, CausalLMOutput.class).build().loadModel();
                Predictor<NDList, CausalLMOutput> predictor = model.newPredictor();
                NDManager manager = model.getNDManager().newSubManager()) {
            NDArray ids = manager.create(new long[][] {bytes("hello")});
            CausalLMOutput output = predictor.predict(new NDList(ids));
            assertArrayEquals(new long[] {1, 5, 257}, output.getLogits().getShape().getShape());
            assertArrayEquals(new long[] {1, 5, 12}, output.getHiddenState().getShape().getShape());
            assertEquals(4, output.getPastKeyValuesList().size());
            for (NDArray array : output.getPastKeyValuesList()) {
                assertArrayEquals(new long[] {1, 3, 5, 4}, array.getShape().getShape());
            }
        }
    }

    private static Input json(String body) {
        Input input = new Input();
        input.addProperty("Content-Type", "application/json; charset=utf-8");
        input.add(body);
        return input;
    }

    @Test
    void servingTakesTextJsonAndArrays() throws Exception {
        try (ZooModel<Input, Output> model =
                        criteria(Input.class, Output.class)
                                .optArgument("maxTokens", 100)
                                .build()
                                .loadModel();
                Predictor<Input, Output> predictor = model.newPredictor();
                NDManager manager = model.getNDManager().newSubManager()) {
            Input text = new Input();
            text.add(PROMPT);
            Output output = predictor.predict(text);
            assertEquals(continuation, output.getData().getAsString());
            assertTrue(output.getProperty("Content-Type", "").startsWith("text/plain"));

            JsonObject one =
                    JsonParser.parseString(
                                    predictor
                                            .predict(json("{\"inputs\": \"" + PROMPT + "\"}"))
                                            .getData()
                                            .getAsString())
                            .getAsJsonObject();
            assertEquals(continuation, one.get("generated_text").getAsString());

            JsonArray two =
                    JsonParser.parseString(
                                    predictor
                                            .predict(
                                                    json(
                                                            "{\"inputs\": [\"a\", \""
                                                                    + PROMPT
                                                                    + "\"], \"parameters\":"
                                                                    + " {\"max_new_tokens\": 2,"
                                                                    + " \"stop_at_end_of_text\": false}}"))
                                            .getData()
                                            .getAsString())
                            .getAsJsonArray();
            assertEquals(2, two.get(1).getAsJsonObject().get("generated_tokens").getAsInt());
            assertEquals(
                    "max_tokens", two.get(0).getAsJsonObject().get("stop_reason").getAsString());

            Input arrays = new Input();
            arrays.addProperty("Content-Type", "tensor/ndlist");
            arrays.add(new NDList(manager.create(new long[][] {bytes("hello")})).encode());
            assertEquals(6, predictor.predict(arrays).getDataAsNDList(manager).size());
        }
    }

    @Test
    void servingStreams() throws Exception {
        try (ZooModel<Input, Output> model =
                        criteria(Input.class, Output.class)
                                .optArgument("maxTokens", 100)
                                .build()
                                .loadModel();
                Predictor<Input, Output> predictor = model.newPredictor()) {
            Input text = new Input();
            text.add(PROMPT);
            StreamOutput<Output> stream = predictor.streamingPredict(text);
            Output output = stream.getAsyncOutput();
            stream.computeAsyncOutput();
            assertEquals(continuation, output.getData().getAsString());

            IteratorBytesSupplier chunks =
                    (IteratorBytesSupplier)
                            predictor.streamingPredict(text).getIterativeOutput().getData();
            StringBuilder pieces = new StringBuilder();
            while (chunks.hasNext()) {
                pieces.append(new String(chunks.next(), StandardCharsets.UTF_8));
            }
            assertEquals(continuation, pieces.toString());

            String lines =
                    predictor
                            .streamingPredict(json("{\"inputs\": \"" + PROMPT + "\"}"))
                            .getIterativeOutput()
                            .getData()
                            .getAsString();
            StringBuilder joined = new StringBuilder();
            List<String> all = Arrays.asList(lines.split("\n"));
            for (String line : all.subList(0, all.size() - 1)) {
                joined.append(
                        JsonParser.parseString(line).getAsJsonObject().get("text").getAsString());
            }
            assertEquals(continuation, joined.toString());
            assertTrue(all.get(all.size() - 1).startsWith("{\"stop_reason\":"));
            assertThrows(
                    TranslateException.class,
                    () -> predictor.streamingPredict(json("{\"inputs\": [\"a\", \"b\"]}")));
        }
    }

    @Test
    void requestsThatMakeNoSenseAreRefused() throws Exception {
        try (ZooModel<Input, Output> model =
                        criteria(Input.class, Output.class).build().loadModel();
                Predictor<Input, Output> predictor = model.newPredictor()) {
            refused(predictor, "{", "makes no sense");
            refused(predictor, "[]", "inputs");
            refused(predictor, "{\"inputs\": 3}", "string");
            refused(predictor, "{\"inputs\": [\"a\", {}]}", "string");
            refused(predictor, "{\"inputs\": \"a\", \"parameters\": 4}", "makes no sense");
            String parameters = "{\"inputs\": \"a\", \"parameters\": {%s}}";
            refused(
                    predictor,
                    parameters.formatted("\"beams\": 4"),
                    "Unknown generation parameter");
            refused(predictor, parameters.formatted("\"top_k\": 1.5"), "whole number");
            refused(predictor, parameters.formatted("\"top_k\": 1e12"), "smaller number");
            refused(predictor, parameters.formatted("\"seed\": \"x\""), "a number");
            refused(predictor, parameters.formatted("\"do_sample\": 2"), "true or false");
            refused(predictor, parameters.formatted("\"seed\": [1]"), "single value");
            assertThrows(TranslateException.class, () -> predictor.predict(new Input()));
        }
    }

    private static void refused(Predictor<Input, Output> predictor, String body, String reason) {
        String message =
                assertThrows(TranslateException.class, () -> predictor.predict(json(body)))
                        .getMessage();
        assertTrue(message.contains(reason), message);
    }

    @Test
    void aModelWithoutTokenizerTakesTokenIdsOnly() throws Exception {
        Path bare = folder.resolve("bare.okm");
        ZooModels.write(bare, Form.FILE, ZooModels.model(CONTEXT), false);
        ModelNotFoundException error =
                assertThrows(
                        ModelNotFoundException.class,
                        () ->
                                Criteria.builder()
                                        .setTypes(String.class, String.class)
                                        .optEngine("OktoBLAS")
                                        .optModelPath(bare)
                                        .build()
                                        .loadModel());
        assertTrue(causes(error).contains("no tokenizer"), causes(error));
    }
}
