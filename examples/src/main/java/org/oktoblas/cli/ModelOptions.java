package org.oktoblas.cli;

import ai.djl.Device;
import ai.djl.ModelException;
import ai.djl.engine.Engine;
import java.io.IOException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.oktoblas.gpt2.Precision;
import org.oktoblas.zoo.LanguageModel;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of every command that runs a model. */
final class ModelOptions {

    private static final Pattern GPU = Pattern.compile("gpu(\\d{0,3})");

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
            description = "auto, cpu, or gpu0, gpu1, … (default: ${DEFAULT-VALUE}).")
    private String device;

    @Option(
            names = "--precision",
            paramLabel = "PRECISION",
            defaultValue = "auto",
            description =
                    "The arithmetic: auto, fp32, fp16 or bf16 (default: ${DEFAULT-VALUE}, which is"
                            + " fp32 on a CPU).")
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
                model, new LanguageModel.Options(engineName, device(engineName), precision));
    }

    private Device device(String engineName) {
        String name = device.toLowerCase(Locale.ROOT);
        if (name.equals("auto")) {
            return null;
        }
        if (name.equals("cpu")) {
            return Device.cpu();
        }
        Matcher gpu = GPU.matcher(name);
        int count = Engine.getEngine(engineName).getGpuCount();
        if (gpu.matches()) {
            int id = gpu.group(1).isEmpty() ? 0 : Integer.parseInt(gpu.group(1));
            if (id < count) {
                return Device.gpu(id);
            }
        }
        StringBuilder known = new StringBuilder("cpu");
        for (int i = 0; i < count; i++) {
            known.append(", gpu").append(i);
        }
        throw new ParameterException(
                spec.commandLine(),
                "there is no device \"%s\" for engine %s here, only %s"
                        .formatted(device, engineName, known));
    }
}
