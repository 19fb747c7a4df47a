package org.oktoblas.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code okto bench}: the benchmarks. */
@Command(
        name = "bench",
        description = "Measures engines.",
        synopsisSubcommandLabel = "BENCHMARK",
        footer = {"", "okto bench BENCHMARK --help explains one."})
final class BenchCommand implements Runnable {

    @Spec private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "say what to measure: " + String.join(", ", spec.subcommands().keySet()));
    }
}
