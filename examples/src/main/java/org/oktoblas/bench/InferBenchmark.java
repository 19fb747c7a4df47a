package org.oktoblas.bench;

import ai.djl.Device;
import ai.djl.ModelException;
import java.io.IOException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.DeviceProperties;
import org.oktoblas.engine.OktoEngine;
import org.oktoblas.gpt2.Precision;

/** {@code okto bench infer}: GPT-2's prompt and decoding times, each engine in its own process. */
public final class InferBenchmark {

    private InferBenchmark() {}

    /**
     * What to measure: everything with everything.
     *
     * @param models paths, {@code okm://} URLs, or models that {@link RandomModel} makes
     * @param engines names of engines; the first is compared with each of the others
     * @param device where they run; null for each engine's own choice
     * @param precisions the arithmetic
     * @param batches how many prompts at once
     * @param promptTokens lengths of prompts
     * @param tokens how many tokens to generate
     * @param rounds how often
     * @param warmUpSeconds how long each engine generates before measuring
     * @param threads how many threads each engine uses
     * @param commit what is measured, or null to find out
     */
    public record Settings(
            List<String> models,
            List<String> engines,
            Device device,
            List<Precision> precisions,
            List<Integer> batches,
            List<Integer> promptTokens,
            int tokens,
            int rounds,
            double warmUpSeconds,
            int threads,
            String commit) {

        /** The GPU that the first engine runs on, if it does. */
        private Optional<DeviceProperties> gpu() {
            if (!engines.get(0).equals(OktoEngine.ENGINE_NAME)) {
                return Optional.empty();
            }
            Device ours = device == null ? OktoEngine.get().defaultDevice() : device;
            return ours.isGpu()
                    ? Optional.of(CudaDevice.get(ours.getDeviceId()).properties())
                    : Optional.empty();
        }

        private List<InferCase> cases() {
            List<InferCase> cases = new ArrayList<>();
            for (int prompt : promptTokens) {
                for (int batch : batches) {
                    cases.add(new InferCase(batch, prompt, tokens));
                }
            }
            return cases;
        }
    }

    /**
     * Measures.
     *
     * @param settings what
     * @param command how this was called, for the report
     * @param progress hears what is being done
     * @throws IOException if an engine's process fails
     */
    public static BenchReport run(Settings settings, String command, Consumer<String> progress)
            throws IOException, ModelException {
        InferBench.Opener fork =
                (model, entry) ->
                        ForkedContestant.open(
                                model,
                                entry.engine(),
                                settings.device(),
                                entry.precision(),
                                settings.threads());
        InferBench bench =
                new InferBench(
                        settings.engines(),
                        settings.precisions(),
                        settings.cases(),
                        settings.rounds(),
                        settings.warmUpSeconds(),
                        fork,
                        progress);
        // Before the work starts, during which somebody may edit.
        String commit = settings.commit() == null ? Build.commit() : settings.commit();
        List<BenchRow> rows = new ArrayList<>();
        for (String name : settings.models()) {
            try (RandomModel model = RandomModel.resolve(name, progress)) {
                rows.addAll(bench.measure(model.path(), model.label()));
            }
        }
        List<String> notes = new ArrayList<>();
        notes.add(
                "Each engine generates in a process of its own with %d threads, in turns within every round. "
                                .formatted(settings.threads())
                        + "`ttft_ms` is the time to the first token, `decode_tokens_per_second` counts the"
                        + " tokens after it over all rows of the batch.");
        notes.addAll(bench.notes());
        return report(settings, commit, command, notes, rows);
    }

    private static BenchReport report(
            Settings settings,
            String commit,
            String command,
            List<String> notes,
            List<BenchRow> rows) {
        Processor processor = Processor.detect();
        Optional<DeviceProperties> gpu = settings.gpu();
        String host = processor.cores() + " cores, " + String.join(" ", processor.features());
        return new BenchReport(
                "infer",
                LocalDate.now(ZoneOffset.UTC).toString(),
                commit,
                gpu.map(DeviceProperties::name).orElse(processor.name()),
                gpu.map(properties -> GpuDriver.version()).orElse(null),
                System.getProperty("java.version"),
                gpu.isPresent() ? processor.name() + ", " + host : host,
                command,
                notes,
                rows);
    }
}
