package org.oktoblas.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.oktoblas.gpt2.Precision;
import org.oktoblas.okm.OkmType;

/** A plan's bookkeeping: ours with known times beside a process that answers as PyTorch's does. */
class PlanBenchTest {

    private static final ModelShape SHAPE = ModelShape.of("gpt2-124m").orElseThrow();
    private static final InferPlan.Item ONE = new InferPlan.Item(new InferCase(1, 5, 11), true);
    private static final InferPlan.Item TWO = new InferPlan.Item(new InferCase(2, 5, 11), false);

    private final List<TorchPeer> peers = new ArrayList<>();
    private final List<String> log = new ArrayList<>();

    @AfterEach
    void endPeers() {
        peers.forEach(TorchPeer::close);
    }

    private TorchPeer peer(TorchPeer.Mode mode, String manner) throws IOException {
        TorchPeer peer = FakeTorch.open(mode, manner);
        peers.add(peer);
        return peer;
    }

    /** Takes 2 ms to the first token and 1 ms for every other. */
    private Contestant ours(int failsFromRun) {
        log.add("opened");
        return new Contestant() {
            private int runs;

            @Override
            public Sample run(InferCase task) throws IOException {
                if (++runs >= failsFromRun) {
                    throw new IOException("ours ended");
                }
                long[][] ids = new long[task.batch()][task.tokens()];
                return new Sample(2, 2 + (task.tokens() - 1), ids, 270);
            }

            @Override
            public void close() {
                log.add("closed");
            }
        };
    }

    private PlanBench bench(PlanBench.Opener opener) {
        return new PlanBench(opener, peers, 3, 0, step -> {});
    }

    private static List<BenchRow> measure(PlanBench bench, InferPlan.Item... items) {
        return bench.measure(new InferPlan.Group(SHAPE, List.of(items)), "model.okm");
    }

    @Test
    void everyPeerHasItsRowsAndRatesTheirLimit() throws Exception {
        peer(TorchPeer.Mode.GENERATE, "generate");
        peer(TorchPeer.Mode.COMPILE, "compile");
        PlanBench bench = bench(model -> ours(1000));
        assertEquals(2e12, bench.measureCopy());
        List<BenchRow> rows = measure(bench, ONE, TWO);
        // Two peers in the first case, one in the second; three figures each.
        assertEquals(9, rows.size());
        BenchRow decode = rows.get(0);
        assertEquals("gpt2-124m fp16 b1 in5 out11", decode.caseName());
        assertEquals("decode_tokens_per_second", decode.metric());
        assertEquals("fake generate", decode.peerName());
        assertEquals(1000, decode.ours(), 1e-9);
        assertEquals(500, decode.peer(), 1e-9);
        assertEquals(2, decode.ratio(), 1e-9);
        assertEquals(3, decode.rounds());
        assertEquals(2e12 / SHAPE.stepBytes(ONE.task(), 2), decode.limit(), 1e-9);
        assertEquals(2.5, rows.get(1).ratio(), 1e-9);
        assertEquals("ttft_ms", rows.get(1).metric());
        assertNull(rows.get(1).limit());
        BenchRow memory = rows.get(2);
        assertEquals("peak_memory_mb", memory.metric());
        assertEquals(300.0 / 270, memory.ratio(), 1e-9);
        assertEquals(SHAPE.heldBytes(ONE.task(), 2) / 1e6, memory.limit(), 1e-9);
        assertEquals("fake compile", rows.get(3).peerName());
        BenchRow wide = rows.get(6);
        assertEquals("gpt2-124m fp16 b2 in5 out11", wide.caseName());
        assertEquals("fake generate", wide.peerName());
        assertEquals(2000, wide.ours(), 1e-9);
        assertEquals(2 * 2e12 / SHAPE.stepBytes(TWO.task(), 2), wide.limit(), 1e-9);
        assertTrue(bench.failures().isEmpty() && bench.notes().isEmpty());
        // One process for the times and one for the peak memory of each case; none is left.
        assertEquals(3, log.stream().filter("opened"::equals).count());
        assertEquals(3, log.stream().filter("closed"::equals).count());
    }

    @Test
    void aloneThereIsNeitherRatioNorLimitOfDecoding() {
        PlanBench bench = bench(model -> ours(1000));
        assertEquals(0, bench.measureCopy());
        List<BenchRow> rows = measure(bench, ONE);
        assertEquals(3, rows.size());
        assertEquals(1000, rows.get(0).ours(), 1e-9);
        assertNull(rows.get(0).ratio());
        assertNull(rows.get(0).limit());
        assertNull(rows.get(0).peerName());
    }

    @Test
    void aPeerThatFailsAtOneCaseGoesOn() throws Exception {
        peer(TorchPeer.Mode.GENERATE, "narrow");
        PlanBench bench = bench(model -> ours(1000));
        List<BenchRow> rows = measure(bench, TWO, ONE);
        assertNull(rows.get(0).peer());
        assertEquals("fake narrow", rows.get(3).peerName());
        assertEquals(
                List.of(
                        "gpt2-124m fp16 b2 in5 out11: Hugging Face generate failed:"
                                + " OutOfMemoryError: too wide."),
                List.copyOf(bench.notes()));
        assertTrue(bench.failures().isEmpty());
    }

    @Test
    void aPeerThatDiesIsLeftOutFromThenOn() throws Exception {
        peer(TorchPeer.Mode.GENERATE, "mortal");
        PlanBench bench = bench(model -> ours(1000));
        List<BenchRow> rows = measure(bench, ONE, TWO);
        assertEquals(6, rows.size());
        rows.forEach(row -> assertNull(row.peer()));
        assertEquals(1, bench.notes().size());
        assertTrue(bench.notes().toString().contains("left out from here on"));
        assertTrue(bench.alive().isEmpty());
    }

    @Test
    void oursThatFailsIsAFailureAndThePeerIsStillMeasured() throws Exception {
        peer(TorchPeer.Mode.GENERATE, "generate");
        PlanBench bench = bench(model -> ours(4));
        List<BenchRow> rows = measure(bench, ONE, TWO);
        assertEquals(6, rows.size());
        rows.forEach(row -> assertNull(row.ours()));
        rows.forEach(row -> assertNull(row.ofLimit()));
        assertEquals(500, rows.get(0).peer(), 1e-9);
        assertEquals(
                List.of("gpt2-124m fp16 b1 in5 out11: ours ended"), List.copyOf(bench.failures()));
        PlanBench without =
                bench(
                        model -> {
                            throw new IOException("no model");
                        });
        assertEquals(3, measure(without, ONE).size());
        assertEquals(List.of("gpt2-124m: no model"), List.copyOf(without.failures()));
    }

    @Test
    void tooFewTokensAreNoFigure() throws Exception {
        peer(TorchPeer.Mode.GENERATE, "hasty");
        PlanBench bench = bench(model -> ours(1000));
        assertNull(measure(bench, ONE).get(0).peer());
        assertTrue(
                bench.notes().toString().contains("1 tokens instead of 11"),
                bench.notes().toString());
    }

    @Test
    void coldStartsTakeTurns() {
        PlanBench bench = bench(model -> ours(1000));
        BenchRow row =
                bench.cold(
                        "start",
                        2,
                        () -> {
                            log.add("ours");
                            return 2;
                        },
                        () -> {
                            log.add("theirs");
                            return 9;
                        },
                        "torch");
        assertEquals(List.of("ours", "theirs", "ours", "theirs"), log);
        assertEquals("cold_start_seconds", row.metric());
        assertEquals(4.5, row.ratio(), 1e-9);
        BenchRow half =
                bench.cold(
                        "start",
                        2,
                        () -> 2,
                        () -> {
                            throw new IOException("no file");
                        },
                        "torch");
        assertEquals(2, half.ours(), 1e-9);
        assertNull(half.peerName());
        assertEquals(List.of("start: torch failed: no file."), List.copyOf(bench.notes()));
    }

    @Test
    void oursStartsColdInAProcessOfItsOwn(@TempDir Path directory) throws Exception {
        Path model = directory.resolve("tiny.okm");
        RandomModel.write(model, RandomModel.gpt2(2, 32, 4, 64, 100), OkmType.F16);
        Device cpu = Device.cpu();
        double seconds = ColdStart.seconds(model.toString(), cpu, Precision.FP32, 1);
        assertTrue(seconds > 0.05 && seconds < 120, seconds + " s");
        String none = directory.resolve("none.okm").toString();
        IOException e =
                assertThrows(
                        IOException.class,
                        () -> ColdStart.seconds(none, cpu, InferPlan.PRECISION, 1));
        assertTrue(e.getMessage().contains("none.okm"), e.getMessage());
    }

    @Test
    void thePeerSavesAndSaysWhatItLacks(@TempDir Path directory) throws Exception {
        TorchPeer peer = peer(TorchPeer.Mode.GENERATE, "generate");
        peer.load(SHAPE);
        peer.save(directory);
        assertTrue(Files.exists(directory.resolve("config.json")));
        IOException bare =
                assertThrows(
                        IOException.class, () -> FakeTorch.open(TorchPeer.Mode.GENERATE, "bare"));
        assertEquals("python9 has no Hugging Face transformers", bare.getMessage());
        IOException none =
                assertThrows(
                        IOException.class,
                        () -> TorchPeer.open("no-such-python", TorchPeer.Mode.COMPILE, 0));
        assertTrue(none.getMessage().contains("no-such-python"), none.getMessage());
    }
}
