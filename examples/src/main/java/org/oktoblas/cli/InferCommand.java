package org.oktoblas.cli;

import ai.djl.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;
import org.oktoblas.generate.GenerationResult;
import org.oktoblas.zoo.LanguageModel;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code okto infer}: continues texts. */
@Command(
        name = "infer",
        description = {
            "Continues a text.",
            "Standard output is the generated text and nothing else."
        },
        footer = {"", "Example:", "  okto infer --input \"It was a fine morning, and\""})
final class InferCommand implements Callable<Integer> {

    @Spec private CommandSpec spec;

    @Mixin private ModelOptions modelOptions;

    @ArgGroup private Source source;

    private static final class Source {
        @Option(
                names = {"-i", "--input", "--prompt", "--text"},
                paramLabel = "TEXT",
                description = "The text to continue; - reads standard input.")
        private String input;

        @Option(
                names = {"-f", "--file"},
                paramLabel = "FILE",
                description = "A file of texts to continue, one a line; - reads standard input.")
        private Path file;

        @Parameters(
                index = "0",
                paramLabel = "-",
                description = "Continues what standard input says.")
        private String dash;
    }

    @Mixin private SamplingOptions sampling;

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            defaultValue = "8",
            description = "How many lines of a file run at once (default: ${DEFAULT-VALUE}).")
    private int batchSize;

    @Option(
            names = "--stream",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description =
                    "Print the text as it comes (the default for a single one), or all of it at the"
                            + " end.")
    private boolean stream;

    @Option(
            names = "--json",
            description =
                    "Print one JSON object a prompt, each on a line, with the text, its tokens, times"
                            + " and settings.")
    private boolean json;

    private final Console console;

    InferCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws ModelException, IOException {
        GenerationConfig config = sampling.config(spec);
        if (batchSize < 1) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--batch-size is " + batchSize + ", but must be at least 1");
        }
        List<String> prompts = prompts();
        try (LanguageModel model = modelOptions.load()) {
            InferReport report = new InferReport(model);
            for (int from = 0; from < prompts.size() && !console.stopped(); from += batchSize) {
                int to = Math.min(prompts.size(), from + batchSize);
                report.add(run(model, prompts.subList(from, to), config, report));
            }
            if (report.prompts() > 0) {
                console.err().println(report.summary());
            }
        }
        return 0;
    }

    private List<GenerationResult> run(
            LanguageModel model, List<String> batch, GenerationConfig config, InferReport report) {
        boolean live = stream && !json && batch.size() == 1;
        GenerationListener listener =
                (row, token, text) -> {
                    if (live) {
                        console.print(text);
                    }
                    return !console.stopped();
                };
        List<GenerationResult> results = model.generate(batch, config, listener);
        for (GenerationResult result : results) {
            if (json) {
                console.println(report.json(result));
            } else {
                console.println(live ? "" : result.text());
            }
        }
        return results;
    }

    private List<String> prompts() throws IOException {
        if (source == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "say what to continue: --input TEXT, --input - for standard input, or --file"
                            + " FILE");
        }
        if (source.dash != null && !source.dash.equals("-")) {
            throw new ParameterException(
                    spec.commandLine(),
                    "\"%s\" stands alone; put the text to continue after --input"
                            .formatted(source.dash));
        }
        if (source.file != null) {
            List<String> lines =
                    source.file.toString().equals("-")
                            ? console.readAll().lines().toList()
                            : Files.readAllLines(source.file);
            List<String> prompts = new ArrayList<>(lines);
            prompts.removeIf(String::isBlank);
            if (prompts.isEmpty()) {
                throw new IOException(source.file + " holds no text");
            }
            return prompts;
        }
        return List.of(
                "-".equals(source.input) || source.dash != null ? console.readAll() : source.input);
    }
}
