package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A process that has loaded PyTorch's libraries before ours. */
class BesidePyTorchTest {

    /**
     * The engine's threads are its own: oneDNN does not take part in the OpenMP of PyTorch, which
     * would have threads for each of ours, all waiting for each other.
     */
    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "Threads are counted in /proc.")
    void oneDnnStartsNoThreads() throws Exception {
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        // No threads that compile come and go.
                        "-Xint",
                        "-XX:+UseSerialGC",
                        "-Dai.djl.offline=true",
                        "-Dai.djl.oktoblas.num_threads=1",
                        "-cp",
                        System.getProperty(
                                "surefire.test.class.path", System.getProperty("java.class.path")),
                        Program.class.getName());
        builder.environment().put("OMP_NUM_THREADS", "4");
        Process process = builder.redirectErrorStream(true).start();
        String printed =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), printed);
    }

    /** Multiplies with PyTorch and then with OktoBLAS, and counts threads. */
    static final class Program {

        private Program() {}

        public static void main(String[] args) {
            multiply("PyTorch", 2);
            // Everything is loaded by this, and other threads that it takes are started.
            multiply("OktoBLAS", 2);
            long before = threads();
            multiply("OktoBLAS", 300);
            assertEquals(before, threads(), "threads after a large product");
        }

        private static void multiply(String engine, int size) {
            try (NDManager manager = Engine.getEngine(engine).newBaseManager(Device.cpu())) {
                NDArray ones = manager.ones(new Shape(size, size));
                NDArray product = ones.matMul(ones);
                assertEquals(size, product.toFloatArray()[size * size - 1]);
            }
        }

        private static long threads() {
            try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
                return tasks.count();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
