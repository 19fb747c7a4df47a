package org.oktoblas.gpt2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.oktoblas.generate.DecodingSession;
import org.oktoblas.generate.Generation;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;
import org.oktoblas.generate.GenerationResult;

/** Generation with the block's own cache, against the reference that has none. */
abstract class Gpt2SessionLaws {

    NDManager manager;

    abstract Device device();

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager(device(), "OktoBLAS");
    }

    @AfterEach
    void close() {
        manager.close();
    }

    /** A context long enough that the cache has to grow three times. */
    private static SmallModel longContext() {
        JsonObject json = SmallModel.json();
        json.addProperty("n_positions", 250);
        return new SmallModel(json, DataType.FLOAT32, 21);
    }

    private Gpt2Block load(SmallModel model) {
        return Gpt2Block.load(model.config(), model, null, manager, Precision.FP32);
    }

    private static float[] last(double[][] logits) {
        double[] row = logits[logits.length - 1];
        float[] floats = new float[row.length];
        for (int i = 0; i < row.length; i++) {
            floats[i] = (float) row[i];
        }
        return floats;
    }

    @Test
    void rowsOfAnyLengthsGiveTheReferencesLogitsAsTheCacheGrows() {
        SmallModel model = longContext();
        ReferenceGpt2 reference = new ReferenceGpt2(model);
        Random random = new Random(1);
        List<long[]> rows = new ArrayList<>();
        for (int length : new int[] {5, 1, 60}) {
            rows.add(random.longs(length, 0, 31).toArray());
        }
        try (DecodingSession session = load(model).newSession(manager)) {
            session.prompt(rows);
            for (int step = 0; step < 140; step++) {
                if (step % 20 == 0 || step > 136) {
                    for (int row = 0; row < rows.size(); row++) {
                        float[] expected = last(reference.logits(rows.get(row)));
                        assertArrayEquals(
                                expected, session.logits(row), 5e-5f, "row " + row + ", " + step);
                    }
                }
                long[] next = random.longs(rows.size(), 0, 31).toArray();
                session.next(next);
                for (int row = 0; row < rows.size(); row++) {
                    long[] longer = Arrays.copyOf(rows.get(row), rows.get(row).length + 1);
                    longer[longer.length - 1] = next[row];
                    rows.set(row, longer);
                }
            }
        }
        assertEquals(0, sessions());
    }

    /** How many sub-managers' arrays are left beside the model's own. */
    private long sessions() {
        long before = manager.getManagedArrays().size();
        Gpt2Block block = load(SmallModel.plain(1));
        long loaded = manager.getManagedArrays().size() - before;
        try (DecodingSession session = block.newSession(manager)) {
            session.prompt(List.of(new long[] {1, 2}));
            session.next(new long[] {3});
        }
        return manager.getManagedArrays().size() - before - loaded;
    }

    private List<GenerationResult> greedy(Gpt2Block block, List<long[]> prompts, int count) {
        GenerationConfig config =
                GenerationConfig.builder().maxTokens(count).stopAtEndOfText(false).build();
        try (Generation generation =
                new Generation(block.newSession(manager), prompts, config, null)) {
            return generation.finish(GenerationListener.NONE);
        }
    }

    @Test
    void greedyTokensAreTheReferencesAloneAndInABatch() {
        SmallModel model = longContext();
        ReferenceGpt2 reference = new ReferenceGpt2(model);
        Gpt2Block block = load(model);
        List<long[]> prompts =
                List.of(new long[] {7}, new long[] {1, 2, 3, 4, 5, 6}, new long[] {30, 12});
        List<GenerationResult> batch = greedy(block, prompts, 30);
        for (int row = 0; row < prompts.size(); row++) {
            long[] expected = reference.greedy(prompts.get(row), 30);
            assertArrayEquals(expected, batch.get(row).tokenIds());
            assertArrayEquals(
                    expected, greedy(block, List.of(prompts.get(row)), 30).get(0).tokenIds());
        }
    }

    /** A short row goes on when a long one has filled the context, and ends there itself. */
    @Test
    void everyRowHasTheWholeContext() {
        SmallModel model = SmallModel.plain(13);
        List<long[]> prompts = List.of(new long[18], new long[] {4});
        List<GenerationResult> results = greedy(load(model), prompts, 100);
        assertEquals(2, results.get(0).tokenIds().length);
        assertArrayEquals(
                new ReferenceGpt2(model).greedy(prompts.get(1), 19), results.get(1).tokenIds());
    }

    @Test
    void threadsShareABlock() throws Exception {
        SmallModel model = longContext();
        Gpt2Block block = load(model);
        List<long[]> prompts = new ArrayList<>();
        List<long[]> expected = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            prompts.add(new Random(i).longs(1 + i, 0, 31).toArray());
            expected.add(greedy(block, List.of(prompts.get(i)), 40).get(0).tokenIds());
        }
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Callable<long[]>> tasks = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                long[] prompt = prompts.get(i % 16);
                tasks.add(() -> greedy(block, List.of(prompt), 40).get(0).tokenIds());
            }
            List<Future<long[]>> results = threads.invokeAll(tasks);
            for (int i = 0; i < 64; i++) {
                assertArrayEquals(expected.get(i % 16), results.get(i).get());
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void promptsComeOnceAndFit() {
        Gpt2Block block = load(SmallModel.plain(1));
        try (DecodingSession session = block.newSession(manager)) {
            assertThrows(IllegalStateException.class, () -> session.next(new long[1]));
            assertThrows(
                    IllegalArgumentException.class, () -> session.prompt(List.of(new long[] {99})));
        }
        try (DecodingSession session = block.newSession(manager)) {
            assertThrows(
                    IllegalArgumentException.class, () -> session.prompt(List.of(new long[21])));
        }
        try (DecodingSession session = block.newSession(manager)) {
            session.prompt(List.of(new long[] {1}));
            assertThrows(
                    IllegalStateException.class, () -> session.prompt(List.of(new long[] {1})));
            assertThrows(IllegalStateException.class, () -> session.next(new long[2]));
        }
    }

    /** The embedding is the head too: the logits of damaged tokens are not numbers. */
    @Test
    void damagedWeightsAreNoTokenZero() {
        for (float damage : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            for (int token : new int[] {0, 7, 30}) {
                SmallModel model = SmallModel.plain(21);
                int width = model.config().hiddenSize();
                float[] embedding = model.values("transformer.wte.weight");
                Arrays.fill(embedding, token * width, (token + 1) * width, damage);
                try (DecodingSession session = load(model).newSession(manager)) {
                    session.prompt(List.of(new long[] {1, 2}, new long[] {3}));
                    String message =
                            assertThrows(IllegalStateException.class, session::argMax).getMessage();
                    assertEquals("The model's logits are not numbers", message);
                }
            }
        }
    }

    /** Without eos_token_id it is 50256, which this small vocabulary does not have. */
    @Test
    void minTokensNeedNoEndOfText() {
        for (Long end : new Long[] {null, 31L, 1L << 40, -5L}) {
            JsonObject json = SmallModel.json();
            json.remove("eos_token_id");
            if (end != null) {
                json.addProperty("eos_token_id", end);
            }
            SmallModel model = new SmallModel(json, DataType.FLOAT32, 21);
            assertEquals(-1, model.config().eosTokenId());
            GenerationConfig config =
                    GenerationConfig.builder().minTokens(3).maxTokens(4).temperature(1).build();
            List<long[]> prompts = List.of(new long[] {1});
            try (Generation generation =
                    new Generation(load(model).newSession(manager), prompts, config, null)) {
                List<GenerationResult> results = generation.finish(GenerationListener.NONE);
                assertEquals(4, results.get(0).tokenIds().length);
            }
        }
    }
}
