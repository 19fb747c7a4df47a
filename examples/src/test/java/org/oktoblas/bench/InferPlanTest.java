package org.oktoblas.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.okm.Gpt2Config;

/** What a plan comprises, and the memory that its models need. */
class InferPlanTest {

    @Test
    void everyCaseIsThereOnce() {
        List<String> names = names("");
        assertEquals(
                List.of(
                        "gpt2-124m fp16 b1 in5 out64",
                        "gpt2-124m fp16 b1 in5 out32",
                        "gpt2-124m fp16 b4 in5 out32",
                        "gpt2-124m fp16 b8 in5 out32",
                        "gpt2-124m fp16 b16 in5 out32",
                        "gpt2-124m fp16 b32 in5 out32",
                        "gpt2-124m fp16 b1 in128 out64",
                        "gpt2-124m fp16 b1 in512 out64",
                        "gpt2-124m fp16 b1 in960 out64",
                        "gpt2-124m-p4096 fp16 b1 in2048 out64",
                        "gpt2-medium fp16 b1 in5 out64"),
                names);
        assertEquals(List.of("gpt2-medium fp16 b1 in5 out64"), names("medium"));
        assertTrue(names("nothing").isEmpty());
        assertEquals("gpt2-124m fp16 b1 in5 out1 cold", InferPlan.coldName());
    }

    private static List<String> names(String filter) {
        return InferPlan.groups(filter).stream()
                .flatMap(group -> group.items().stream().map(group::name))
                .toList();
    }

    @Test
    void everyCaseFitsItsModel() {
        for (InferPlan.Group group : InferPlan.groups("")) {
            for (InferPlan.Item item : group.items()) {
                int length = item.task().promptTokens() + item.task().tokens();
                assertTrue(length <= group.shape().positions(), group.name(item));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-124m", "gpt2-124m-p4096", "gpt2-medium"})
    void aModelsSizeIsThatOfItsWeights(String name) throws Exception {
        ModelShape shape = ModelShape.of(name).orElseThrow();
        Gpt2Config config = Gpt2Config.fromJson(shape.config(), name);
        long weights = config.tensorShapes().values().stream().mapToLong(s -> s.size()).sum();
        assertEquals(weights, shape.parameters());
    }

    @Test
    void aStepReadsTheWeightsOnceAndTheCacheOfEveryRow() {
        ModelShape shape = ModelShape.of("GPT2-124M").orElseThrow();
        assertEquals("gpt2-124m", shape.name());
        assertEquals(124_439_808, shape.parameters());
        InferCase task = new InferCase(8, 5, 32);
        double positions = 1024 * 768;
        // Keys and values of 12 layers, 768 wide, for 8 rows of 5 + 16 tokens on average.
        double cache = 2 * 12 * 768 * 8 * 21;
        assertEquals(2 * (124_439_808 - positions + cache), shape.stepBytes(task, 2));
        assertEquals(2 * (124_439_808 + cache / 21 * 37), shape.heldBytes(task, 2));
        assertTrue(ModelShape.of("gpt2-7b").isEmpty());
        assertTrue(ModelShape.of("gpt2-124m-p0").isEmpty());
    }

    @Test
    void theScriptKnowsWhatItIsAsked() throws Exception {
        String script;
        try (InputStream in = TorchPeer.class.getResourceAsStream("torch_infer_peer.py")) {
            script = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        for (String word :
                List.of(
                        "copy",
                        "load",
                        "run",
                        "save",
                        "bytes_per_second",
                        "first_ms",
                        "total_ms",
                        "peak_bytes",
                        "prompts",
                        "layers",
                        "positions",
                        "vocabulary")) {
            assertTrue(script.contains(word), word);
        }
    }
}
