package org.oktoblas.cli;

import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import com.sun.jna.ptr.IntByReference;
import java.util.ArrayList;
import java.util.List;

/** NVIDIA's driver and GPUs, asked through the driver's own library: nothing else is needed. */
final class GpuDoctor {

    private static final String LATER =
            "this version of okto computes on the CPU; the CUDA backend comes with a later one";

    private GpuDoctor() {}

    static List<Finding> examine() {
        String library = Platform.isWindows() ? "nvcuda" : "cuda";
        NativeLibrary cuda;
        try {
            cuda = NativeLibrary.getInstance(Platform.isLinux() ? "libcuda.so.1" : library);
        } catch (UnsatisfiedLinkError e) {
            return List.of(Finding.info("gpu", "no NVIDIA driver, so no GPU is used"));
        }
        return ask(cuda);
    }

    private static List<Finding> ask(NativeLibrary cuda) {
        int code = call(cuda, "cuInit", 0);
        IntByReference version = new IntByReference();
        call(cuda, "cuDriverGetVersion", version);
        String driver =
                "driver for CUDA %d.%d"
                        .formatted(version.getValue() / 1000, version.getValue() % 1000 / 10);
        if (code != 0) {
            return List.of(
                    Finding.warning(
                            "gpu",
                            driver + ", but it finds no usable GPU (cuInit says " + code + ")",
                            "run nvidia-smi; in a container, pass the GPU through"));
        }
        List<Finding> found = new ArrayList<>();
        IntByReference count = new IntByReference();
        call(cuda, "cuDeviceGetCount", count);
        for (int i = 0; i < count.getValue(); i++) {
            IntByReference device = new IntByReference();
            call(cuda, "cuDeviceGet", device, i);
            try (Memory name = new Memory(256)) {
                name.clear();
                call(cuda, "cuDeviceGetName", name, 255, device.getValue());
                found.add(
                        Finding.info(
                                "gpu",
                                "gpu%d is %s, %s; %s"
                                        .formatted(i, name.getString(0), driver, LATER)));
            }
        }
        return found;
    }

    private static int call(NativeLibrary cuda, String name, Object... arguments) {
        Function function = cuda.getFunction(name);
        return function.invokeInt(arguments);
    }
}
