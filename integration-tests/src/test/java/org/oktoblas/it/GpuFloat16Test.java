package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;
import org.oktoblas.gpt2.Precision;
import org.oktoblas.zoo.LanguageModel;

/**
 * Precision fp16 on a GPU against float32 references: factors have eleven bits, so that logits are
 * off by some thousandths of what they are sums of.
 */
@RequiresGpu
class GpuFloat16Test {

    private static final List<String> FIXTURES = Models.FIXTURES;
    private static final Device DEVICE = Device.gpu(0);
    private static final double LOGITS = 2e-2;
    private static final double PERPLEXITY = 5e-3;

    /** Its weights are float16 as they are stored: only the activations are rounded. */
    @Test
    void shippedModelsLogits() throws Exception {
        JsonArray exact = Models.proseInDoublePrecision().getAsJsonArray("cases");
        JsonArray cases = Models.expected(Models.PROSE).getAsJsonArray("cases");
        try (ZooModel<NDList, NDList> model = lists(Models.PROSE)) {
            for (int i = 0; i < cases.size(); i++) {
                float[] logits = lastLogits(model, ids(cases.get(i), "input_ids"));
                double[] expected =
                        Reference.doubles(exact.get(i).getAsJsonObject().get("last_logits"));
                assertEquals(expected.length, logits.length);
                assertEquals(0, largestError(expected, logits), LOGITS);
            }
        }
    }

    @Test
    void shippedModelsPerplexity() throws Exception {
        JsonArray exact = Models.proseInDoublePrecision().getAsJsonArray("cases");
        JsonArray cases = Models.expected(Models.PROSE).getAsJsonArray("cases");
        try (LanguageModel model = load(Models.PROSE)) {
            for (int i = 0; i < cases.size(); i++) {
                long[] ids =
                        LongStream.concat(
                                        LongStream.of(ids(cases.get(i), "input_ids")),
                                        LongStream.of(ids(cases.get(i), "greedy_ids")))
                                .toArray();
                double expected = exact.get(i).getAsJsonObject().get("nll").getAsDouble();
                double actual = model.score(ids).negativeLogLikelihood();
                assertPerplexity(expected, actual, ids.length - 1);
            }
        }
    }

    /**
     * Where float16 chooses another token, the two are a near tie: with logits that are off by up
     * to LOGITS, one may overtake another that float32 puts less than twice that above it. After
     * such a place the texts are different ones, and nothing is compared.
     */
    @Test
    void shippedModelsText() throws Exception {
        JsonArray cases = Models.expected(Models.PROSE).getAsJsonArray("cases");
        try (LanguageModel model = load(Models.PROSE);
                ZooModel<NDList, NDList> exact = lists(Models.PROSE, Device.cpu(), "fp32")) {
            for (JsonElement one : cases) {
                long[] prompt = ids(one, "input_ids");
                long[] expected = ids(one, "greedy_ids");
                GenerationConfig config =
                        GenerationConfig.builder()
                                .maxTokens(expected.length)
                                .stopAtEndOfText(false)
                                .build();
                long[] actual =
                        model.generateIds(List.of(prompt), config, GenerationListener.NONE)
                                .get(0)
                                .tokenIds();
                int at = Arrays.mismatch(expected, actual);
                if (at >= 0) {
                    assertTrue(at < actual.length, "only " + at + " tokens");
                    long[] before =
                            LongStream.concat(LongStream.of(prompt), Arrays.stream(expected, 0, at))
                                    .toArray();
                    float[] logits = lastLogits(exact, before);
                    float margin = logits[(int) expected[at]] - logits[(int) actual[at]];
                    assertTrue(
                            margin < 2 * LOGITS,
                            "token " + at + " differs, of which the margin is " + margin);
                }
            }
        }
    }

    /**
     * The fixtures' weights are random float32 numbers that float16 rounds, which alone moves their
     * logits by up to 0.11; they reach 30. Hence 2e-2 of the largest.
     */
    @ParameterizedTest
    @FieldSource("FIXTURES")
    void fixturesLogits(String name) throws Exception {
        try (ZooModel<NDList, NDList> model = lists(name)) {
            for (Reference row : Reference.of(name)) {
                float[] logits = lastLogits(model, row.ids());
                double[] expected = row.lastLogits();
                double largest = largestError(expected, new float[expected.length]);
                assertEquals(0, largestError(expected, logits), LOGITS * largest);
            }
        }
    }

    @ParameterizedTest
    @FieldSource("FIXTURES")
    void fixturesPerplexity(String name) throws Exception {
        double expected = 0;
        double actual = 0;
        int tokens = 0;
        try (LanguageModel model = load(name)) {
            for (Reference row : Reference.of(name)) {
                if (!Double.isNaN(row.nll())) {
                    expected += row.nll();
                    actual += model.score(row.ids()).negativeLogLikelihood();
                    tokens += row.ids().length - 1;
                }
            }
        }
        assertPerplexity(expected, actual, tokens);
    }

    private static void assertPerplexity(double expected, double actual, int tokens) {
        assertEquals(1, Math.exp((actual - expected) / tokens), PERPLEXITY);
    }

    private static double largestError(double[] expected, float[] actual) {
        double largest = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i] - actual[i]));
        }
        return largest;
    }

    private static long[] ids(JsonElement one, String key) {
        JsonObject object = one.getAsJsonObject();
        return Reference.longs(object.get(key));
    }

    private static float[] lastLogits(ZooModel<NDList, NDList> model, long[] ids) throws Exception {
        try (Predictor<NDList, NDList> predictor = model.newPredictor();
                NDManager manager = model.getNDManager().newSubManager()) {
            NDList output = predictor.predict(new NDList(manager.create(new long[][] {ids})));
            output.attach(manager);
            return output.get(0).get("0, -1, :").toFloatArray();
        }
    }

    private static LanguageModel load(String name) throws Exception {
        LanguageModel model =
                LanguageModel.load(
                        Models.url(name),
                        new LanguageModel.Options("OktoBLAS", DEVICE, Precision.FP16));
        assertEquals("fp16", model.precision());
        return model;
    }

    private static ZooModel<NDList, NDList> lists(String name) throws Exception {
        return lists(name, DEVICE, "fp16");
    }

    private static ZooModel<NDList, NDList> lists(String name, Device device, String precision)
            throws Exception {
        return Criteria.builder()
                .setTypes(NDList.class, NDList.class)
                .optModelUrls(Models.url(name))
                .optEngine("OktoBLAS")
                .optDevice(device)
                .optArgument("precision", precision)
                .build()
                .loadModel();
    }
}
