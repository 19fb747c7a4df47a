package org.oktoblas.cli;

import ai.djl.Device;
import ai.djl.engine.Engine;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.engine.OktoEngine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Devices as the command line names them. */
final class Devices {

    /** What option --device is described with. */
    static final String DESCRIPTION =
            "auto, cpu, or gpu0, gpu1, … (default: ${DEFAULT-VALUE}, which is the first GPU that the"
                    + " engine can use, else the CPU).";

    private static final Pattern GPU = Pattern.compile("(?:gpu|cuda)(?::?(\\d{1,3}))?");

    private Devices() {}

    /**
     * Finds a device by its name: cpu, gpu0, gpu:0, cuda:0 or the like.
     *
     * @return the device, or null for auto, the engine's own choice
     * @throws ParameterException saying which devices there are, and why no GPU
     */
    static Device find(CommandSpec spec, String name, String engine) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.equals("auto")) {
            return null;
        }
        if (lower.equals("cpu")) {
            return Device.cpu();
        }
        int count = Engine.getEngine(engine).getGpuCount();
        Matcher gpu = GPU.matcher(lower);
        if (gpu.matches()) {
            int id = gpu.group(1) == null ? 0 : Integer.parseInt(gpu.group(1));
            if (id < count) {
                return Device.gpu(id);
            }
        }
        StringBuilder text =
                new StringBuilder("there is no device \"%s\" for engine %s here, only cpu");
        for (int i = 0; i < count; i++) {
            text.append(", gpu").append(i);
        }
        if (gpu.matches() && count == 0 && engine.equals(OktoEngine.ENGINE_NAME)) {
            text.append(": ").append(CudaDevice.whyUnavailable().orElse("no GPU was found"));
        }
        throw new ParameterException(spec.commandLine(), text.toString().formatted(name, engine));
    }

    /** Returns a device's name as the command line takes it. */
    static String name(Device device) {
        return device.isGpu() ? "gpu" + device.getDeviceId() : device.getDeviceType();
    }
}
