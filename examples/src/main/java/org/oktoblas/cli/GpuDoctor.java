package org.oktoblas.cli;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.DeviceProperties;
import org.oktoblas.cuda.MemoryStatistics;
import org.oktoblas.engine.OktoEngine;
import org.oktoblas.kernels.KernelLibrary;

/** NVIDIA's driver and GPUs, as the engine sees them: nothing but the driver is needed. */
final class GpuDoctor {

    private static final String NONE =
            "nvidia-smi shows what the driver sees; a container needs the GPU passed through (docker"
                    + " run --gpus all)";

    /** Reasons that nobody need do anything about. */
    private static final Pattern EXPECTED =
            Pattern.compile(
                    "^no NVIDIA driver is installed|^CUDA has no driver|^this build has no|is off$");

    private static final String OLD = "install a newer driver from https://www.nvidia.com/drivers";

    /** The side of the square matrices that a GPU multiplies to show that it works. */
    private static final int SIDE = 64;

    private GpuDoctor() {}

    static List<Finding> examine() {
        Optional<String> driver = CudaDevice.driverVersion();
        Optional<String> obstacle = CudaDevice.whyUnavailable();
        if (obstacle.isPresent()) {
            return List.of(obstacle(obstacle.get()));
        }
        List<Finding> found = new ArrayList<>();
        for (int i = 0; i < CudaDevice.count(); i++) {
            found.add(gpu(i, driver.orElse("unknown")));
        }
        return found;
    }

    /** A machine without a driver is as well as one with it; one whose GPU is of no use is not. */
    static Finding obstacle(String reason) {
        String text = "no GPU is used: " + reason;
        return EXPECTED.matcher(reason).find()
                ? Finding.info("gpu", text)
                : Finding.warning("gpu", text, reason.contains("too old") ? OLD : NONE);
    }

    private static Finding gpu(int ordinal, String driver) {
        CudaDevice device = CudaDevice.get(ordinal);
        DeviceProperties properties = device.properties();
        String text =
                "gpu%d is %s, compute capability %d.%d, driver for CUDA %s, %s"
                        .formatted(
                                ordinal,
                                properties.name(),
                                properties.major(),
                                properties.minor(),
                                driver,
                                code(properties.arch(), architectures()));
        try {
            long start = System.nanoTime();
            compute(ordinal);
            double seconds = (System.nanoTime() - start) / 1e9;
            MemoryStatistics memory = device.memory();
            return Finding.good(
                    "gpu",
                    String.format(
                            Locale.ROOT,
                            "%s; %.1f of %.1f GB free; multiplies rightly, in %.1f s from the start",
                            text,
                            memory.free() / 1e9,
                            memory.total() / 1e9,
                            seconds));
        } catch (RuntimeException | LinkageError e) {
            return Finding.broken(
                    "gpu",
                    text + ", but it does not compute: " + Errors.sentence(e),
                    "nvidia-smi shows who else uses it; OKTOBLAS_CUDA=off leaves it alone");
        }
    }

    /** Multiplies matrices of small whole numbers, whose products are exact. */
    private static void compute(int ordinal) {
        float[] numbers = new float[SIDE * SIDE];
        float[] expected = new float[SIDE * SIDE];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (i * 7 + i / SIDE) % 11 - 5;
        }
        for (int i = 0; i < numbers.length; i++) {
            for (int k = 0; k < SIDE; k++) {
                expected[i] += numbers[i / SIDE * SIDE + k] * numbers[k * SIDE + i % SIDE];
            }
        }
        try (NDManager manager =
                        NDManager.newBaseManager(Device.gpu(ordinal), OktoEngine.ENGINE_NAME);
                NDArray matrix = manager.create(numbers, new Shape(SIDE, SIDE));
                NDArray product = matrix.matMul(matrix)) {
            if (!Arrays.equals(expected, product.toFloatArray())) {
                throw new IllegalStateException("a product of two matrices is wrong");
            }
        }
    }

    /** Returns the architectures that this build's kernels were compiled for: "80", "90a" … */
    static Set<String> architectures() {
        Set<String> all = new TreeSet<>();
        KernelLibrary.find()
                .ifPresent(
                        library ->
                                library.kernels()
                                        .forEach(
                                                kernel -> all.addAll(kernel.resources().keySet())));
        return all;
    }

    /**
     * Says which code serves a device: that for its own architecture, else for an earlier one of
     * the same generation, else the intermediate code that the driver compiles.
     *
     * @param arch the device's compute capability, 90 for 9.0
     * @param compiled the architectures that there is code for; those with a letter serve one alone
     */
    static String code(int arch, Set<String> compiled) {
        if (compiled.contains(arch + "a")) {
            return "code for sm_" + arch + "a";
        }
        return compiled.stream()
                .filter(name -> name.matches("\\d+"))
                .map(Integer::valueOf)
                .filter(each -> each / 10 == arch / 10 && each <= arch)
                .max(Integer::compare)
                .map(best -> "code for sm_" + best)
                .orElse("code that the driver compiles, the first time slowly");
    }
}
