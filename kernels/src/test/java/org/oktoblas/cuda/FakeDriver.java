package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.oktoblas.kernels.Kernel;

/**
 * A driver that fails when it is told to, and a device of its making. It replaces the system's
 * driver in processes of their own, so that it is there whether or not there is a GPU.
 */
final class FakeDriver {

    private static final Path SOURCE = Path.of("src", "test", "c", "fake_driver.c");

    private FakeDriver() {}

    /** Compiles the driver into a folder, or skips the test that asks for it. */
    static void compile(Path folder) throws IOException, InterruptedException {
        assumeTrue(Platform.isLinux() && Platform.isIntel() && Platform.is64Bit());
        assumeTrue(Files.exists(SOURCE), "not run in the folder of the module");
        String library = folder.resolve(Driver.libraryName()).toString();
        List<String> command = List.of("cc", "-shared", "-fPIC", "-o", library, SOURCE.toString());
        ProcessBuilder compiler = new ProcessBuilder(command);
        try {
            run(compiler);
        } catch (IOException e) {
            assumeTrue(false, "no C compiler: " + e.getMessage());
        }
    }

    /** Runs a program's main method on the driver in a folder; it must end well. */
    static void run(Path folder, Class<?> program, String argument)
            throws IOException, InterruptedException {
        ProcessBuilder java =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djna.library.path=" + folder,
                        "-cp",
                        System.getProperty(
                                "surefire.test.class.path", System.getProperty("java.class.path")),
                        program.getName(),
                        argument);
        java.environment().put("LD_LIBRARY_PATH", folder.toString());
        run(java);
    }

    private static void run(ProcessBuilder command) throws IOException, InterruptedException {
        Process process = command.redirectErrorStream(true).start();
        String printed =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), printed);
    }

    // ---- within such a process

    /** Returns a device of the fake driver. */
    static CudaDevice device() {
        assertNull(Driver.open());
        DeviceProperties properties =
                new DeviceProperties(
                        "fake", 8, 0, 1, 48 << 10, 64 << 10, 1024, 1024, true, 0, 1L << 40);
        return new CudaDevice(0, 0, new Driver.Device(), properties, null);
    }

    /** Returns a kernel of a device, which takes one pointer. */
    static CudaKernel kernel(CudaDevice device) {
        Kernel description =
                new Kernel("fake", "fake", "fake", 32, 1, List.of(8), Map.of(), Map.of());
        device.makeCurrent();
        return new CudaKernel(device, description, new Driver.Module());
    }

    /** Makes a function of the driver return a code from now on. */
    static void fail(String call, int code) {
        tell("fake_fail", call, code, 0);
    }

    /** Makes a function of the driver return a code until the device's memory is trimmed. */
    static void failUntilTrimmed(String call, int code) {
        tell("fake_fail", call, code, 1);
    }

    /** Makes no function fail any more. */
    static void recover() {
        fail("", Driver.SUCCESS);
    }

    /** Returns how often memory was trimmed. */
    static int trims() {
        return tell("fake_trims");
    }

    private static int tell(String function, Object... arguments) {
        return NativeLibrary.getInstance(Driver.libraryName())
                .getFunction(function)
                .invokeInt(arguments);
    }
}
