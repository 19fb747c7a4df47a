package org.oktoblas.bench.gpu;

import ai.djl.engine.Engine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.oktoblas.bench.BenchReport;
import org.oktoblas.bench.BenchRow;
import org.oktoblas.bench.Build;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.engine.OktoEngine;

/** {@code okto bench kernels}: kernels and array calls on the first GPU beside PyTorch's. */
public final class KernelBenchmark {

    /** What can be measured, a table each, in this order: its name and what it is. */
    public static final Map<String, String> TOPICS = topics();

    private static final String METHOD =
            "Both sides take turns in every round, and every result of ours was checked against"
                    + " double precision first. Kernel times are those of many calls in one CUDA"
                    + " graph, between two events; it rotates through so many sets of inputs that"
                    + " they are larger than the cache, but at most 32. The memory moved is each"
                    + " input read and each output written once. Host times are those of 400 calls"
                    + " until the last has returned.";

    private static final String LINEAR =
            "Layers of ours read and write float32 and have their float16 weights packed once, as a"
                    + " model does; PyTorch's are float16 throughout, with weights (in, out) or"
                    + " (out, in), whichever is faster.";

    private KernelBenchmark() {}

    private static Map<String, String> topics() {
        Map<String, String> topics = new LinkedHashMap<>();
        topics.put("gemm", "matrix products");
        topics.put("attention", "attention");
        topics.put("elementwise", "elementwise operations and copies");
        topics.put("reduce", "reductions, scans and sorting");
        topics.put("softmax", "softmax");
        topics.put("layernorm", "layer norm");
        topics.put("dispatch", "what a call costs the host");
        return Collections.unmodifiableMap(topics);
    }

    /**
     * What to measure.
     *
     * @param topics some of {@link #TOPICS}
     * @param filter only cases whose names contain this; empty for all
     * @param quick fewer sizes
     * @param rounds how often
     * @param python the interpreter that has PyTorch, or null to measure ours alone
     * @param commit what is measured, or null to find out
     */
    public record Settings(
            List<String> topics,
            String filter,
            boolean quick,
            int rounds,
            String python,
            String commit) {}

    /**
     * What came of it.
     *
     * @param reports one a topic that had cases
     * @param sound whether every case of ours gave a time
     */
    public record Outcome(List<BenchReport> reports, boolean sound) {}

    /**
     * Measures.
     *
     * @param settings what
     * @param command how this was called, for the reports
     * @param progress hears what is being done
     * @throws IllegalStateException if there is no GPU to use, saying why
     */
    public static Outcome run(Settings settings, String command, Consumer<String> progress) {
        CudaDevice device = CudaDevice.get(0);
        List<String> notes = new ArrayList<>();
        notes.add(METHOD);
        List<Contender> peers = new ArrayList<>();
        Engine okto = Engine.getEngine(OktoEngine.ENGINE_NAME);
        List<Contender> ours = List.of(new KernelContender(device), new DjlContender(okto));
        try {
            openPeers(settings, peers, notes, progress);
            KernelBench bench =
                    new KernelBench(
                            ours,
                            peers,
                            settings.rounds(),
                            device.properties().l2Bytes(),
                            progress);
            return measure(settings, bench, device, notes, command);
        } finally {
            peers.forEach(Contender::close);
            ours.forEach(Contender::close);
        }
    }

    private static void openPeers(
            Settings settings,
            List<Contender> peers,
            List<String> notes,
            Consumer<String> progress) {
        if (settings.python() == null) {
            return;
        }
        progress.accept("starting PyTorch under " + settings.python());
        try {
            peers.add(PeerProcess.open(settings.python()));
        } catch (IOException e) {
            notes.add("Nothing was measured beside ours: " + e.getMessage() + ".");
            progress.accept("no PyTorch to measure beside: " + e.getMessage());
        }
        if (!Engine.getAllEngines().contains("PyTorch")) {
            return;
        }
        try {
            Engine engine = Engine.getEngine("PyTorch");
            if (engine.getGpuCount() > 0) {
                peers.add(new DjlContender(engine));
            }
        } catch (RuntimeException | LinkageError e) {
            notes.add("DJL's PyTorch engine does not start: " + e.getMessage());
        }
    }

    private static Outcome measure(
            Settings settings,
            KernelBench bench,
            CudaDevice device,
            List<String> notes,
            String command) {
        // Before the work starts, during which somebody may edit.
        String commit = settings.commit() == null ? Build.commit() : settings.commit();
        List<BenchReport> reports = new ArrayList<>();
        boolean sound = true;
        for (String topic : settings.topics()) {
            List<KernelCase> cases =
                    KernelCases.of(topic, settings.quick()).stream()
                            .filter(task -> task.name().contains(settings.filter()))
                            .toList();
            if (cases.isEmpty()) {
                continue;
            }
            // All that moves memory is held against a copy.
            boolean needsCopy = cases.stream().anyMatch(task -> task.traffic() > 0);
            if (needsCopy && bench.copyBandwidth() == 0 && !cases.contains(KernelCases.copy())) {
                bench.measure(KernelCases.copy());
            }
            List<BenchRow> rows = new ArrayList<>();
            cases.forEach(task -> rows.addAll(bench.measure(task)));
            List<String> all = new ArrayList<>(notes);
            if (needsCopy) {
                all.add(
                        String.format(
                                Locale.ROOT,
                                "A copy of 256 MB within the device reached %.0f GB/s, read plus"
                                        + " written, in this run; \"of copy\" is ours over that.",
                                bench.copyBandwidth()));
            }
            if (cases.stream().anyMatch(task -> task.op().equals("linear"))) {
                all.add(LINEAR);
            }
            all.addAll(bench.takeNotes());
            List<String> failures = bench.takeFailures();
            failures.forEach(failure -> all.add("No time for " + failure));
            sound &= failures.isEmpty();
            reports.add(BenchReport.onGpu(topic, commit, device, command, all, rows));
        }
        return new Outcome(reports, sound);
    }
}
