package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.engine.StandardCapabilities;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.SymbolBlock;
import ai.djl.training.GradientCollector;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The DJL engine "OktoBLAS". DJL makes it through {@link OktoEngineProvider}. */
public final class OktoEngine extends Engine {

    /** The name by which applications choose this engine. */
    public static final String ENGINE_NAME = "OktoBLAS";

    /** Behind PyTorch (2), so that it stays the default where it is, before the rest. */
    static final int RANK = 3;

    private static final OktoEngine INSTANCE = new OktoEngine();

    private final Randomness randomness = new Randomness();

    private OktoEngine() {}

    static OktoEngine get() {
        return INSTANCE;
    }

    Randomness randomness() {
        return randomness;
    }

    /** Returns null: no other engine is ever asked to help out. */
    @Override
    public Engine getAlternativeEngine() {
        return null;
    }

    @Override
    public String getEngineName() {
        return ENGINE_NAME;
    }

    @Override
    public int getRank() {
        return RANK;
    }

    @Override
    public String getVersion() {
        try (InputStream in = OktoEngine.class.getResourceAsStream("version.properties")) {
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns whether the engine has a capability: oneDNN, which DJL knows as MKLDNN. */
    @Override
    public boolean hasCapability(String capability) {
        return StandardCapabilities.MKLDNN.equals(capability);
    }

    @Override
    public Device defaultDevice() {
        return Device.cpu();
    }

    @Override
    public int getGpuCount() {
        return 0;
    }

    @Override
    public Model newModel(String name, Device device) {
        return new OktoModel(name, device);
    }

    @Override
    public NDManager newBaseManager() {
        return newBaseManager(null);
    }

    @Override
    public NDManager newBaseManager(Device device) {
        return OktoNDManager.system().newSubManager(device == null ? defaultDevice() : device);
    }

    @Override
    public SymbolBlock newSymbolBlock(NDManager manager) {
        throw Unavailable.operation("Engine.newSymbolBlock");
    }

    @Override
    public GradientCollector newGradientCollector() {
        throw Unavailable.operation("Engine.newGradientCollector");
    }

    /** Starts the random numbers anew: the same seed gives the same numbers on every device. */
    @Override
    public void setRandomSeed(int seed) {
        super.setRandomSeed(seed);
        randomness.seed(seed);
    }
}
