package org.oktoblas.bench.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.oktoblas.bench.BenchRow;

/** Turns, rows, and what is said of failures; with contenders whose times are made up. */
class KernelBenchTest {

    private static final KernelCase COPY = KernelCases.copy();
    private static final KernelCase RELU =
            KernelCases.of("elementwise", false).stream()
                    .filter(task -> task.name().equals("fp32 relu 256 MB"))
                    .findFirst()
                    .orElseThrow();

    private final List<String> turns = new ArrayList<>();

    /** A side whose times are given one after the other. */
    private final class Fake implements Contender {

        private final String name;
        private final double[] times;
        private RuntimeException refusal;
        private boolean mortal;
        private boolean absent;
        private boolean untidy;
        private int open;

        Fake(String name, double... times) {
            this.name = name;
            this.times = times;
        }

        @Override
        public Optional<Timed> prepare(KernelCase task, int sets) throws IOException {
            if (refusal != null) {
                throw refusal;
            }
            if (absent) {
                return Optional.empty();
            }
            open++;
            return Optional.of(
                    new Timed() {
                        private int next;

                        @Override
                        public String name() {
                            return name;
                        }

                        @Override
                        public double microseconds() throws IOException {
                            turns.add(name);
                            if (mortal) {
                                throw new IOException("it died");
                            }
                            return times[next++ % times.length];
                        }

                        @Override
                        public void close() {
                            open--;
                            if (untidy) {
                                throw new IllegalStateException("it sticks");
                            }
                        }
                    });
        }

        @Override
        public void close() {}
    }

    private static KernelBench bench(List<Contender> ours, List<Contender> peers, int rounds) {
        return new KernelBench(ours, peers, rounds, 50 << 20, step -> {});
    }

    @Test
    void sidesTakeTurnsAndBeginAlternately() {
        Fake our = new Fake("ours", 100, 300, 200);
        Fake peer = new Fake("torch", 400);
        KernelBench bench = bench(List.of(our), List.of(peer), 3);
        BenchRow row = bench.measure(RELU).get(0);
        assertEquals(List.of("ours", "torch", "torch", "ours", "ours", "torch"), turns);
        assertEquals("elementwise", row.benchmark());
        assertEquals("fp32 relu 256 MB", row.caseName());
        assertEquals("gigabytes_per_second", row.metric());
        assertEquals(2 * 268.435456 / 0.2, row.ours(), 1e-6);
        assertEquals("torch", row.peerName());
        assertEquals(2, row.ratio(), 1e-9);
        assertEquals(3, row.rounds());
        assertNull(row.shareOfCopy());
        assertEquals(0, our.open + peer.open);
        assertEquals(List.of(), bench.takeNotes());
    }

    @Test
    void memoryIsHeldAgainstTheBetterCopy() {
        KernelBench bench = bench(List.of(new Fake("ours", 250)), List.of(new Fake("t", 200)), 1);
        bench.measure(COPY);
        assertEquals(2 * 268.435456 / 0.2, bench.copyBandwidth(), 1e-6);
        assertEquals(0.8, bench.measure(RELU).get(0).shareOfCopy(), 1e-9);
    }

    @Test
    void aWrongResultGetsNoTimeButASentence() {
        Fake our = new Fake("ours", 1);
        our.refusal = new CaseFailedException("wrong result");
        KernelBench bench = bench(List.of(our), List.of(new Fake("torch", 2)), 2);
        BenchRow row = bench.measure(RELU).get(0);
        assertNull(row.ours());
        assertNull(row.ratio());
        assertNull(row.shareOfCopy());
        assertTrue(row.peer() > 0);
        assertEquals(List.of("fp32 relu 256 MB: wrong result"), bench.takeFailures());
        assertEquals(List.of(), bench.takeFailures());
    }

    @Test
    void aPeerThatCannotDoACaseIsNoted() {
        Fake peer = new Fake("torch", 2);
        peer.refusal = new CaseFailedException("no relu");
        KernelBench bench = bench(List.of(new Fake("ours", 1)), List.of(peer), 2);
        BenchRow row = bench.measure(RELU).get(0);
        assertNull(row.peer());
        assertNull(row.peerName());
        assertEquals(List.of("fp32 relu 256 MB: the peer failed: no relu"), bench.takeNotes());
        assertEquals(List.of(), bench.takeFailures());
    }

    @Test
    void aPeerThatDiesIsLeftOut() {
        Fake peer = new Fake("torch", 2);
        peer.mortal = true;
        KernelBench bench = bench(List.of(new Fake("ours", 1)), List.of(peer), 3);
        assertNull(bench.measure(RELU).get(0).peer());
        assertEquals(
                List.of("From here on nothing was measured beside ours: it died."),
                bench.takeNotes());
        turns.clear();
        bench.measure(RELU);
        assertEquals(List.of("ours", "ours", "ours"), turns);
    }

    @Test
    void whatCannotBeTidiedUpIsNoted() {
        Fake our = new Fake("ours", 1);
        our.untidy = true;
        KernelBench bench = bench(List.of(our), List.of(), 1);
        assertTrue(bench.measure(RELU).get(0).ours() > 0);
        assertEquals(
                List.of("fp32 relu 256 MB: could not be tidied up: it sticks"), bench.takeNotes());
    }

    @Test
    void severalPeersAreSeveralRows() {
        Fake kernels = new Fake("kernels", 5);
        kernels.absent = true;
        KernelBench bench =
                bench(
                        List.of(kernels, new Fake("djl", 5)),
                        List.of(new Fake("torch", 2), new Fake("djl torch", 10)),
                        1);
        List<BenchRow> rows = bench.measure(RELU);
        assertEquals(List.of("torch", "djl torch"), rows.stream().map(BenchRow::peerName).toList());
        assertEquals(List.of(0.4, 2.0), rows.stream().map(BenchRow::ratio).toList());
    }
}
