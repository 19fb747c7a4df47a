package org.oktoblas.cli;

import ai.djl.Device;
import ai.djl.engine.Engine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.oktoblas.bench.ndarray.NDArrayBenchmark;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code okto bench ndarray}: operations of DJL's NDArray. */
@Command(
        name = "ndarray",
        description = {
            "Measures operations of DJL's NDArray, with two engines in turns.",
            "Compares their results first: exit code 1 if one of ours is wrong or missing."
        },
        footer = {
            "",
            "Examples:",
            "  okto bench ndarray --engines OktoBLAS,PyTorch --out docs/benchmarks",
            "  okto bench ndarray --engines OktoBLAS,PyTorch --operations softmax,sum --quick"
        })
final class BenchNDArrayCommand implements Callable<Integer> {

    private static final int ROUNDS = 5;
    private static final int QUICK_ROUNDS = 3;

    @Spec private CommandSpec spec;

    @Option(
            names = {"--engine", "--engines"},
            split = ",",
            paramLabel = "ENGINE",
            defaultValue = "OktoBLAS",
            description =
                    "One engine, or two to compare, as OktoBLAS,PyTorch (default:"
                            + " ${DEFAULT-VALUE}).")
    private List<String> engines;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "cpu",
            description =
                    "Where the first engine runs: cpu, or gpu0, gpu1, …; the other runs on the CPU"
                            + " (default: ${DEFAULT-VALUE}).")
    private String device;

    @Option(
            names = {"--operations", "--operation"},
            split = ",",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "Only operations whose names contain one of these (default: all).")
    private List<String> operations;

    @Option(
            names = {"--sizes", "--size"},
            split = ",",
            paramLabel = "N",
            description =
                    "How many elements arrays have (default: 64, 65536 and 8388608; quick: without"
                            + " the last), multiples of 4. Products are of square matrices, whatever"
                            + " this says.")
    private List<Long> sizes;

    @Option(names = "--quick", description = "Fewer sizes and rounds: about four minutes.")
    private boolean quick;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "How often to measure each case (default: 5, quick 3).")
    private Integer rounds;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "0",
            description = "Threads of each engine (default: all processors).")
    private int threads;

    @Mixin private BenchOrigin origin;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where to write ndarray-DEVICE.json and ndarray-DEVICE.md.")
    private Path out;

    private final Console console;

    BenchNDArrayCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        NDArrayBenchmark.Settings settings = settings();
        String command = BenchOrigin.command(spec);
        NDArrayBenchmark.Outcome outcome;
        try {
            outcome = NDArrayBenchmark.run(settings, command, step -> console.err().println(step));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage());
        }
        console.print(outcome.report().markdown());
        if (out != null) {
            outcome.report().write(out);
            console.err()
                    .println("wrote " + out.resolve(outcome.report().fileName()) + ".json and .md");
        }
        return outcome.sound() ? 0 : 1;
    }

    private NDArrayBenchmark.Settings settings() {
        int times = rounds != null ? rounds : quick ? QUICK_ROUNDS : ROUNDS;
        between("--rounds", times, 1, 1000);
        between("--threads", threads, 0, 1024);
        List<Long> all = NDArrayBenchmark.SIZES;
        List<Long> counts = sizes != null ? sizes : quick ? all.subList(0, 2) : all;
        counts.forEach(this::checkSize);
        Set<String> names = new LinkedHashSet<>();
        engines.forEach(engine -> names.add(Engines.find(spec, engine)));
        if (names.size() > 2) {
            throw new ParameterException(
                    spec.commandLine(), "--engines names more than two: " + names);
        }
        List<String> chosen = List.copyOf(names);
        Device place = Devices.find(spec, device, chosen.get(0));
        return new NDArrayBenchmark.Settings(
                chosen,
                place == null ? Engine.getEngine(chosen.get(0)).defaultDevice() : place,
                operations.stream().filter(text -> !text.isEmpty()).toList(),
                counts,
                quick,
                times,
                threads == 0 ? Runtime.getRuntime().availableProcessors() : threads,
                origin.commit());
    }

    private void checkSize(long size) {
        between("--sizes", size, NDArrayBenchmark.FEWEST_ELEMENTS, NDArrayBenchmark.MOST_ELEMENTS);
        if (size % 4 != 0) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--sizes is %d, but must be a multiple of 4".formatted(size));
        }
    }

    private void between(String option, long value, long least, long most) {
        if (value < least || value > most) {
            throw new ParameterException(
                    spec.commandLine(),
                    "%s is %d, but must be from %d to %d".formatted(option, value, least, most));
        }
    }
}
