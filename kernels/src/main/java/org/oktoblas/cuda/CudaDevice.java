package org.oktoblas.cuda;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntSupplier;
import org.oktoblas.kernels.Kernel;
import org.oktoblas.kernels.KernelLibrary;

/**
 * An NVIDIA GPU. Its context is the one that every library of a process shares; it is made when the
 * device is first used. All methods may be called by any thread.
 */
public final class CudaDevice {

    private final int ordinal;
    private final int driverOrdinal;
    private final Driver.Device handle;
    private final DeviceProperties properties;
    private final KernelLibrary library;

    private final Map<String, Driver.Module> modules = new ConcurrentHashMap<>();
    private final Map<String, CudaKernel> kernels = new ConcurrentHashMap<>();
    private final Map<CudaDevice, Boolean> peers = new ConcurrentHashMap<>();
    private final List<CudaStream> streams = new CopyOnWriteArrayList<>();
    private final Deque<CudaStream> idle = new ArrayDeque<>();
    private final Deque<Staging> stagings = new ArrayDeque<>();

    private volatile Driver.Context context;
    private volatile MemoryPool pool;
    private volatile boolean lost;

    CudaDevice(
            int ordinal,
            int driverOrdinal,
            Driver.Device handle,
            DeviceProperties properties,
            KernelLibrary library) {
        this.ordinal = ordinal;
        this.driverOrdinal = driverOrdinal;
        this.handle = handle;
        this.properties = properties;
        this.library = library;
    }

    /** Returns how many devices there are to use; 0 where {@link #whyUnavailable} says why. */
    public static int count() {
        return Installation.devices().size();
    }

    /** Returns in one sentence why there is no device to use; nothing if there is one. */
    public static Optional<String> whyUnavailable() {
        return Optional.ofNullable(Installation.obstacle());
    }

    /** Returns the CUDA version that the driver supports, "13.0"; nothing without a driver. */
    public static Optional<String> driverVersion() {
        return Optional.ofNullable(Installation.driverVersion());
    }

    /**
     * Returns a device.
     *
     * @param ordinal its number, from 0
     * @throws IllegalStateException if no device can be used
     * @throws IndexOutOfBoundsException if there is none of that number
     */
    public static CudaDevice get(int ordinal) {
        List<CudaDevice> all = Installation.devices();
        if (all.isEmpty()) {
            throw new IllegalStateException(
                    "There is no GPU to use: " + Installation.obstacle() + ".");
        }
        if (ordinal < 0 || ordinal >= all.size()) {
            throw new IndexOutOfBoundsException(
                    "There is no GPU " + ordinal + "; the last is " + (all.size() - 1) + ".");
        }
        return all.get(ordinal);
    }

    /** Returns the device's number. */
    public int ordinal() {
        return ordinal;
    }

    /** Returns what the device is. */
    public DeviceProperties properties() {
        return properties;
    }

    /** Returns a stream that nobody else uses, until it is given back. */
    public CudaStream borrowStream() {
        context();
        synchronized (idle) {
            CudaStream stream = idle.pollFirst();
            if (stream != null) {
                return stream;
            }
        }
        CudaStream stream = new CudaStream(this);
        streams.add(stream);
        return stream;
    }

    /**
     * Takes a stream back. Its work goes on, and memory that it is home to may be freed later; it
     * must not be used otherwise.
     */
    public void giveBack(CudaStream stream) {
        if (stream.device() != this) {
            throw new IllegalArgumentException(
                    "A stream of " + stream.device() + " was given back to " + this);
        }
        if (lost) {
            return;
        }
        stream.rest();
        synchronized (idle) {
            if (!idle.contains(stream)) {
                idle.addFirst(stream);
            }
        }
    }

    /**
     * Returns a kernel, loaded on first use.
     *
     * @throws NoSuchElementException if there is none of that name
     */
    public CudaKernel kernel(String symbol) {
        CudaKernel kernel = kernels.get(symbol);
        return kernel != null ? kernel : kernels.computeIfAbsent(symbol, this::load);
    }

    /** Returns whether this build has a kernel of that name. */
    public boolean hasKernel(String symbol) {
        return library.has(symbol);
    }

    /** Returns a kernel if this build has machine code of it for this very device. */
    public Optional<CudaKernel> kernelIfCompiled(String symbol) {
        return library.has(symbol)
                        && library.kernel(symbol).runsOn(properties.major(), properties.minor())
                ? Optional.of(kernel(symbol))
                : Optional.empty();
    }

    private CudaKernel load(String symbol) {
        return load(library, symbol);
    }

    /** Loads a kernel of any library; a fatbin's name is loaded once. */
    CudaKernel load(KernelLibrary library, String symbol) {
        Kernel description = library.kernel(symbol);
        makeCurrent();
        Driver.Module module =
                modules.computeIfAbsent(
                        description.fatbin(),
                        name -> {
                            Driver.Module loaded = new Driver.Module();
                            byte[] fatbin = library.fatbin(description);
                            int code = callInNeed(() -> Driver.load(loaded, fatbin));
                            if (code != Driver.SUCCESS) {
                                throw CudaException.of(code, "cuModuleLoadDataEx", this, name);
                            }
                            return loaded;
                        });
        return new CudaKernel(this, description, module);
    }

    /** Returns the figures of the device's memory. */
    public MemoryStatistics memory() {
        makeCurrent();
        return pool.statistics();
    }

    /**
     * Waits for the device's work, and gives back to it all memory that is not in use. Captures
     * under way are not disturbed: they are recorded on streams of their own, which are let be.
     */
    public void trim() {
        makeCurrent();
        for (CudaStream stream : streams) {
            stream.dropCache();
        }
        for (CudaStream stream : streams) {
            stream.synchronizeQuietly();
        }
        pool.trim();
    }

    /** Returns whether this device reads and writes another's memory; lets it do so if it can. */
    public boolean reaches(CudaDevice other) {
        if (other == this) {
            return true;
        }
        Boolean known = peers.get(other);
        return known != null ? known : peers.computeIfAbsent(other, this::connect);
    }

    private boolean connect(CudaDevice other) {
        int[] can = new int[1];
        CudaException.check(
                Driver.canAccess(handle, other.handle, can), "cuDeviceCanAccessPeer", this);
        if (can[0] == 0) {
            return false;
        }
        Driver.Context peer = other.context();
        makeCurrent();
        int code = Driver.enableAccess(peer);
        if (code != Driver.SUCCESS && code != Driver.PEER_ACCESS_ALREADY_ENABLED) {
            return false;
        }
        return other.pool.shareWith(driverOrdinal) == Driver.SUCCESS;
    }

    /** Returns the device as messages name it. */
    @Override
    public String toString() {
        return "gpu" + ordinal + " (" + properties.name() + ")";
    }

    // ---- for the runtime

    /** Makes this device's context the calling thread's. */
    void makeCurrent() {
        int code = Driver.makeCurrent(context());
        if (code != Driver.SUCCESS) {
            throw CudaException.of(code, "cuCtxSetCurrent", this, null);
        }
    }

    /**
     * Makes a call of the driver, and where it has no memory for that, once more without reserves.
     * Returns the driver's last code.
     */
    int callInNeed(IntSupplier call) {
        int code = call.getAsInt();
        if (code == Driver.OUT_OF_MEMORY) {
            trim();
            code = call.getAsInt();
        }
        return code;
    }

    Driver.Context context() {
        Driver.Context made = context;
        return made != null ? made : start();
    }

    private synchronized Driver.Context start() {
        if (context == null) {
            Driver.Context made = new Driver.Context();
            CudaException.check(Driver.retain(made, handle), "cuDevicePrimaryCtxRetain", this);
            CudaException.check(Driver.makeCurrent(made), "cuCtxSetCurrent", this);
            pool = new MemoryPool(this, driverOrdinal);
            context = made;
        }
        return context;
    }

    MemoryPool pool() {
        return pool;
    }

    /** Notes that the context is lost. */
    void lose() {
        lost = true;
    }

    boolean isLost() {
        return lost;
    }

    /** Returns pinned memory for a stream's transfers. */
    Staging borrowStaging() {
        Staging staging;
        synchronized (stagings) {
            staging = stagings.pollLast();
        }
        if (staging == null) {
            return new Staging(this);
        }
        staging.settle();
        return staging;
    }

    /** Keeps a few buffers for other streams and frees the rest. */
    void giveBack(Staging staging) {
        synchronized (stagings) {
            if (stagings.size() < Staging.KEPT) {
                stagings.addFirst(staging);
                return;
            }
        }
        staging.close();
    }
}
