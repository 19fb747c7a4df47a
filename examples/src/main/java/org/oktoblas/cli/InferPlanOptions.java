package org.oktoblas.cli;

import ai.djl.Device;
import ai.djl.ModelException;
import java.io.IOException;
import java.util.List;
import org.oktoblas.bench.InferPlanBenchmark;
import org.oktoblas.engine.OktoEngine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What {@code okto bench infer} takes for a whole list of cases on a GPU. */
final class InferPlanOptions {

    private static final int ROUNDS = 5;
    private static final double WARM_UP_SECONDS = 2;

    /** What a plan decides itself. */
    private static final List<String> DECIDED =
            List.of("--model", "--engine", "--precision", "--batch", "--prompt-tokens", "--tokens");

    /** What says something only to a plan. */
    private static final List<String> OWN = List.of("--case", "--python", "--no-peer");

    @Option(
            names = "--plan",
            paramLabel = "PLAN",
            description =
                    "A list of cases instead of models, batches and lengths. gpu: GPT-2 124M and medium"
                            + " in fp16 with random weights on a GPU, beside PyTorch in Python; takes"
                            + " about eight minutes.")
    private String plan;

    @Option(
            names = "--case",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "With --plan, only cases whose names contain this, \"b8 in5\" say.")
    private String filter;

    @Option(
            names = "--python",
            paramLabel = "PYTHON",
            defaultValue = "python3",
            description =
                    "With --plan, the Python that has PyTorch and Hugging Face's transformers"
                            + " (default: ${DEFAULT-VALUE}).")
    private String python;

    @Option(names = "--no-peer", description = "With --plan, measure OktoBLAS alone.")
    private boolean alone;

    /** Returns whether a plan was asked for; checks that the other options fit that. */
    boolean chosen(CommandSpec spec) {
        for (String option : plan == null ? OWN : DECIDED) {
            if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
                throw new ParameterException(
                        spec.commandLine(),
                        plan == null
                                ? option + " needs --plan"
                                : "--plan decides what %s says: leave it out".formatted(option));
            }
        }
        if (plan != null && !plan.equals("gpu")) {
            throw new ParameterException(
                    spec.commandLine(), "there is no plan \"%s\", only gpu".formatted(plan));
        }
        return plan != null;
    }

    /**
     * Measures.
     *
     * @param device as the command line names it
     * @param rounds how often, or null for the plan's choice
     * @param warmUp seconds, or null for the plan's choice
     * @throws ParameterException if the device is no GPU, or no case has the name asked for
     */
    InferPlanBenchmark.Outcome run(
            CommandSpec spec,
            Console console,
            String device,
            Integer rounds,
            Double warmUp,
            int threads,
            String commit,
            String command)
            throws IOException, ModelException {
        Device found = Devices.find(spec, device, OktoEngine.ENGINE_NAME);
        if (found != null && !found.isGpu()) {
            throw new ParameterException(
                    spec.commandLine(), "--plan gpu needs a GPU, not " + Devices.name(found));
        }
        InferPlanBenchmark.Settings settings =
                new InferPlanBenchmark.Settings(
                        found,
                        filter,
                        rounds == null ? ROUNDS : rounds,
                        warmUp == null ? WARM_UP_SECONDS : warmUp,
                        threads,
                        alone ? null : python,
                        commit);
        InferPlanBenchmark.Outcome outcome =
                InferPlanBenchmark.run(settings, command, step -> console.err().println(step));
        if (outcome.report().rows().isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "no case's name contains \"%s\"".formatted(filter));
        }
        return outcome;
    }
}
