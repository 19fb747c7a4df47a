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
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.oktoblas.engine.backend.MemoryUse;
import org.oktoblas.engine.cuda.CudaBackend;

/** The DJL engine "OktoBLAS". DJL makes it through {@link OktoEngineProvider}. */
public final class OktoEngine extends Engine {

    /** The name by which applications choose this engine. */
    public static final String ENGINE_NAME = "OktoBLAS";

    /** Behind PyTorch (2), so that it stays the default where it is, before the rest. */
    static final int RANK = 3;

    private static final Pattern DEVICE = Pattern.compile("cpu|gpu([0-9]{1,4})");

    private static final OktoEngine INSTANCE = new OktoEngine();

    private final Randomness randomness = new Randomness();

    private OktoEngine() {}

    /** Returns the engine. */
    public static OktoEngine get() {
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

    /**
     * Returns whether the engine has a capability: CUDA where there is a GPU, and oneDNN, which DJL
     * knows as MKLDNN.
     */
    @Override
    public boolean hasCapability(String capability) {
        return StandardCapabilities.MKLDNN.equals(capability)
                || StandardCapabilities.CUDA.equals(capability) && getGpuCount() > 0;
    }

    /**
     * Returns where arrays are made unless the application says so: the property {@code
     * ai.djl.oktoblas.device} or the variable {@code OKTOBLAS_DEVICE} ({@code cpu}, {@code gpu0},
     * …), else the first GPU, else the CPU.
     */
    @Override
    public Device defaultDevice() {
        String name =
                System.getProperty("ai.djl.oktoblas.device", System.getenv("OKTOBLAS_DEVICE"));
        if (name == null) {
            return getGpuCount() > 0 ? Device.gpu() : Device.cpu();
        }
        Matcher matcher = DEVICE.matcher(name);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "ai.djl.oktoblas.device (or OKTOBLAS_DEVICE) is cpu, gpu0, gpu1 and so on, not \""
                            + name
                            + "\".");
        }
        return name.equals("cpu") ? Device.cpu() : Device.gpu(Integer.parseInt(matcher.group(1)));
    }

    /** Returns the number of GPUs that can be used, which the driver alone is asked for. */
    @Override
    public int getGpuCount() {
        return Backends.gpuCount();
    }

    /** Returns why no GPU can be used, a sentence without its full stop, or nothing. */
    public Optional<String> whyNoGpu() {
        return Backends.whyNoGpu();
    }

    /** Returns the CUDA version that the NVIDIA driver supports, "13.0"; nothing without one. */
    public Optional<String> driverVersion() {
        return CudaBackend.driverVersion();
    }

    /** Returns what computes on a device, in words. */
    public String describe(Device device) {
        return OktoNDManager.system().backend(device).description();
    }

    /** Returns what is taken of a device's memory. */
    public MemoryUse memoryUse(Device device) {
        return OktoNDManager.system().backend(device).memoryUse();
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

    /** Always refuses: no model format of this engine is a graph of named operations. */
    @Override
    @Refuses(Refusal.SYMBOLS)
    public SymbolBlock newSymbolBlock(NDManager manager) {
        throw Unavailable.because("Engine.newSymbolBlock", Refusal.SYMBOLS);
    }

    /** Always refuses: this version computes no gradients. */
    @Override
    @Refuses(Refusal.GRADIENTS)
    public GradientCollector newGradientCollector() {
        throw Unavailable.because("Engine.newGradientCollector", Refusal.GRADIENTS);
    }

    /** Starts the random numbers anew: the same seed gives the same numbers on every device. */
    @Override
    public void setRandomSeed(int seed) {
        super.setRandomSeed(seed);
        randomness.seed(seed);
    }
}
