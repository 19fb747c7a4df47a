package org.oktoblas.cli;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code okto bench gemm} and the like: one topic of {@code okto bench kernels}. */
@Command(footer = {"", "One topic of \"okto bench kernels\"."})
final class BenchTopicCommand implements Callable<Integer> {

    @Spec private CommandSpec spec;

    @Mixin private KernelBenchOptions options;

    private final Console console;
    private final String topic;

    BenchTopicCommand(Console console, String topic) {
        this.console = console;
        this.topic = topic;
    }

    @Override
    public Integer call() throws IOException {
        return options.run(spec, console, List.of(topic));
    }
}
