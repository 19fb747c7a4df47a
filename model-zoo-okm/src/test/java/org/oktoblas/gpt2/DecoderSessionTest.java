package org.oktoblas.gpt2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.oktoblas.engine.backend.Decoder;
import org.oktoblas.generate.DecodingSession;
import org.oktoblas.generate.Generation;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;
import org.oktoblas.generate.GenerationResult;

/** A block on a device that has a decoder: sessions run on it, and the network is loaded late. */
class DecoderSessionTest {

    private static final long[] IDS = {3, 17, 0, 29};

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "OktoBLAS");
    private final SmallModel model = SmallModel.plain(21);
    private final NetworkDecoder decoder = new NetworkDecoder(manager, model);
    private final CountingSource source = new CountingSource(model);
    private final Gpt2Block block = Gpt2Block.withDecoder(model.config(), source, manager, decoder);

    @AfterEach
    void close() {
        manager.close();
    }

    /** Counts how often weights are read, and cannot read one of them as often as it is told. */
    private static final class CountingSource implements TensorSource {
        private final SmallModel model;
        private final AtomicInteger reads = new AtomicInteger();
        private int failures;

        CountingSource(SmallModel model) {
            this.model = model;
        }

        @Override
        public DataType dataType(String name) {
            return model.dataType(name);
        }

        @Override
        public Shape shape(String name) {
            return model.shape(name);
        }

        @Override
        public ByteBuffer data(String name) {
            reads.incrementAndGet();
            if (name.equals("transformer.ln_f.bias") && failures-- > 0) {
                throw new IllegalStateException("no memory");
            }
            return model.data(name);
        }
    }

    private static List<GenerationResult> generate(
            DecodingSession session, GenerationConfig config, long[]... prompts) {
        try (Generation generation = new Generation(session, List.of(prompts), config, null)) {
            return generation.finish(GenerationListener.NONE);
        }
    }

    private NDList forward() {
        NDArray ids = manager.create(IDS, new Shape(1, IDS.length));
        return block.forward(new ParameterStore(manager, false), new NDList(ids), false);
    }

    @Test
    void sessionsRunOnTheDecoderAlone() {
        Gpt2Block plain = Gpt2Block.load(model.config(), model, null, manager, Precision.FP32);
        GenerationConfig sampled = new GenerationConfig(6, 2, 0.75, 5, 0.875, 1.25, 77, true);
        for (GenerationConfig config :
                List.of(GenerationConfig.builder().maxTokens(5).build(), sampled)) {
            List<GenerationResult> expected =
                    generate(plain.newSession(manager), config, IDS, new long[] {8});
            List<GenerationResult> results =
                    generate(block.newSession(manager), config, IDS, new long[] {8});
            for (int row = 0; row < 2; row++) {
                assertArrayEquals(expected.get(row).tokenIds(), results.get(row).tokenIds());
                assertEquals(expected.get(row).stopReason(), results.get(row).stopReason());
            }
        }
        assertEquals(new Decoder.Sampling(0.75, 5, 0.875, 1.25, 2, 30, 77, 6), decoder.sampling);
        assertEquals(0, source.reads.get(), "weights read");
    }

    @Test
    void rowsEndOnTheDeviceAndSessionsCloseOnce() {
        GenerationConfig config =
                GenerationConfig.builder().maxTokens(2).stopAtEndOfText(false).build();
        DecodingSession session = block.newSession(manager);
        generate(session, config, IDS, new long[20]);
        session.close();
        assertEquals(
                List.of(
                        "session",
                        "prompt 2",
                        "end 1",
                        "choose",
                        "choose",
                        "end 0",
                        "close session"),
                decoder.calls);
    }

    @Test
    void aCancelledRowIsEndedAndOthersGoOn() {
        GenerationConfig config =
                GenerationConfig.builder().maxTokens(3).stopAtEndOfText(false).build();
        try (Generation generation =
                new Generation(block.newSession(manager), List.of(IDS, IDS), config, null)) {
            List<GenerationResult> results = generation.finish((row, token, text) -> row == 1);
            assertEquals(1, results.get(0).tokenIds().length);
            assertEquals(3, results.get(1).tokenIds().length);
        }
        assertEquals(
                List.of(
                        "session",
                        "prompt 2",
                        "choose",
                        "end 0",
                        "choose",
                        "choose",
                        "end 1",
                        "close session"),
                decoder.calls);
    }

    @Test
    void aSessionIsFreedWithItsManager() {
        NDManager own = manager.newSubManager();
        block.newSession(own).prompt(List.of(IDS));
        own.close();
        assertEquals(List.of("session", "prompt 1", "close session"), decoder.calls);
        assertThrows(IllegalStateException.class, () -> block.newSession(own));
    }

    @Test
    void stepByStepItIsTheNetworkToo() {
        Gpt2Block plain = Gpt2Block.load(model.config(), model, null, manager, Precision.FP32);
        try (DecodingSession expected = plain.newSession(manager);
                DecodingSession session = block.newSession(manager)) {
            expected.prompt(List.of(IDS));
            session.prompt(List.of(IDS));
            expected.next(new long[] {4});
            session.next(new long[] {4});
            assertArrayEquals(expected.logits(0), session.logits(0));
            assertArrayEquals(expected.argMax(), session.argMax());
            assertThrows(IllegalStateException.class, () -> session.prompt(List.of(IDS)));
            assertThrows(IllegalStateException.class, () -> session.next(new long[2]));
            assertThrows(IllegalArgumentException.class, () -> session.next(new long[] {31}));
        }
        try (DecodingSession session = block.newSession(manager)) {
            for (long[] wrong : new long[][] {{}, {31}, new long[21]}) {
                assertThrows(IllegalArgumentException.class, () -> session.prompt(List.of(wrong)));
            }
        }
    }

    @Test
    void logitsThatAreNotNumbersAreAnErrorWhereTheyMatter() {
        decoder.brokenRow = 1;
        GenerationConfig config =
                GenerationConfig.builder().maxTokens(3).stopAtEndOfText(false).build();
        DecodingSession session = block.newSession(manager);
        String message =
                assertThrows(IllegalStateException.class, () -> generate(session, config, IDS, IDS))
                        .getMessage();
        assertEquals(DecodingSession.NOT_NUMBERS, message);
        assertTrue(decoder.calls.contains("close session"));
        // A row that has ended has any token.
        generate(block.newSession(manager), config, IDS, new long[20]);
        try (DecodingSession steps = block.newSession(manager)) {
            steps.prompt(List.of(IDS, IDS));
            assertThrows(IllegalStateException.class, steps::argMax);
        }
    }

    @Test
    void theBlocksOwnStreamRunsOnIt() {
        long[] expected = new ReferenceGpt2(model).greedy(IDS, 20 - IDS.length);
        NDArray ids = manager.create(IDS, new Shape(1, IDS.length));
        Iterator<NDList> stream =
                block.forwardStream(new ParameterStore(manager, false), new NDList(ids), false)
                        .iterator();
        for (long token : expected) {
            assertEquals(token, stream.next().head().getLong(0, 0));
        }
        assertEquals(false, stream.hasNext());
        assertEquals(expected.length, decoder.sampling.maxTokens());
        assertTrue(decoder.calls.contains("close session"));
        assertEquals(0, source.reads.get(), "weights read");
    }

    @Test
    void theNetworkIsLoadedOnceAndWhenNeeded() throws Exception {
        CountingSource once = new CountingSource(model);
        Gpt2Block plain = Gpt2Block.load(model.config(), once, null, manager, Precision.FP32);
        assertEquals(0, source.reads.get());
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try {
            List<Callable<float[]>> tasks = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                tasks.add(() -> forward().head().toFloatArray());
            }
            for (Future<float[]> result : pool.invokeAll(tasks)) {
                assertArrayEquals(forward().head().toFloatArray(), result.get());
            }
        } finally {
            pool.shutdownNow();
        }
        assertEquals(
                plain.negativeLogLikelihood(manager, IDS, 1),
                block.negativeLogLikelihood(manager, IDS, 1));
        assertEquals(once.reads.get(), source.reads.get());
    }

    @Test
    void aLoadThatFailsLeavesNothingAndIsTriedAgain() {
        source.failures = 1;
        int before = manager.getManagedArrays().size();
        NDArray ids = manager.create(IDS, new Shape(1, IDS.length));
        assertThrows(
                IllegalStateException.class,
                () -> block.forward(new ParameterStore(manager, false), new NDList(ids), false));
        assertEquals(before + 1, manager.getManagedArrays().size());
        double[] last = new ReferenceGpt2(model).logits(IDS)[IDS.length - 1];
        float[] logits = forward().head().toFloatArray();
        for (int i = 0; i < last.length; i++) {
            assertEquals(last[i], logits[(IDS.length - 1) * last.length + i], 2e-5);
        }
    }
}
