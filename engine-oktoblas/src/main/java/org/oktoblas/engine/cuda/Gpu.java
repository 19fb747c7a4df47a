package org.oktoblas.engine.cuda;

import ai.djl.Device;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.kernels.KernelFamilies;

/** What all streams of a GPU share: its kernels above all. */
final class Gpu {

    private static final Map<Integer, Gpu> ALL = new ConcurrentHashMap<>();

    private final CudaDevice cuda;
    private final Device device;
    private final KernelFamilies kernels;

    private Gpu(CudaDevice device) {
        cuda = device;
        this.device = Device.gpu(device.ordinal());
        kernels = new KernelFamilies(device);
    }

    static Gpu get(int ordinal) {
        return ALL.computeIfAbsent(ordinal, o -> new Gpu(CudaDevice.get(o)));
    }

    CudaDevice cuda() {
        return cuda;
    }

    Device device() {
        return device;
    }

    KernelFamilies kernels() {
        return kernels;
    }
}
