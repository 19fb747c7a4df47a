package org.oktoblas.bench.ndarray;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.oktoblas.bench.BenchReport;
import org.oktoblas.bench.BenchRow;

/** The benchmark's bookkeeping, with engines whose times and results are known. */
class ArrayBenchTest {

    private static final List<String> ENGINES = List.of("OktoBLAS", "PyTorch");

    private final List<String> log = new ArrayList<>();

    /** Takes some nanoseconds a call, and says that all its elements are one number. */
    private class Fake implements ArrayContestant {

        private final String name;
        private final double nanos;
        private final double value;

        Fake(String name, double nanos, double value) {
            this.name = name;
            this.nanos = nanos;
            this.value = value;
        }

        @Override
        public String await() throws IOException {
            return name + " 1.0";
        }

        @Override
        public Digest prepare(long size) throws IOException {
            double[] samples = {value};
            return new Digest("(1)", "float32", size, value, value * value, samples);
        }

        @Override
        public void warmUp() throws IOException {
            log.add("warm " + name);
        }

        @Override
        public double measure() throws IOException {
            log.add(name);
            return nanos;
        }

        @Override
        public void close() {
            log.add("closed " + name);
        }
    }

    private ArrayContestant fast(String engine) {
        return new Fake(engine, engine.equals("OktoBLAS") ? 500 : 2000, 1);
    }

    private static ArrayOperation operation(String name) {
        return ArrayOperations.all().stream()
                .filter(operation -> operation.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private ArrayBench bench(int rounds, ArrayContestant.Opener opener) {
        return new ArrayBench(ENGINES, rounds, opener, step -> {});
    }

    @Test
    void enginesTakeTurnsAndTheRatioIsOverOneWhereOursIsFaster() {
        ArrayBench bench = bench(2, (engine, first, name) -> fast(engine));
        List<BenchRow> rows = bench.measure(operation("add"), List.of(65_536L));
        assertEquals(1, rows.size());
        BenchRow row = rows.get(0);
        assertEquals("ndarray", row.benchmark());
        assertEquals("add 65,536", row.caseName());
        assertEquals("us_per_call", row.metric());
        assertEquals(0.5, row.ours(), 1e-12);
        assertEquals(2, row.peer(), 1e-12);
        assertEquals(4, row.ratio(), 1e-12);
        assertEquals("PyTorch 1.0", row.peerName());
        assertEquals(2, row.rounds());
        assertEquals(
                List.of(
                        "warm PyTorch",
                        "warm OktoBLAS",
                        "OktoBLAS",
                        "PyTorch",
                        "PyTorch",
                        "OktoBLAS",
                        "closed OktoBLAS",
                        "closed PyTorch"),
                log);
        assertTrue(bench.sound());
        assertEquals(List.of(), bench.notes());
    }

    @Test
    void aWrongResultHasNoTime() {
        ArrayBench bench =
                bench(1, (engine, first, name) -> new Fake(engine, 1000, first ? 1.0001 : 1));
        BenchRow row = bench.measure(operation("add"), List.of(64L)).get(0);
        assertNull(row.ours());
        assertNull(row.ratio());
        assertEquals(1, row.peer(), 1e-12);
        assertFalse(bench.sound());
        assertEquals(
                List.of(
                        "No time of OktoBLAS for add 64: its result differs from the peer's: of 1"
                                + " samples number 0 is 1.0001 instead of 1.0"),
                bench.notes());
        // The same difference is within what 64 random numbers do.
        assertEquals(1, bench.measure(operation("randomNormal"), List.of(64L)).get(0).ours(), 0);
    }

    @Test
    void whatFailsIsSaidOnceAndTheOtherIsMeasured() {
        ArrayBench bench =
                bench(
                        1,
                        (engine, first, name) -> {
                            if (first) {
                                return fast(engine);
                            }
                            return new Fake(engine, 1, 1) {
                                @Override
                                public Digest prepare(long size) throws IOException {
                                    throw new IOException("not implemented");
                                }
                            };
                        });
        List<BenchRow> rows = bench.measure(operation("add"), List.of(64L, 65_536L));
        assertEquals(2, rows.size());
        assertEquals(0.5, rows.get(0).ours(), 1e-12);
        assertNull(rows.get(0).peer());
        assertTrue(bench.sound());
        assertEquals(
                List.of("No time of PyTorch for add 64; add 65,536: not implemented"),
                bench.notes());
    }

    @Test
    void anEngineThatDoesNotStartOrEndsIsANote() {
        ArrayBench bench =
                bench(
                        1,
                        (engine, first, name) -> {
                            if (!first) {
                                throw new IOException("no such engine");
                            }
                            return new Fake(engine, 1, 1) {
                                @Override
                                public double measure() throws IOException {
                                    throw new IOException("ended");
                                }
                            };
                        });
        BenchRow row = bench.measure(operation("add"), List.of(64L)).get(0);
        assertNull(row.ours());
        assertNull(row.peer());
        assertEquals("PyTorch", row.peerName());
        assertFalse(bench.sound());
        assertEquals(
                List.of(
                        "No time of PyTorch for add 64: no such engine",
                        "No time of OktoBLAS for add 64: ended"),
                bench.notes());
    }

    private NDArrayBenchmark.Outcome run(List<String> operations) {
        var settings =
                new NDArrayBenchmark.Settings(
                        ENGINES,
                        Device.cpu(),
                        operations,
                        List.of(64L, 256L),
                        true,
                        1,
                        2,
                        "abc1234");
        return NDArrayBenchmark.run(
                settings, "okto bench ndarray", step -> {}, (engine, first, name) -> fast(engine));
    }

    @Test
    void theReportSumsUpBySizeAndNamesTheWorst() {
        BenchReport report = run(List.of("matMul", "softmax")).report();
        assertEquals("ndarray", report.topic());
        String markdown = report.markdown();
        for (String line :
                List.of(
                        "| softmax 64 | us_per_call | 0.50 | 2.00 | 4.00 | 0 % |",
                        "| matMul 64x64 | us_per_call | 0.50 | 2.00 | 4.00 | 0 % |",
                        "| 64 | 1 | 4.00 | 0 |",
                        "| 256 | 1 | 4.00 | 0 |",
                        "| matrix products | 2 | 4.00 | 0 |",
                        "| the lowest ratios | |")) {
            assertTrue(markdown.contains("\n" + line + "\n"), markdown);
        }
        assertTrue(run(List.of("matMul")).sound());
    }

    @Test
    void anOperationThatThereIsNotIsAnError() {
        var thrown =
                assertThrows(IllegalArgumentException.class, () -> run(List.of("transmogrify")));
        assertTrue(
                thrown.getMessage()
                        .startsWith("no operation's name contains \"transmogrify\"; there are abs"),
                thrown.getMessage());
    }

    @Test
    void geometricMeans() {
        assertEquals(2, Summary.geometricMean(List.of(1.0, 4.0)), 1e-12);
        assertEquals("", Summary.worst(List.of()));
    }
}
