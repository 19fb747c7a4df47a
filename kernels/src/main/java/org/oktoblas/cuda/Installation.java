package org.oktoblas.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.oktoblas.kernels.KernelLibrary;

/** What this machine and this build have for CUDA, found out once. */
final class Installation {

    /** JCuda 12.6 calls functions that older drivers lack. */
    private static final int OLDEST_DRIVER = 12060;

    private static final Pattern RELEASE = Pattern.compile("cuda_(\\d+)\\.(\\d+)");

    private static final Installation FOUND = new Installation();

    private final List<CudaDevice> devices = new ArrayList<>();
    private String driverVersion;
    private String obstacle;

    private Installation() {
        try {
            obstacle = look();
        } catch (CudaException e) {
            obstacle = e.getMessage().replaceAll("\\.$", "");
        } catch (LinkageError | RuntimeException e) {
            obstacle = "the CUDA driver cannot be used: " + e;
        }
        if (obstacle != null) {
            devices.clear();
        }
    }

    static List<CudaDevice> devices() {
        return FOUND.devices;
    }

    static String obstacle() {
        return FOUND.obstacle;
    }

    static String driverVersion() {
        return FOUND.driverVersion;
    }

    private String look() {
        String setting = System.getProperty("ai.djl.oktoblas.cuda");
        String source = "ai.djl.oktoblas.cuda";
        if (setting == null) {
            setting = System.getenv("OKTOBLAS_CUDA");
            source = "OKTOBLAS_CUDA";
        }
        String wanted = setting == null ? "auto" : setting.strip().toLowerCase(Locale.ROOT);
        if (wanted.equals("off")) {
            return source + " is off";
        }
        if (!wanted.equals("auto") && !wanted.isEmpty()) {
            return source + " is auto or off, not \"" + setting + "\"";
        }
        Optional<KernelLibrary> library = KernelLibrary.find();
        if (library.isEmpty()) {
            return "this build has no CUDA kernels, as no nvcc was found when it was made";
        }
        String closed = Driver.open();
        if (closed != null) {
            return closed;
        }
        int[] version = new int[1];
        CudaException.check(Driver.version(version), "cuDriverGetVersion", null);
        driverVersion = text(version[0]);
        String old = tooOld(version[0], library.get().compiler());
        return old != null ? old : find(library.get());
    }

    /**
     * Says why a driver is too old for kernels, or null. Machine code that nvcc of one major
     * version made runs on every driver of that version and later ones, and on no earlier one.
     *
     * @param driver the driver's CUDA version, 12060 for 12.6
     * @param compiler the build of nvcc, "Build cuda_13.0.r13.0/compiler.36424714_0"
     */
    static String tooOld(int driver, String compiler) {
        Matcher release = RELEASE.matcher(compiler);
        int needed =
                release.find()
                        ? Math.max(OLDEST_DRIVER, Integer.parseInt(release.group(1)) * 1000)
                        : OLDEST_DRIVER;
        if (driver >= needed) {
            return null;
        }
        return "the NVIDIA driver is too old: it supports CUDA "
                + text(driver)
                + ", and this build's kernels need CUDA "
                + text(needed)
                + (needed == 13000 ? " (driver 580 or later)" : "");
    }

    private static String text(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }

    private String find(KernelLibrary library) {
        int[] count = new int[1];
        CudaException.check(Driver.deviceCount(count), "cuDeviceGetCount", null);
        if (count[0] == 0) {
            return "the NVIDIA driver finds no GPU";
        }
        String unfit = null;
        for (int i = 0; i < count[0]; i++) {
            Driver.Device handle = new Driver.Device();
            CudaException.check(Driver.device(handle, i), "cuDeviceGet", null);
            DeviceProperties properties = properties(handle);
            if (!library.runsOn(properties.major(), properties.minor())) {
                unfit =
                        properties.name()
                                + " has compute capability "
                                + properties.major()
                                + "."
                                + properties.minor()
                                + ", and this build's kernels are for sm_"
                                + String.join(", sm_", library.architectures());
            } else if (attribute(handle, Driver.POOLS_SUPPORTED) == 0) {
                unfit = properties.name() + " has no memory pools under this driver";
            } else {
                devices.add(new CudaDevice(devices.size(), i, handle, properties, library));
            }
        }
        return devices.isEmpty() ? unfit : null;
    }

    private static DeviceProperties properties(Driver.Device handle) {
        String[] name = new String[1];
        CudaException.check(Driver.deviceName(handle, name), "cuDeviceGetName", null);
        long[] bytes = new long[1];
        CudaException.check(Driver.totalMemory(handle, bytes), "cuDeviceTotalMem", null);
        return new DeviceProperties(
                name[0],
                attribute(handle, Driver.CAPABILITY_MAJOR),
                attribute(handle, Driver.CAPABILITY_MINOR),
                attribute(handle, Driver.MULTIPROCESSORS),
                attribute(handle, Driver.SHARED_BYTES_PER_BLOCK),
                attribute(handle, Driver.SHARED_BYTES_PER_MULTIPROCESSOR),
                attribute(handle, Driver.REGISTERS_PER_MULTIPROCESSOR),
                attribute(handle, Driver.THREADS_PER_MULTIPROCESSOR),
                attribute(handle, Driver.COOPERATIVE_LAUNCH) != 0,
                attribute(handle, Driver.L2_BYTES),
                bytes[0]);
    }

    private static int attribute(Driver.Device handle, int attribute) {
        int[] value = new int[1];
        CudaException.check(
                Driver.attribute(handle, attribute, value), "cuDeviceGetAttribute", null);
        return value[0];
    }
}
