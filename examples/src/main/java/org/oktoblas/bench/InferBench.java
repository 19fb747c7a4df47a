package org.oktoblas.bench;

import ai.djl.ModelException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.oktoblas.gpt2.Precision;

/**
 * Generates with several engines in turns, so that whatever else the machine does meets them all
 * alike, and compares the first with the others.
 */
public final class InferBench {

    /** Engines that run in float32 whatever precision is measured: PyTorch's has no bfloat16. */
    private static final List<String> FLOAT32_ONLY = List.of("PyTorch");

    /** How a contestant comes to be. */
    interface Opener {
        Contestant open(String model, Entry entry) throws IOException, ModelException;
    }

    /**
     * An engine in a precision.
     *
     * @param engine its name
     * @param precision of its arithmetic
     */
    record Entry(String engine, Precision precision) {}

    private final List<String> engines;
    private final List<Precision> precisions;
    private final List<InferCase> cases;
    private final int rounds;
    private final double warmUpSeconds;
    private final Opener opener;
    private final Consumer<String> progress;
    private final List<String> notes = new ArrayList<>();
    private int compared;

    InferBench(
            List<String> engines,
            List<Precision> precisions,
            List<InferCase> cases,
            int rounds,
            double warmUpSeconds,
            Opener opener,
            Consumer<String> progress) {
        this.engines = engines;
        this.precisions = precisions;
        this.cases = cases;
        this.rounds = rounds;
        this.warmUpSeconds = warmUpSeconds;
        this.opener = opener;
        this.progress = progress;
    }

    /** Returns what was seen beside the figures, once everything is measured. */
    List<String> notes() {
        List<String> all = new ArrayList<>(notes);
        if (compared > 0 && notes.isEmpty()) {
            all.add("Engines in the same precision generated the same tokens in every case.");
        }
        return all;
    }

    /**
     * Measures one model.
     *
     * @param model the model's path or URL
     * @param label its name in the rows
     */
    List<BenchRow> measure(String model, String label) throws IOException, ModelException {
        Map<Entry, Contestant> contestants = new LinkedHashMap<>();
        try {
            for (Entry entry : entries()) {
                progress.accept("%s: loading under %s".formatted(label, name(entry)));
                contestants.put(entry, opener.open(model, entry));
            }
            warmUp(label, contestants);
            return rows(label, play(label, contestants));
        } finally {
            contestants.values().forEach(Contestant::close);
        }
    }

    private List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        for (String engine : engines) {
            for (Precision precision : precisions) {
                Entry entry = entry(engine, precision);
                if (!entries.contains(entry)) {
                    entries.add(entry);
                }
            }
        }
        return entries;
    }

    private static Entry entry(String engine, Precision precision) {
        return new Entry(engine, FLOAT32_ONLY.contains(engine) ? Precision.FP32 : precision);
    }

    private static String name(Entry entry) {
        return entry.engine() + " " + entry.precision();
    }

    /** Java compiles what runs often: every case, over and over, as long as asked. */
    private void warmUp(String label, Map<Entry, Contestant> contestants) throws IOException {
        for (var contestant : contestants.entrySet()) {
            progress.accept("%s: warming up %s".formatted(label, name(contestant.getKey())));
            long end = System.nanoTime() + (long) (warmUpSeconds * TimeUnit.SECONDS.toNanos(1));
            do {
                for (InferCase task : cases) {
                    contestant.getValue().run(task);
                }
            } while (System.nanoTime() < end);
        }
    }

    private Map<InferCase, Map<Entry, List<Sample>>> play(
            String label, Map<Entry, Contestant> contestants) throws IOException {
        Map<InferCase, Map<Entry, List<Sample>>> samples = new LinkedHashMap<>();
        List<Entry> order = new ArrayList<>(contestants.keySet());
        for (int round = 0; round < rounds; round++) {
            progress.accept("%s: round %d of %d".formatted(label, round + 1, rounds));
            for (InferCase task : cases) {
                for (Entry entry : order) {
                    Sample sample = contestants.get(entry).run(task);
                    samples.computeIfAbsent(task, t -> new LinkedHashMap<>())
                            .computeIfAbsent(entry, e -> new ArrayList<>())
                            .add(sample);
                }
            }
            // Nobody always goes first.
            order.add(order.remove(0));
        }
        return samples;
    }

    private List<BenchRow> rows(String label, Map<InferCase, Map<Entry, List<Sample>>> samples) {
        List<BenchRow> rows = new ArrayList<>();
        for (Precision precision : precisions) {
            Entry our = entry(engines.get(0), precision);
            String name = label + " " + precision;
            List<Entry> peers = new ArrayList<>();
            engines.stream().skip(1).forEach(engine -> peers.add(entry(engine, precision)));
            if (peers.isEmpty()) {
                peers.add(null);
            }
            for (Entry peer : peers) {
                samples.forEach(
                        (task, all) -> rows.addAll(rows(name + " " + task, our, peer, all)));
                var last = samples.get(cases.get(cases.size() - 1));
                if (last.get(our).get(0).peakMemoryMb() > 0) {
                    rows.add(
                            row(
                                    name,
                                    "peak_memory_mb",
                                    false,
                                    Sample::peakMemoryMb,
                                    our,
                                    peer,
                                    last));
                }
            }
        }
        return rows;
    }

    private List<BenchRow> rows(
            String name, Entry our, Entry peer, Map<Entry, List<Sample>> samples) {
        if (peer != null) {
            compareTokens(name, our, peer, samples);
        }
        return List.of(
                row(
                        name,
                        "decode_tokens_per_second",
                        true,
                        Sample::decodeTokensPerSecond,
                        our,
                        peer,
                        samples),
                row(name, "ttft_ms", false, Sample::firstMillis, our, peer, samples));
    }

    private static BenchRow row(
            String name,
            String metric,
            boolean higherIsBetter,
            Function<Sample, Double> figure,
            Entry our,
            Entry peer,
            Map<Entry, List<Sample>> samples) {
        return BenchRow.of(
                name,
                metric,
                higherIsBetter,
                samples.get(our).stream().map(figure).toList(),
                peer == null ? null : samples.get(peer).stream().map(figure).toList(),
                peer == null ? null : name(peer));
    }

    /** Speed counts for nothing if the tokens differ: in float32 they must not. */
    private void compareTokens(
            String name, Entry our, Entry peer, Map<Entry, List<Sample>> samples) {
        if (our.precision() != peer.precision()) {
            return;
        }
        long[][] ours = samples.get(our).get(0).tokenIds();
        long[][] theirs = samples.get(peer).get(0).tokenIds();
        compared++;
        if (!Arrays.deepEquals(ours, theirs)) {
            notes.add(
                    "%s: %s generated other tokens than %s."
                            .formatted(name, name(our), name(peer)));
        }
    }
}
