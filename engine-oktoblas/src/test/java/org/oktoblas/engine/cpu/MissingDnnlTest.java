package org.oktoblas.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.engine.OktoEngine;

/** Processes without some or all of the jars that oneDNN comes in. */
class MissingDnnlTest {

    private int code;
    private String printed;

    private void run(String missing, String matmul) throws Exception {
        String path =
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path"));
        Pattern left = Pattern.compile("(" + missing + ")-[^/\\\\]*\\.jar");
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Dai.djl.oktoblas.matmul=" + matmul,
                                "-Dai.djl.offline=true",
                                "-cp",
                                Pattern.compile(File.pathSeparator)
                                        .splitAsStream(path)
                                        .filter(jar -> !left.matcher(jar).find())
                                        .collect(Collectors.joining(File.pathSeparator)),
                                Program.class.getName())
                        .redirectErrorStream(true)
                        .start();
        printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        code = process.waitFor();
    }

    @ParameterizedTest
    @ValueSource(strings = {"dnnl|javacpp|opencl", "dnnl", "javacpp", "opencl"})
    void autoIsThenPlainJava(String missing) throws Exception {
        run(missing, "auto");
        assertEquals(0, code, printed);
        assertTrue(printed.contains("multiplies in plain Java"), printed);
    }

    @Test
    void whatIsAskedForAndMissingIsAnError() throws Exception {
        run("dnnl|javacpp|opencl", "onednn");
        assertNotEquals(0, code, printed);
        assertTrue(printed.contains("ai.djl.oktoblas.matmul asks for onednn, whose jars"), printed);
        assertFalse(printed.contains("multiplied in plain Java"), printed);
    }

    /** Multiplies, and says how. */
    static final class Program {

        private Program() {}

        public static void main(String[] args) {
            try (NDManager manager = OktoEngine.get().newBaseManager(Device.cpu())) {
                NDArray product =
                        manager.ones(new Shape(300, 200)).matMul(manager.ones(new Shape(200, 400)));
                assertEquals(200, product.min().getFloat());
                assertEquals(200, product.max().getFloat());
            }
            System.out.println("multiplies in " + CpuBackend.get().description());
        }
    }
}
