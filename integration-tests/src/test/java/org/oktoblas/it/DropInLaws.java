package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.inference.Predictor;
import ai.djl.modality.nlp.generate.CausalLMOutput;
import ai.djl.modality.nlp.generate.SearchConfig;
import ai.djl.modality.nlp.generate.TextGenerator;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.ZooModel;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One app, two engines or devices: nothing but the name differs, and neither do the tokens. What
 * this engine is compared with stands in the tests' names.
 */
@TestInstance(Lifecycle.PER_CLASS)
abstract class DropInLaws {

    private final Target ours;

    DropInLaws(Target ours) {
        this.ours = ours;
    }

    Stream<Arguments> models() {
        Target peer = ours.peer();
        return Stream.concat(Models.FIXTURES.stream(), Stream.of(Models.PROSE))
                .map(model -> Arguments.of(peer, model));
    }

    Stream<Arguments> searches() {
        return models().flatMap(
                        model ->
                                Stream.of("greedy", "beam", "contrastive")
                                        .map(
                                                search ->
                                                        Arguments.of(
                                                                model.get()[0],
                                                                model.get()[1],
                                                                search)));
    }

    @ParameterizedTest
    @MethodSource("models")
    void logitsAndCachesAgree(Target beside, String model) throws Exception {
        float[][] own = logits(ours, model);
        float[][] peer = logits(beside, model);
        for (int i = 0; i < own.length; i++) {
            // Logits reach 25; two float32 summation orders over a few layers stay within a few
            // 1e-5.
            assertArrayEquals(peer[i], own[i], 1e-4f, model + ", output " + i);
        }
    }

    @ParameterizedTest
    @MethodSource("searches")
    void searchFindsTheSameTokens(Target beside, String model, String search) throws Exception {
        for (long[][] prompt : prompts(model)) {
            long[] own = search(ours, model, search, prompt);
            long[] peer = search(beside, model, search, prompt);
            assertArrayEquals(peer, own, model + " " + search);
        }
    }

    @ParameterizedTest
    @MethodSource("searches")
    void leftPaddedBatchFindsTheSameTokens(Target beside, String model, String search)
            throws Exception {
        long[][] batch = {{1, 17, 5, 99, 7, 23}, {1, 1, 1, 44, 81, 200}};
        long[] own = search(ours, model, search, batch);
        long[] peer = search(beside, model, search, batch);
        assertArrayEquals(peer, own, model + " " + search);
    }

    private static List<long[][]> prompts(String model) {
        if (model.equals(Models.PROSE)) {
            long[] ids =
                    Reference.longs(
                            Models.expected(model)
                                    .getAsJsonArray("cases")
                                    .get(0)
                                    .getAsJsonObject()
                                    .get("input_ids"));
            return List.<long[][]>of(new long[][] {ids});
        }
        return Reference.batches(model).stream()
                .limit(3)
                .map(batch -> batch.stream().map(Reference::ids).toArray(long[][]::new))
                .toList();
    }

    private static long[] search(Target target, String model, String search, long[][] ids)
            throws Exception {
        SearchConfig config = new SearchConfig();
        config.setMaxSeqLength(ids[0].length + 12);
        config.setPadTokenId(1);
        config.setBeam(3);
        config.setK(4);
        try (ZooModel<NDList, CausalLMOutput> zoo = load(target, model);
                Predictor<NDList, CausalLMOutput> predictor = zoo.newPredictor();
                NDManager manager = zoo.getNDManager().newSubManager()) {
            TextGenerator generator = new TextGenerator(predictor, search, config);
            return generator.generate(manager.create(ids)).toLongArray();
        }
    }

    /** A prompt of four tokens, then one more on its key/values, as DJL's contract has it. */
    private static float[][] logits(Target target, String model) throws Exception {
        try (ZooModel<NDList, CausalLMOutput> zoo = load(target, model);
                Predictor<NDList, CausalLMOutput> predictor = zoo.newPredictor();
                NDManager manager = zoo.getNDManager().newSubManager()) {
            NDArray ids = manager.create(new long[][] {{3, 14, 15, 92}, {6, 53, 58, 9}});
            NDArray positions = manager.create(new long[][] {{0, 1, 2, 3}, {0, 1, 2, 3}});
            NDArray mask = manager.ones(new Shape(2, 4), DataType.INT64);
            CausalLMOutput first = predictor.predict(new NDList(ids, positions, mask));
            NDList next =
                    new NDList(
                            manager.create(new long[][] {{65}, {35}}),
                            manager.create(new long[][] {{4}, {4}}),
                            manager.ones(new Shape(2, 5), DataType.INT64));
            next.addAll(first.getPastKeyValuesList());
            CausalLMOutput second = predictor.predict(next);
            NDArray key = second.getPastKeyValuesList().get(0);
            assertEquals(5, key.getShape().get(2), "key/values grow by the new token");
            assertEquals(1, second.getLogits().getShape().get(1));
            return new float[][] {
                first.getLogits().toFloatArray(),
                first.getHiddenState().toFloatArray(),
                second.getLogits().toFloatArray(),
                second.getHiddenState().toFloatArray(),
                key.toFloatArray()
            };
        }
    }

    private static ZooModel<NDList, CausalLMOutput> load(Target target, String model)
            throws Exception {
        return target.criteria(NDList.class, CausalLMOutput.class)
                .optModelUrls(Models.url(model))
                .build()
                .loadModel();
    }
}
