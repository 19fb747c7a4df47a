package org.oktoblas.cli;

import ai.djl.ModelException;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.oktoblas.generate.Score;
import org.oktoblas.zoo.LanguageModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code okto eval}: how well a model predicts a text. */
@Command(
        name = "eval",
        description =
                "Measures how well a model predicts a text: tokens, their summed negative"
                        + " log-likelihood in nats, and perplexity.")
final class EvalCommand implements Callable<Integer> {

    @Mixin private ModelOptions modelOptions;

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            required = true,
            description = "The text, in UTF-8; - reads standard input.")
    private Path file;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    private final Console console;

    EvalCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws ModelException, IOException {
        boolean standardInput = file.toString().equals("-");
        String text = standardInput ? console.readAll() : Files.readString(file);
        try (LanguageModel model = modelOptions.load()) {
            Score score = model.score(text);
            if (score.tokens() == 0) {
                throw new IOException(
                        file + " is too short: at least two tokens are needed to predict one");
            }
            console.print(json ? json(model, score) : lines(score));
        }
        return 0;
    }

    private static String lines(Score score) {
        return String.format(
                Locale.ROOT,
                "tokens                   %d%n"
                        + "negative log-likelihood  %.4f%n"
                        + "perplexity               %.4f%n",
                score.tokens(),
                score.negativeLogLikelihood(),
                score.perplexity());
    }

    private String json(LanguageModel model, Score score) {
        JsonObject json = new JsonObject();
        json.addProperty("model", modelOptions.model());
        json.addProperty("tokens", score.tokens());
        json.addProperty("negative_log_likelihood", score.negativeLogLikelihood());
        json.addProperty("perplexity", score.perplexity());
        json.addProperty("engine", model.engineName());
        json.addProperty("precision", model.precision());
        return json + System.lineSeparator();
    }
}
