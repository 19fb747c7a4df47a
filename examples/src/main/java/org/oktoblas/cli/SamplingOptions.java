package org.oktoblas.cli;

import java.util.Map;
import org.oktoblas.generate.GenerationConfig;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** How tokens are chosen, and how many. */
final class SamplingOptions {

    /** What {@link GenerationConfig} calls a setting, and what the command line does. */
    private static final Map<String, String> NAMES =
            Map.of(
                    "maxTokens", "--max-tokens",
                    "minTokens", "--min-tokens",
                    "temperature", "--temperature",
                    "topK", "--top-k",
                    "topP", "--top-p",
                    "repetitionPenalty", "--repetition-penalty");

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            defaultValue = "64",
            description = "Generate at most this many tokens (default: ${DEFAULT-VALUE}).")
    private int maxTokens;

    @Option(
            names = "--min-tokens",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "Do not end the text before this many tokens (default: ${DEFAULT-VALUE}).")
    private int minTokens;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0",
            description =
                    "0 takes the likeliest token; more is more random (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            defaultValue = "0",
            description =
                    "Choose among the K likeliest tokens; 0 for all (default: ${DEFAULT-VALUE}).")
    private int topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "1",
            description =
                    "Choose among the likeliest tokens that make up this share of the probability"
                            + " (default: ${DEFAULT-VALUE}).")
    private double topP;

    @Option(
            names = "--repetition-penalty",
            paramLabel = "F",
            defaultValue = "1",
            description =
                    "Above 1, tokens that already occurred become less likely (default:"
                            + " ${DEFAULT-VALUE}).")
    private double repetitionPenalty;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "The same seed gives the same text (default: ${DEFAULT-VALUE}).")
    private long seed;

    /**
     * Returns the settings.
     *
     * @throws ParameterException if one is out of its range
     */
    GenerationConfig config(CommandSpec spec) {
        try {
            return GenerationConfig.builder()
                    .maxTokens(maxTokens)
                    .minTokens(minTokens)
                    .temperature(temperature)
                    .topK(topK)
                    .topP(topP)
                    .repetitionPenalty(repetitionPenalty)
                    .seed(seed)
                    .build();
        } catch (IllegalArgumentException e) {
            String message = e.getMessage();
            for (var name : NAMES.entrySet()) {
                message = message.replace(name.getKey(), name.getValue());
            }
            throw new ParameterException(spec.commandLine(), message, e);
        }
    }
}
