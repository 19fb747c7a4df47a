package org.oktoblas.cli;

import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.oktoblas.bench.gpu.KernelBenchmark;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code okto bench kernels}: all kernel benchmarks, or some. */
@Command(
        name = "kernels",
        description = {
            "Measures kernels and array calls on the first GPU beside PyTorch, in turns.",
            "Checks every result first: exit code 1 if one is wrong."
        },
        footer = {
            "",
            "Example:",
            "  okto bench kernels --topics gemm,attention --out docs/benchmarks"
        })
final class BenchKernelsCommand implements Callable<Integer> {

    @Spec private CommandSpec spec;

    @Option(
            names = {"--topics", "--topic"},
            split = ",",
            paramLabel = "TOPIC",
            description =
                    "What to measure: gemm, attention, elementwise, reduce, softmax, layernorm,"
                            + " dispatch (default: all).")
    private List<String> topics;

    @Mixin private KernelBenchOptions options;

    private final Console console;

    BenchKernelsCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        Set<String> known = KernelBenchmark.TOPICS.keySet();
        Set<String> chosen = topics == null ? known : new LinkedHashSet<>(topics);
        for (String topic : chosen) {
            if (!known.contains(topic)) {
                throw new ParameterException(
                        spec.commandLine(),
                        "there is no topic \"%s\", only %s"
                                .formatted(topic, String.join(", ", known)));
            }
        }
        return options.run(spec, console, List.copyOf(chosen));
    }
}
