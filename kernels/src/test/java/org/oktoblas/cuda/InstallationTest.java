package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is said where no GPU can be used. */
class InstallationTest {

    private static final String NVCC_13 = "Build cuda_13.0.r13.0/compiler.36424714_0";

    @Test
    void aDriverIsAsNewAsTheCompiler() {
        assertNull(Installation.tooOld(13000, NVCC_13));
        assertNull(Installation.tooOld(13010, NVCC_13));
        assertNull(Installation.tooOld(13000, "Build cuda_13.2.r13.2/compiler.1_0"));
        assertNull(Installation.tooOld(14000, NVCC_13));
        assertNull(Installation.tooOld(12080, "Build cuda_12.4.r12.4/compiler.1_0"));
        assertEquals(
                "the NVIDIA driver is too old: it supports CUDA 12.8, and this build's kernels"
                        + " need CUDA 13.0 (driver 580 or later)",
                Installation.tooOld(12080, NVCC_13));
        String old = Installation.tooOld(11080, "Build cuda_12.4.r12.4/compiler.1_0");
        assertTrue(old.contains("CUDA 11.8") && old.contains("CUDA 12.6"), old);
    }

    @Test
    void withoutAGpuThereIsAReason() {
        assumeTrue(CudaDevice.count() == 0, "there is a GPU");
        String why = CudaDevice.whyUnavailable().orElseThrow();
        assertFalse(why.endsWith("."), why);
        assertFalse(why.contains("\n"), why);
        IllegalStateException error =
                assertThrows(IllegalStateException.class, () -> CudaDevice.get(0));
        assertEquals("There is no GPU to use: " + why + ".", error.getMessage());
    }

    @Test
    void cudaCanBeSwitchedOff() throws Exception {
        assertEquals("0 ai.djl.oktoblas.cuda is off", run("-Dai.djl.oktoblas.cuda=off"));
        assertEquals("0 ai.djl.oktoblas.cuda is off", run("-Dai.djl.oktoblas.cuda=OFF"));
        assertEquals(
                "0 ai.djl.oktoblas.cuda is auto or off, not \"no\"",
                run("-Dai.djl.oktoblas.cuda=no"));
        assertFalse(run("-Dai.djl.oktoblas.cuda=auto").contains("ai.djl"), "auto is as unset");
    }

    private static String run(String... options) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(Arrays.asList(options));
        command.add("-cp");
        command.add(
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path")));
        command.add(Report.class.getName());
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), printed);
        List<String> lines = printed.strip().lines().toList();
        return lines.get(lines.size() - 1);
    }

    /** Says what there is. */
    static final class Report {

        private Report() {}

        public static void main(String[] args) {
            System.out.println(
                    CudaDevice.count() + " " + CudaDevice.whyUnavailable().orElse("nothing amiss"));
        }
    }
}
