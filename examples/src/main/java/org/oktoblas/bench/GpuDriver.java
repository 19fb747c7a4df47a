package org.oktoblas.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.oktoblas.cuda.CudaDevice;

/** NVIDIA's driver. */
public final class GpuDriver {

    private static final Pattern VERSION = Pattern.compile("\\s(\\d+\\.\\d+(\\.\\d+)?)\\s");

    private GpuDriver() {}

    /** Returns its version, 580.159.04 say, or else the CUDA version that it supports, or null. */
    public static String version() {
        try {
            String text = Files.readString(Path.of("/proc/driver/nvidia/version"));
            Matcher version = VERSION.matcher(text);
            if (version.find()) {
                return version.group(1);
            }
        } catch (IOException e) {
            // Not Linux, or a container that hides it.
        }
        return CudaDevice.driverVersion().map(version -> "for CUDA " + version).orElse(null);
    }
}
