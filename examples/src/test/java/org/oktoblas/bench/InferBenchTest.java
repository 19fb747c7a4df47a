package org.oktoblas.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.oktoblas.gpt2.Precision;

/** The benchmark's bookkeeping, with contestants whose times are known. */
class InferBenchTest {

    private static final InferCase CASE = new InferCase(2, 5, 11);

    private final List<String> log = new ArrayList<>();

    /** Takes 10 ms to the first token and then the given time a token. */
    private Contestant contestant(String name, double millisPerToken, long tokenShift) {
        return new Contestant() {
            @Override
            public Sample run(InferCase task) {
                log.add(name);
                long[][] ids = new long[task.batch()][];
                for (int i = 0; i < ids.length; i++) {
                    ids[i] = LongStream.range(0, task.tokens()).map(t -> t + tokenShift).toArray();
                }
                double total = 10 + millisPerToken * (task.tokens() - 1);
                return new Sample(10, total, ids, 100);
            }

            @Override
            public void close() {
                log.add("closed " + name);
            }
        };
    }

    private InferBench bench(
            List<String> engines,
            List<Precision> precisions,
            int rounds,
            InferBench.Opener opener) {
        return new InferBench(
                engines, precisions, List.of(CASE), rounds, 0, opener, step -> log.add("-"));
    }

    @Test
    void ratiosAreOverOneWhereOursIsBetter() throws Exception {
        InferBench bench =
                bench(
                        List.of("OktoBLAS", "PyTorch"),
                        List.of(Precision.FP32),
                        3,
                        (model, entry) ->
                                contestant(
                                        entry.engine(),
                                        entry.engine().equals("OktoBLAS") ? 5 : 20,
                                        0));
        List<BenchRow> rows = bench.measure("model.okm", "tiny");
        assertEquals(3, rows.size());
        BenchRow decode = rows.get(0);
        assertEquals("tiny fp32 b2 in5 out11", decode.caseName());
        assertEquals("decode_tokens_per_second", decode.metric());
        // Two rows of ten tokens in 50 ms and 200 ms.
        assertEquals(400, decode.ours(), 1e-9);
        assertEquals(100, decode.peer(), 1e-9);
        assertEquals(4, decode.ratio(), 1e-9);
        assertEquals("PyTorch fp32", decode.peerName());
        assertEquals(3, decode.rounds());
        assertEquals(0, decode.spread(), 1e-9);
        BenchRow first = rows.get(1);
        assertEquals("ttft_ms", first.metric());
        assertEquals(1, first.ratio(), 1e-9);
        assertEquals("peak_memory_mb", rows.get(2).metric());
        assertTrue(bench.notes().get(0).contains("the same tokens"), bench.notes().toString());
    }

    @Test
    void turnsChangeAndAllAreClosed() throws Exception {
        bench(
                        List.of("A", "B"),
                        List.of(Precision.FP32),
                        2,
                        (model, entry) -> contestant(entry.engine(), 1, 0))
                .measure("model.okm", "tiny");
        log.removeIf("-"::equals);
        // Warm-up of each, then two rounds.
        assertEquals(List.of("A", "B", "A", "B", "B", "A", "closed A", "closed B"), log);
    }

    @Test
    void otherTokensAreSaid() throws Exception {
        InferBench bench =
                bench(
                        List.of("A", "B"),
                        List.of(Precision.FP32),
                        1,
                        (model, entry) -> contestant(entry.engine(), 1, entry.engine().charAt(0)));
        bench.measure("model.okm", "tiny");
        assertEquals(
                List.of("tiny fp32 b2 in5 out11: A fp32 generated other tokens than B fp32."),
                bench.notes());
    }

    @Test
    void pyTorchStaysInFloat32AndTokensThenMayDiffer() throws Exception {
        List<String> opened = new ArrayList<>();
        InferBench bench =
                bench(
                        List.of("OktoBLAS", "PyTorch"),
                        List.of(Precision.FP32, Precision.BF16),
                        1,
                        (model, entry) -> {
                            opened.add(entry.engine() + " " + entry.precision());
                            return contestant(
                                    entry.engine(), 1, entry.precision() == Precision.BF16 ? 7 : 0);
                        });
        List<BenchRow> rows = bench.measure("model.okm", "tiny");
        assertEquals(List.of("OktoBLAS fp32", "OktoBLAS bf16", "PyTorch fp32"), opened);
        assertEquals("tiny bf16 b2 in5 out11", rows.get(3).caseName());
        assertEquals("PyTorch fp32", rows.get(3).peerName());
        assertEquals(1, bench.notes().size());
        assertTrue(bench.notes().get(0).contains("the same tokens"), bench.notes().toString());
    }

    @Test
    void aloneThereIsNoRatio() throws Exception {
        List<BenchRow> rows =
                bench(
                                List.of("OktoBLAS"),
                                List.of(Precision.FP32),
                                1,
                                (model, entry) -> contestant("OktoBLAS", 1, 0))
                        .measure("model.okm", "tiny");
        assertNull(rows.get(0).peer());
        assertNull(rows.get(0).ratio());
        assertNull(rows.get(0).peerName());
    }

    @Test
    void whatWasOpenedIsClosedWhenTheNextFails() {
        InferBench bench =
                bench(
                        List.of("A", "B"),
                        List.of(Precision.FP32),
                        1,
                        (model, entry) -> {
                            if (entry.engine().equals("B")) {
                                throw new IOException("no B today");
                            }
                            return contestant("A", 1, 0);
                        });
        assertThrows(IOException.class, () -> bench.measure("model.okm", "tiny"));
        assertTrue(log.contains("closed A"), log.toString());
    }

    @Test
    void promptsAreTheSameEveryTimeAndDifferWithinABatch() {
        List<long[]> once = CASE.prompts(1000);
        List<long[]> again = CASE.prompts(1000);
        assertEquals(2, once.size());
        for (int i = 0; i < 2; i++) {
            assertArrayEquals(once.get(i), again.get(i));
            assertEquals(5, once.get(i).length);
            assertTrue(LongStream.of(once.get(i)).allMatch(id -> id >= 0 && id < 1000));
        }
        assertTrue(!java.util.Arrays.equals(once.get(0), once.get(1)));
    }

    @Test
    void mediansAndSpreads() {
        assertEquals(3, Statistics.median(List.of(5.0, 1.0, 3.0)));
        assertEquals(2.5, Statistics.median(List.of(4.0, 1.0, 2.0, 3.0)));
        // Quartiles 2 and 4 of 1 … 5, over the median 3.
        assertEquals(2.0 / 3, Statistics.spread(List.of(1.0, 2.0, 3.0, 4.0, 5.0)), 1e-12);
        assertThrows(IllegalArgumentException.class, () -> Statistics.median(List.of()));
    }
}
