package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.cpu.CpuBackend;

/** Which backend computes on which device. */
final class Backends {

    private Backends() {}

    /**
     * Returns the backend of a device.
     *
     * @throws EngineException if there is none
     */
    static Backend of(Device device) {
        if (Device.Type.CPU.equals(device.getDeviceType())) {
            return CpuBackend.get();
        }
        throw new EngineException(
                "Engine "
                        + OktoEngine.ENGINE_NAME
                        + " cannot use device "
                        + device
                        + ": this build has no CUDA backend yet. Use Device.cpu().");
    }
}
