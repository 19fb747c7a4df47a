package org.oktoblas.it;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.Criteria;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.oktoblas.gpt2.Precision;
import org.oktoblas.zoo.LanguageModel;

/** An engine and the device on which it computes. */
public record Target(String engine, Device device) {

    /** This engine on the CPU. */
    public static final Target CPU = new Target("OktoBLAS", Device.cpu());

    /** This engine on the first GPU. */
    public static final Target GPU = new Target("OktoBLAS", Device.gpu());

    /** DJL's PyTorch engine, where it has native code. */
    public static final Target PYTORCH = new Target("PyTorch", Device.cpu());

    private static final Optional<String> WHY_NO_PYTORCH = load();

    private static Optional<String> load() {
        try {
            Engine.getEngine(PYTORCH.engine).newBaseManager(PYTORCH.device).close();
            return Optional.empty();
        } catch (RuntimeException | LinkageError e) {
            return Optional.of("DJL's PyTorch engine is not here: " + e);
        }
    }

    /** Returns what all is held to the same references where there is no GPU. */
    static Stream<Target> onCpu() {
        return WHY_NO_PYTORCH.isPresent() ? Stream.of(CPU) : Stream.of(CPU, PYTORCH);
    }

    /**
     * Returns what a target's results are compared with: PyTorch where it loads, or, for a GPU
     * without it, this engine on the CPU, which is compared with PyTorch elsewhere. Skips the test
     * if there is neither.
     */
    public Target peer() {
        if (WHY_NO_PYTORCH.isEmpty()) {
            return PYTORCH;
        }
        Assumptions.assumeTrue(device.isGpu(), WHY_NO_PYTORCH.get());
        return CPU;
    }

    public NDManager newManager() {
        return Engine.getEngine(engine).newBaseManager(device);
    }

    LanguageModel load(String pathOrUrl) throws Exception {
        return load(pathOrUrl, null);
    }

    LanguageModel load(String pathOrUrl, Precision precision) throws Exception {
        return LanguageModel.load(pathOrUrl, new LanguageModel.Options(engine, device, precision));
    }

    <I, O> Criteria.Builder<I, O> criteria(Class<I> input, Class<O> output) {
        return Criteria.builder().setTypes(input, output).optEngine(engine).optDevice(device);
    }

    @Override
    public String toString() {
        return engine + " on " + device;
    }
}
