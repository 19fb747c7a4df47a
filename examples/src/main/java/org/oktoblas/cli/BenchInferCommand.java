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
import org.oktoblas.bench.InferPlanBenchmark;
import org.oktoblas.gpt2.Precision;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code okto bench infer}: prompt and decoding times of GPT-2. */
@Command(
        name = "infer",
        description = {
            "Measures how fast engines read prompts and generate tokens.",
            "Prints a Markdown table; with --out writes it and the same as JSON.",
            "With --plan, exit code 1 if a case of ours gave no figures."
        },
        footer = {
            "",
            "Examples:",
            "  okto bench infer --engines OktoBLAS,PyTorch --model okm://okto-prose,gpt2-124m:random-f32",
            "  okto bench infer --plan gpu --out docs/benchmarks"
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
                            + " random weights stored so; also gpt2-medium, and -pN for N positions,"
                            + " gpt2-124m-p4096:random-f16 say (default: ${DEFAULT-VALUE}).")
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
            description = "How often to measure each case (default: 7, with --plan 5).")
    private Integer rounds;

    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            description =
                    "How long each engine generates before it is measured (default: 10); with --plan,"
                            + " ours before each case (default: 2).")
    private Double warmUp;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "0",
            description = "Threads of each engine (default: all processors).")
    private int threads;

    @Mixin private InferPlanOptions plan;

    @Mixin private BenchOrigin origin;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where to write infer-DEVICE.json and infer-DEVICE.md.")
    private Path out;

    private static final int ROUNDS = 7;
    private static final double WARM_UP_SECONDS = 10;

    private final Console console;

    BenchInferCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException, ModelException {
        atLeast("--rounds", rounds == null ? ROUNDS : rounds, 1);
        atLeast("--tokens", tokens, 2);
        atLeast("--threads", threads, 0);
        batches.forEach(n -> atLeast("--batch", n, 1));
        promptTokens.forEach(n -> atLeast("--prompt-tokens", n, 1));
        int allThreads = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
        String command = BenchOrigin.command(spec);
        if (plan.chosen(spec)) {
            InferPlanBenchmark.Outcome outcome =
                    plan.run(
                            spec,
                            console,
                            device,
                            rounds,
                            warmUp,
                            allThreads,
                            origin.commit(),
                            command);
            show(outcome.report());
            return outcome.sound() ? 0 : 1;
        }
        BenchReport report =
                InferBenchmark.run(
                        settings(allThreads), command, step -> console.err().println(step));
        show(report);
        return 0;
    }

    private InferBenchmark.Settings settings(int allThreads) {
        Set<String> names = new LinkedHashSet<>();
        for (String engine : engines) {
            names.add(Engines.find(spec, engine));
        }
        // Every engine must have the device that is named; unnamed, each takes its own.
        List<Device> devices =
                names.stream().map(engine -> Devices.find(spec, device, engine)).toList();
        return new InferBenchmark.Settings(
                models,
                new ArrayList<>(names),
                devices.get(0),
                precisions,
                batches,
                promptTokens,
                tokens,
                rounds == null ? ROUNDS : rounds,
                warmUp == null ? WARM_UP_SECONDS : warmUp,
                allThreads,
                origin.commit());
    }

    private void show(BenchReport report) throws IOException {
        console.print(report.markdown());
        if (out != null) {
            report.write(out);
            console.err().println("wrote " + out.resolve(report.fileName()) + ".json and .md");
        }
    }

    private void atLeast(String option, int value, int least) {
        if (value < least) {
            throw new ParameterException(
                    spec.commandLine(),
                    "%s is %d, but must be at least %d".formatted(option, value, least));
        }
    }
}
