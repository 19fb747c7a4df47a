package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import java.util.Optional;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.cpu.CpuBackend;

/**
 * What a tree of managers computes with, by device. On a GPU it is a stream of the tree's own, so
 * that trees, and with them predictors, do not wait for each other. The arrays of a tree may
 * outlive its stream, which returns to the device's pool and goes on to serve others.
 */
final class Backends implements AutoCloseable {

    /** Returns why no GPU can be used, in a sentence, or nothing if there is one. */
    static Optional<String> whyNoGpu() {
        return Optional.of("this build has no CUDA backend yet.");
    }

    /** Returns the number of GPUs that can be used. */
    static int gpuCount() {
        return 0;
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
        throw new EngineException(
                "Engine "
                        + OktoEngine.ENGINE_NAME
                        + " cannot use device "
                        + device
                        + ": this build has no CUDA backend yet. Device.cpu() always works.");
    }

    @Override
    public void close() {
        // The CPU has nothing to give back.
    }
}
