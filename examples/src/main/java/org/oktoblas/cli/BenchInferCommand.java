package org.oktoblas.cli;

import ai.djl.Device;
import ai.djl.ModelException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.oktoblas.bench.BenchReport;
import org.oktoblas.bench.InferBenchmark;
import org.oktoblas.gpt2.Precision;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code okto bench infer}: prompt and decoding times of GPT-2. */
@Command(
        name = "infer",
        description = {
            "Measures how fast engines read prompts and generate tokens.",
            "Prints a Markdown table; with --out writes it and the same as JSON."
        },
        footer = {
            "",
            "Example:",
            "  okto bench infer --engines OktoBLAS,PyTorch --model okm://okto-prose,gpt2-124m:random-f32"
        })
final class BenchInferCommand implements Callable<Integer> {

    @Spec private CommandSpec spec;

    @Option(
            names = {"-m", "--model", "--models"},
            split = ",",
            paramLabel = "MODEL",
            defaultValue = "okm://okto-prose",
            description =
                    "Models: paths, okm://NAME, or gpt2-124m:random-f32, -f16 or -bf16, GPT-2's shape with"
                            + " random weights stored so (default: ${DEFAULT-VALUE}).")
    private List<String> models;

    @Option(
            names = {"--engine", "--engines"},
            split = ",",
            paramLabel = "ENGINE",
            defaultValue = "OktoBLAS",
            description =
                    "Engines; the first is compared with each of the others (default:"
                            + " ${DEFAULT-VALUE}).")
    private List<String> engines;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "auto",
            description = Devices.DESCRIPTION)
    private String device;

    @Option(
            names = {"--precision", "--precisions"},
            split = ",",
            paramLabel = "PRECISION",
            defaultValue = "fp32",
            description =
                    "Arithmetic: fp32, fp16, bf16; PyTorch always runs in fp32 (default:"
                            + " ${DEFAULT-VALUE}).")
    private List<Precision> precisions;

    @Option(
            names = "--batch",
            split = ",",
            paramLabel = "N",
            defaultValue = "1,8",
            description = "How many prompts at once (default: ${DEFAULT-VALUE}).")
    private List<Integer> batches;

    @Option(
            names = "--prompt-tokens",
            split = ",",
            paramLabel = "N",
            defaultValue = "5,128",
            description = "Lengths of the prompts (default: ${DEFAULT-VALUE}).")
    private List<Integer> promptTokens;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "32",
            description = "How many tokens to generate (default: ${DEFAULT-VALUE}).")
    private int tokens;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "7",
            description = "How often to measure each case (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            defaultValue = "10",
            description =
                    "How long each engine generates before it is measured (default:"
                            + " ${DEFAULT-VALUE}).")
    private double warmUp;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "0",
            description = "Threads of each engine (default: all processors).")
    private int threads;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where to write infer-DEVICE.json and infer-DEVICE.md.")
    private Path out;

    private final Console console;

    BenchInferCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException, ModelException {
        atLeast("--rounds", rounds, 1);
        atLeast("--tokens", tokens, 2);
        atLeast("--threads", threads, 0);
        batches.forEach(n -> atLeast("--batch", n, 1));
        promptTokens.forEach(n -> atLeast("--prompt-tokens", n, 1));
        Set<String> names = new LinkedHashSet<>();
        for (String engine : engines) {
            names.add(Engines.find(spec, engine));
        }
        // Every engine must have the device that is named; unnamed, each takes its own.
        List<Device> devices =
                names.stream().map(engine -> Devices.find(spec, device, engine)).toList();
        InferBenchmark.Settings settings =
                new InferBenchmark.Settings(
                        models,
                        new ArrayList<>(names),
                        devices.get(0),
                        precisions,
                        batches,
                        promptTokens,
                        tokens,
                        rounds,
                        warmUp,
                        threads == 0 ? Runtime.getRuntime().availableProcessors() : threads);
        String command =
                "okto "
                        + String.join(
                                " ", spec.root().commandLine().getParseResult().originalArgs());
        BenchReport report =
                InferBenchmark.run(settings, command, step -> console.err().println(step));
        console.print(report.markdown());
        if (out != null) {
            report.write(out);
            console.err().println("wrote " + out.resolve(report.fileName()) + ".json and .md");
        }
        return 0;
    }

    private void atLeast(String option, int value, int least) {
        if (value < least) {
            throw new ParameterException(
                    spec.commandLine(),
                    "%s is %d, but must be at least %d".formatted(option, value, least));
        }
    }
}
