package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.inference.Predictor;
import ai.djl.modality.nlp.generate.CausalLMOutput;
import ai.djl.modality.nlp.generate.SearchConfig;
import ai.djl.modality.nlp.generate.TextGenerator;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.ZooModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.oktoblas.engine.OktoEngine;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;
import org.oktoblas.generate.GenerationResult;
import org.oktoblas.generate.StopReason;
import org.oktoblas.gpt2.Precision;
import org.oktoblas.zoo.LanguageModel;
import org.oktoblas.zoo.TextStream;

/** Many generations on engine OktoBLAS: memory stays flat, threads do not disturb each other. */
abstract class EnduranceLaws {

    private final Target ours;

    EnduranceLaws(Target ours) {
        this.ours = ours;
    }

    @Test
    void memoryIsFlatOverTwoThousandGenerations() throws Exception {
        ResidentMemory.assumeKnown();
        GenerationConfig config = GenerationConfig.builder().maxTokens(6).build();
        try (LanguageModel model = ours.load(Models.url(Models.PROSE))) {
            long[] prompt = {759, 1185, 468, 2152};
            generate(model, prompt, config, 500);
            assertFlat(() -> generate(model, prompt, config, 500), 4);
        }
    }

    /** 10,000 on a GPU; on a CPU, whose memory the other tests watch, fewer. */
    @Test
    void deviceMemoryIsFlatOverShortGenerations() throws Exception {
        GenerationConfig config = GenerationConfig.builder().maxTokens(4).build();
        int round = ours.device().isGpu() ? 1_000 : 50;
        try (LanguageModel model = ours.load(Models.url(Models.PROSE), Precision.FP16)) {
            long[] prompt = {759, 1185, 468, 2152};
            generate(model, prompt, config, round);
            long used = usedBytes();
            for (int i = 1; i < 10; i++) {
                generate(model, prompt, config, round);
                assertEquals(used, usedBytes(), "bytes in use after round " + i);
            }
        }
    }

    /** Whoever stops listening, or closes a stream midway, has no need to wait for the memory. */
    @Test
    void cancelledGenerationsFreeTheirCaches() throws Exception {
        GenerationConfig config =
                GenerationConfig.builder().maxTokens(200).stopAtEndOfText(false).build();
        List<long[]> prompts = List.of(new long[] {759, 1185}, new long[] {468}, new long[] {7});
        try (LanguageModel model = ours.load(Models.url(Models.PROSE), Precision.FP16)) {
            // What is set up on first use is not the generation's.
            model.generateIds(prompts, config, GenerationListener.NONE);
            long used = usedBytes();
            for (int stop = 1; stop <= 80; stop += 13) {
                int[] heard = new int[prompts.size()];
                int after = stop;
                List<GenerationResult> results =
                        model.generateIds(
                                prompts, config, (row, id, text) -> ++heard[row] < after + row);
                for (int row = 0; row < heard.length; row++) {
                    assertEquals(StopReason.CANCELLED, results.get(row).stopReason());
                    assertEquals(after + row, results.get(row).tokenIds().length);
                }
                assertEquals(used, usedBytes(), "bytes in use after " + after + " tokens");
            }
        }
    }

    @Test
    void streamsClosedMidwayFreeTheirCaches() throws Exception {
        try (ZooModel<String, String> model =
                        ours.criteria(String.class, String.class)
                                .optModelUrls(Models.url(Models.PROSE))
                                .build()
                                .loadModel();
                Predictor<String, String> predictor = model.newPredictor()) {
            String whole = predictor.predict("The sea");
            long used = usedBytes();
            for (int pieces = 1; pieces <= 8; pieces++) {
                StringBuilder read = new StringBuilder();
                try (TextStream stream = (TextStream) predictor.streamingPredict("The sea")) {
                    for (int i = 0; i < pieces; i++) {
                        read.append(stream.next());
                    }
                    assertNull(stream.stopReason());
                }
                assertTrue(whole.startsWith(read.toString()), read.toString());
                assertEquals(used, usedBytes(), "bytes in use after " + pieces + " pieces");
            }
        }
    }

    private long usedBytes() {
        return OktoEngine.get().memoryUse(ours.device()).used();
    }

    @Test
    void djlsTextGeneratorLeaksNothing() throws Exception {
        ResidentMemory.assumeKnown();
        SearchConfig config = new SearchConfig();
        config.setMaxSeqLength(10);
        config.setPadTokenId(-1);
        try (ZooModel<NDList, CausalLMOutput> model = causal("plain");
                Predictor<NDList, CausalLMOutput> predictor = model.newPredictor()) {
            search(model, predictor, config, 100);
            assertFlat(() -> search(model, predictor, config, 100), 4);
        }
    }

    @Test
    void twoHundredPredictionsOverEightThreads() throws Exception {
        try (ZooModel<String, String> model =
                ours.criteria(String.class, String.class)
                        .optModelUrls(Models.url(Models.PROSE))
                        .build()
                        .loadModel()) {
            List<String> prompts =
                    List.of("The sea", "My fellow citizens,", "She said", "Once upon a time", "I");
            List<String> expected = new ArrayList<>();
            try (Predictor<String, String> predictor = model.newPredictor()) {
                for (String prompt : prompts) {
                    expected.add(predictor.predict(prompt));
                }
            }
            ExecutorService pool = Executors.newFixedThreadPool(8);
            try {
                List<Future<List<String>>> results = new ArrayList<>();
                for (int thread = 0; thread < 8; thread++) {
                    results.add(
                            pool.submit(
                                    () -> {
                                        List<String> texts = new ArrayList<>();
                                        try (Predictor<String, String> own = model.newPredictor()) {
                                            for (int i = 0; i < 25; i++) {
                                                texts.add(own.predict(prompts.get(i % 5)));
                                            }
                                        }
                                        return texts;
                                    }));
                }
                for (Future<List<String>> result : results) {
                    List<String> texts = result.get();
                    for (int i = 0; i < texts.size(); i++) {
                        assertEquals(expected.get(i % 5), texts.get(i));
                    }
                }
            } finally {
                pool.shutdownNow();
            }
        }
    }

    private interface Work {
        void run() throws Exception;
    }

    /**
     * Repeats some work and looks at the resident memory after each round. The heap's size is
     * fixed, so what is left is native: a leak grows in every round, compiled code and pools of
     * freed blocks in some. What the device's arrays take is the same after every round.
     */
    private void assertFlat(Work work, int rounds) throws Exception {
        long[] resident = new long[rounds + 1];
        resident[0] = ResidentMemory.kilobytes();
        long least = Long.MAX_VALUE;
        long used = usedBytes();
        for (int i = 1; i <= rounds; i++) {
            work.run();
            resident[i] = ResidentMemory.kilobytes();
            assertEquals(used, usedBytes(), "bytes in use");
            least = Math.min(least, resident[i] - resident[i - 1]);
        }
        System.out.println("resident KB after each round: " + Arrays.toString(resident));
        // A leak of 4 KB a generation, four hidden states, is 2 MB a round.
        assertTrue(least < 2_000, "resident KB after each round: " + Arrays.toString(resident));
        // A leak of one token's keys and values, 16 KB, is some 200 MB in all.
        long growth = resident[rounds] - resident[1];
        assertTrue(growth < 24_000, "resident KB after each round: " + Arrays.toString(resident));
    }

    private static void generate(
            LanguageModel model, long[] prompt, GenerationConfig config, int times)
            throws Exception {
        long[] first = null;
        for (int i = 0; i < times; i++) {
            long[] ids =
                    model.generateIds(List.of(prompt), config, GenerationListener.NONE)
                            .get(0)
                            .tokenIds();
            if (first == null) {
                first = ids;
            }
            assertArrayEquals(first, ids);
        }
    }

    private static void search(
            ZooModel<NDList, CausalLMOutput> model,
            Predictor<NDList, CausalLMOutput> predictor,
            SearchConfig config,
            int times)
            throws Exception {
        for (int i = 0; i < times; i++) {
            for (String search : List.of("greedy", "beam", "contrastive")) {
                try (NDManager manager = model.getNDManager().newSubManager()) {
                    TextGenerator generator = new TextGenerator(predictor, search, config);
                    generator.generate(manager.create(new long[][] {{5, 6, 7, 8}}));
                }
            }
        }
    }

    private ZooModel<NDList, CausalLMOutput> causal(String name) throws Exception {
        return ours.criteria(NDList.class, CausalLMOutput.class)
                .optModelUrls(Models.url(name))
                .build()
                .loadModel();
    }
}
