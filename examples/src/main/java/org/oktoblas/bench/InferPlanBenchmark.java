package org.oktoblas.bench;

import ai.djl.Device;
import ai.djl.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.engine.OktoEngine;

/** {@code okto bench infer --plan gpu}: GPT-2 on a GPU beside PyTorch in Python. */
public final class InferPlanBenchmark {

    /** PyTorch needs ten seconds for each. */
    private static final int MOST_COLD_STARTS = 3;

    private static final String METHOD =
            "Random weights in float16, the same prompts of random tokens for everybody, greedy, each"
                    + " side in a process of its own, in turns within every round."
                    + " `decode_tokens_per_second` counts the tokens after the first over all rows of"
                    + " the batch, `ttft_ms` is the time to the first token of all rows. Ours is called"
                    + " through DJL's model zoo, and its first calls, while Java still compiles, are"
                    + " not counted. Hugging Face's time to the first token is that of a run that ends"
                    + " there; torch.compile's peer reads the prompt as PyTorch comes and compiles the"
                    + " decoding step, with keys and values in place in as many tokens as the case"
                    + " needs, rounded up to 128.";

    private static final String MEMORY =
            "`peak_memory_mb` (10^6 bytes) is memory of the device. Ours is the most that the engine"
                    + " held in a fresh process that does this case alone, loading included; PyTorch's"
                    + " is `max_memory_allocated` while it generates. Its limit is the bytes of all"
                    + " weights, keys and values.";

    private static final String COLD =
            "`cold_start_seconds` runs from before a process is started until its first token is"
                    + " there, with the model in the system's file cache: ours an `.okm`, PyTorch's what"
                    + " `save_pretrained` wrote.";

    private InferPlanBenchmark() {}

    /**
     * How to measure.
     *
     * @param device the GPU; null for the engine's own choice
     * @param filter only cases whose names contain this; empty for all
     * @param rounds how often
     * @param warmUpSeconds how long ours generates in every case before it is measured
     * @param threads how many threads of the host ours may use
     * @param python the interpreter that has PyTorch, or null to measure ours alone
     * @param commit what is measured, or null to find out
     */
    public record Settings(
            Device device,
            String filter,
            int rounds,
            double warmUpSeconds,
            int threads,
            String python,
            String commit) {}

    /**
     * What came of it.
     *
     * @param report the figures; without rows if no case's name contained the filter
     * @param sound whether every case of ours gave its figures
     */
    public record Outcome(BenchReport report, boolean sound) {}

    /**
     * Measures.
     *
     * @param command how this was called, for the report
     * @param progress hears what is being done
     * @throws IOException if a model cannot be written
     * @throws IllegalStateException if there is no GPU to use, saying why
     */
    public static Outcome run(Settings settings, String command, Consumer<String> progress)
            throws IOException, ModelException {
        Device device = Optional.ofNullable(settings.device()).orElse(Device.gpu(0));
        CudaDevice gpu = CudaDevice.get(device.getDeviceId());
        // Before the work starts, during which somebody may edit.
        String commit = settings.commit() == null ? Build.commit() : settings.commit();
        List<InferPlan.Group> groups = InferPlan.groups(settings.filter());
        boolean cold = InferPlan.coldName().contains(settings.filter());
        List<String> notes = new ArrayList<>(List.of(METHOD, MEMORY));
        if (cold) {
            notes.add(COLD);
        }
        List<BenchRow> rows = new ArrayList<>();
        PlanBench.Opener fork =
                model ->
                        ForkedContestant.open(
                                model,
                                OktoEngine.ENGINE_NAME,
                                device,
                                InferPlan.PRECISION,
                                settings.threads());
        List<TorchPeer> peers = new ArrayList<>();
        Path saved = null;
        try {
            if (cold || !groups.isEmpty()) {
                openPeers(settings, device, peers, notes, progress);
            }
            PlanBench bench =
                    new PlanBench(
                            fork, peers, settings.rounds(), settings.warmUpSeconds(), progress);
            noteCopy(bench.measureCopy(), notes);
            for (InferPlan.Group group : groups) {
                try (RandomModel model = model(group.shape(), progress)) {
                    rows.addAll(bench.measure(group, model.path()));
                }
            }
            if (cold) {
                Optional<TorchPeer> peer =
                        bench.alive().stream()
                                .filter(each -> each.mode() == TorchPeer.Mode.GENERATE)
                                .findFirst();
                saved = Files.createTempDirectory("okto-bench");
                boolean there = peer.isPresent() && save(peer.get(), saved, notes);
                String peerName = there ? peer.get().name() : null;
                // A process that starts has the device to itself.
                peers.forEach(TorchPeer::close);
                peers.clear();
                rows.add(cold(settings, device, bench, there ? saved : null, peerName, progress));
            }
            notes.addAll(bench.notes());
            bench.failures().forEach(failure -> notes.add("No figures of ours for " + failure));
            return new Outcome(
                    BenchReport.onGpu("infer", commit, gpu, command, notes, rows),
                    bench.failures().isEmpty());
        } finally {
            peers.forEach(TorchPeer::close);
            delete(saved);
        }
    }

    private static RandomModel model(ModelShape shape, Consumer<String> progress)
            throws IOException, ModelException {
        return RandomModel.resolve(shape.name() + ":random-f16", progress);
    }

    private static void openPeers(
            Settings settings,
            Device device,
            List<TorchPeer> peers,
            List<String> notes,
            Consumer<String> progress) {
        if (settings.python() == null) {
            return;
        }
        for (TorchPeer.Mode mode : TorchPeer.Mode.values()) {
            progress.accept("starting %s under %s".formatted(mode, settings.python()));
            try {
                peers.add(TorchPeer.open(settings.python(), mode, device.getDeviceId()));
            } catch (IOException e) {
                notes.add("%s was not measured: %s.".formatted(mode, e.getMessage()));
                progress.accept("  left out: " + e.getMessage());
            }
        }
    }

    private static void noteCopy(double bytesPerSecond, List<String> notes) {
        notes.add(
                bytesPerSecond == 0
                        ? "Nobody measured how fast the device copies, so decoding has no limit here."
                        : String.format(
                                Locale.ROOT,
                                "PyTorch copied 1 GiB within the device at %.0f GB/s, read plus"
                                        + " written, in this run. The limit of decoding is that rate"
                                        + " over what a step must read: the weights once, and the keys"
                                        + " and values of all rows in the middle of the generation;"
                                        + " \"of limit\" is ours over it.",
                                bytesPerSecond / 1e9));
    }

    private static boolean save(TorchPeer peer, Path directory, List<String> notes) {
        try {
            peer.load(InferPlan.COLD);
            peer.save(directory);
            return true;
        } catch (IOException | RuntimeException e) {
            notes.add("PyTorch's cold start was not measured: %s.".formatted(e.getMessage()));
            return false;
        }
    }

    private static BenchRow cold(
            Settings settings,
            Device device,
            PlanBench bench,
            Path saved,
            String peerName,
            Consumer<String> progress)
            throws IOException, ModelException {
        try (RandomModel model = model(InferPlan.COLD, progress)) {
            return bench.cold(
                    InferPlan.coldName(),
                    Math.min(settings.rounds(), MOST_COLD_STARTS),
                    () ->
                            ColdStart.seconds(
                                    model.path(), device, InferPlan.PRECISION, settings.threads()),
                    saved == null
                            ? null
                            : () ->
                                    TorchPeer.coldSeconds(
                                            settings.python(), device.getDeviceId(), saved),
                    peerName);
        }
    }

    private static void delete(Path directory) throws IOException {
        if (directory == null) {
            return;
        }
        List<Path> found;
        try (Stream<Path> files = Files.walk(directory)) {
            found = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : found) {
            Files.delete(path);
        }
    }
}
