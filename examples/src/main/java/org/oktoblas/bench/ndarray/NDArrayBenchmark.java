package org.oktoblas.bench.ndarray;

import ai.djl.Device;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.oktoblas.bench.BenchReport;
import org.oktoblas.bench.BenchRow;
import org.oktoblas.bench.Build;
import org.oktoblas.bench.Processor;
import org.oktoblas.cuda.CudaDevice;

/** {@code okto bench ndarray}: operations of DJL's NDArray, each engine in its own process. */
public final class NDArrayBenchmark {

    /** The numbers of elements that are measured unless others are asked for. */
    public static final List<Long> SIZES = List.of(64L, 65_536L, 8_388_608L);

    /** The smallest number of elements: matrices and images have at least two rows. */
    public static final long FEWEST_ELEMENTS = 16;

    /** The largest number of elements: some results are twice as large, and Java reads them. */
    public static final long MOST_ELEMENTS = 1L << 26;

    private static final Stretch FULL = new Stretch(2000, 2000, 100);
    private static final Stretch QUICK = new Stretch(400, 150, 40);

    private NDArrayBenchmark() {}

    /**
     * What to measure.
     *
     * @param engines one or two; the first is ours
     * @param device where the first runs; the other runs on the CPU
     * @param operations only operations whose names contain one of these; empty for all
     * @param sizes how many elements arrays have
     * @param quick shorter stretches, and small matrices
     * @param rounds how often
     * @param threads how many threads each engine uses
     * @param commit what is measured, or null to find out
     */
    public record Settings(
            List<String> engines,
            Device device,
            List<String> operations,
            List<Long> sizes,
            boolean quick,
            int rounds,
            int threads,
            String commit) {}

    /**
     * What came of it.
     *
     * @param report the figures
     * @param sound whether every case of ours gave a time
     */
    public record Outcome(BenchReport report, boolean sound) {}

    /**
     * Measures.
     *
     * @param settings what
     * @param command how this was called, for the report
     * @param progress hears what is being done
     * @throws IllegalArgumentException if no operation's name contains what was asked for
     */
    public static Outcome run(Settings settings, String command, Consumer<String> progress) {
        Stretch stretch = settings.quick() ? QUICK : FULL;
        ArrayContestant.Opener fork =
                (engine, first, operation) ->
                        ForkedArrays.open(
                                engine,
                                first ? settings.device() : Device.cpu(),
                                settings.threads(),
                                stretch,
                                operation);
        return run(settings, command, progress, fork);
    }

    static Outcome run(
            Settings settings,
            String command,
            Consumer<String> progress,
            ArrayContestant.Opener opener) {
        List<ArrayOperation> operations =
                ArrayOperations.all().stream()
                        .filter(operation -> chosen(operation, settings.operations()))
                        .toList();
        if (operations.isEmpty()) {
            throw new IllegalArgumentException(
                    "no operation's name contains \"%s\"; there are %s"
                            .formatted(
                                    String.join("\" or \"", settings.operations()),
                                    String.join(", ", names())));
        }
        // Before the work starts, during which somebody may edit.
        String commit = settings.commit() == null ? Build.commit() : settings.commit();
        ArrayBench bench = new ArrayBench(settings.engines(), settings.rounds(), opener, progress);
        List<BenchRow> rows = new ArrayList<>();
        Map<String, List<BenchRow>> classes = new LinkedHashMap<>();
        for (ArrayOperation operation : operations) {
            List<Long> sizes = operation.sizes(settings.sizes(), settings.quick());
            List<BenchRow> measured = bench.measure(operation, sizes);
            for (int i = 0; i < sizes.size(); i++) {
                classes.computeIfAbsent(
                                operation.sizeClass(sizes.get(i)), name -> new ArrayList<>())
                        .add(measured.get(i));
            }
            rows.addAll(measured);
        }
        List<String> notes = new ArrayList<>();
        notes.add(method(settings));
        notes.addAll(bench.notes());
        notes.add(Summary.means(classes));
        notes.add(Summary.worst(rows));
        notes.removeIf(String::isEmpty);
        return new Outcome(report(settings, commit, command, notes, rows), bench.sound());
    }

    private static boolean chosen(ArrayOperation operation, List<String> texts) {
        return texts.isEmpty() || texts.stream().anyMatch(operation.name()::contains);
    }

    private static List<String> names() {
        return ArrayOperations.all().stream()
                .map(ArrayOperation::name)
                .sorted(Comparator.naturalOrder())
                .toList();
    }

    private static String method(Settings settings) {
        Stretch stretch = settings.quick() ? QUICK : FULL;
        StringBuilder text = new StringBuilder();
        text.append(
                ("Each operation runs in a Java process of its own with %d threads. JMH repeats the"
                                + " call for %d ms each time it is measured, after %d ms to warm"
                                + " up, and %d ms at a process's first size. A call ends when its"
                                + " result is there, and closing the result is part of it.")
                        .formatted(
                                settings.threads(),
                                stretch.measureMillis(),
                                stretch.warmUpMillis(),
                                stretch.firstWarmUpMillis()));
        if (settings.engines().size() > 1) {
            text.append(
                    " Each engine has its process; the two get the same inputs, their results are"
                            + " compared first, and they take turns within every round: whoever is"
                            + " first is second in the next.");
            text.append(
                    settings.device().isGpu() ? " Ours ran on the GPU, the peer on the CPU." : "");
        }
        return text.toString();
    }

    private static BenchReport report(
            Settings settings,
            String commit,
            String command,
            List<String> notes,
            List<BenchRow> rows) {
        if (settings.device().isGpu()) {
            CudaDevice gpu = CudaDevice.get(settings.device().getDeviceId());
            return BenchReport.onGpu("ndarray", commit, gpu, command, notes, rows);
        }
        Processor processor = Processor.detect();
        return new BenchReport(
                "ndarray",
                LocalDate.now(ZoneOffset.UTC).toString(),
                commit,
                processor.name(),
                null,
                System.getProperty("java.version"),
                processor.cores() + " cores, " + String.join(" ", processor.features()),
                command,
                notes,
                rows);
    }
}
