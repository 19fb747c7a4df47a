package org.oktoblas.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.oktoblas.bench.BenchReport;
import org.oktoblas.bench.gpu.KernelBenchmark;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What the commands that measure kernels have in common. */
final class KernelBenchOptions {

    private static final int ROUNDS = 9;
    private static final int QUICK_ROUNDS = 3;

    @Option(
            names = "--case",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "Only cases whose names contain this, \"fp16 causal\" say.")
    private String filter;

    @Option(names = "--quick", description = "Fewer sizes and rounds: about a minute.")
    private boolean quick;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "How often to measure each case (default: 9, quick 3).")
    private Integer rounds;

    @Option(
            names = "--python",
            paramLabel = "PYTHON",
            defaultValue = "python3",
            description = "The Python that has PyTorch (default: ${DEFAULT-VALUE}).")
    private String python;

    @Option(names = "--no-peer", description = "Measure OktoBLAS alone.")
    private boolean alone;

    @Mixin private BenchOrigin origin;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where to write TOPIC-DEVICE.json and TOPIC-DEVICE.md.")
    private Path out;

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Write all figures to one file, as JSON.")
    private Path json;

    @Option(
            names = "--markdown",
            paramLabel = "FILE",
            description = "Write all figures to one file, as a Markdown table.")
    private Path markdown;

    /** Measures some topics and returns the exit code: 1 if a case of ours gave no time. */
    int run(CommandSpec spec, Console console, List<String> topics) throws IOException {
        if (rounds != null && rounds < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--rounds is " + rounds + ", but must be at least 1");
        }
        KernelBenchmark.Settings settings =
                new KernelBenchmark.Settings(
                        topics,
                        filter,
                        quick,
                        rounds != null ? rounds : quick ? QUICK_ROUNDS : ROUNDS,
                        alone ? null : python,
                        origin.commit());
        String command = BenchOrigin.command(spec);
        KernelBenchmark.Outcome outcome =
                KernelBenchmark.run(settings, command, step -> console.err().println(step));
        if (outcome.reports().isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "no case's name contains \"%s\"".formatted(filter));
        }
        for (BenchReport report : outcome.reports()) {
            console.print(report.markdown() + "\n");
        }
        write(console, outcome.reports());
        return outcome.sound() ? 0 : 1;
    }

    private void write(Console console, List<BenchReport> reports) throws IOException {
        if (out != null) {
            for (BenchReport report : reports) {
                report.write(out);
                console.err().println("wrote " + out.resolve(report.fileName()) + ".json and .md");
            }
        }
        String topic = reports.size() == 1 ? reports.get(0).topic() : "kernels";
        BenchReport all = BenchReport.joined(topic, reports);
        if (json != null) {
            Files.writeString(json, all.json());
        }
        if (markdown != null) {
            Files.writeString(markdown, all.markdown());
        }
    }
}
