package org.oktoblas.cli;

import ai.djl.ModelException;
import java.io.IOException;
import org.oktoblas.gpt2.Precision;
import org.oktoblas.zoo.LanguageModel;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of every command that runs a model. */
final class ModelOptions {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = {"-m", "--model"},
            paramLabel = "MODEL",
            defaultValue = "okm://okto-prose",
            description =
                    "An .okm file or directory, or okm://NAME for a model of the zoo (default:"
                            + " ${DEFAULT-VALUE}, which ships with okto).")
    private String model;

    @Option(
            names = "--engine",
            paramLabel = "ENGINE",
            defaultValue = "OktoBLAS",
            description = "The DJL engine: OktoBLAS or PyTorch (default: ${DEFAULT-VALUE}).")
    private String engine;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "auto",
            description = Devices.DESCRIPTION)
    private String device;

    @Option(
            names = "--precision",
            paramLabel = "PRECISION",
            defaultValue = "auto",
            description =
                    "The arithmetic of matrix products: auto, fp32, fp16 (the fast one on a GPU) or"
                            + " bf16 (default: ${DEFAULT-VALUE}, which is fp32).")
    private Precision precision;

    /** Returns the model's name as it was given. */
    String model() {
        return model;
    }

    /**
     * Loads the model.
     *
     * @throws ParameterException if engine or device do not exist here
     */
    LanguageModel load() throws ModelException, IOException {
        String engineName = Engines.find(spec, engine);
        return LanguageModel.load(
                model,
                new LanguageModel.Options(
                        engineName, Devices.find(spec, device, engineName), precision));
    }
}
