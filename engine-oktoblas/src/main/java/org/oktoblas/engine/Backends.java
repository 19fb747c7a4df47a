package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.cpu.CpuBackend;
import org.oktoblas.engine.cuda.CudaBackend;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a tree of managers computes with, by device. On a GPU it is a stream of the tree's own, so
 * that trees, and with them predictors, do not wait for each other. The arrays of a tree may
 * outlive its stream, which returns to the device's pool and goes on to serve others.
 */
final class Backends implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(Backends.class);
    private static final Optional<String> WHY_NO_GPU = whyNoGpuOnce();

    private final Map<Device, CudaBackend> gpus = new ConcurrentHashMap<>(2);
    private boolean closed;

    private static Optional<String> whyNoGpuOnce() {
        Optional<String> reason = CudaBackend.whyUnavailable();
        reason.ifPresent(why -> LOGGER.info("OktoBLAS computes on the CPU alone: {}.", why));
        return reason;
    }

    /** Returns why no GPU can be used, a sentence without its full stop, or nothing. */
    static Optional<String> whyNoGpu() {
        return WHY_NO_GPU;
    }

    /** Returns the number of GPUs that can be used. */
    static int gpuCount() {
        return WHY_NO_GPU.isPresent() ? 0 : CudaBackend.count();
    }

    /**
     * Returns the tree's backend on a device.
     *
     * @throws EngineException if the device cannot be used
     */
    Backend of(Device device) {
        if (Device.Type.CPU.equals(device.getDeviceType())) {
            return CpuBackend.get();
        }
        CudaBackend known = gpus.get(device);
        return known != null ? known : open(device);
    }

    private synchronized Backend open(Device device) {
        if (closed) {
            // An operation that began before its manager was closed: it ends like any other.
            return OktoNDManager.system().backend(device);
        }
        check(device);
        return gpus.computeIfAbsent(device, d -> CudaBackend.open(d.getDeviceId()));
    }

    private static void check(Device device) {
        String why = null;
        if (!Device.Type.GPU.equals(device.getDeviceType())) {
            why = "it is neither a CPU nor a GPU";
        } else if (WHY_NO_GPU.isPresent()) {
            why = WHY_NO_GPU.get();
        } else if (device.getDeviceId() < 0 || device.getDeviceId() >= gpuCount()) {
            why =
                    gpuCount() == 1
                            ? "gpu(0) is the only GPU here"
                            : "the GPUs here are gpu(0) to gpu(" + (gpuCount() - 1) + ")";
        }
        if (why != null) {
            throw new EngineException(
                    "Engine "
                            + OktoEngine.ENGINE_NAME
                            + " cannot use device "
                            + device
                            + ": "
                            + why
                            + ". Device.cpu() always works.");
        }
    }

    /** Gives the streams back. */
    @Override
    public synchronized void close() {
        closed = true;
        gpus.values().forEach(CudaBackend::giveBack);
        gpus.clear();
    }
}
