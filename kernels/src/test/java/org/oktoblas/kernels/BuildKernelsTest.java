package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program that builds the kernels, on small sources. */
@Tag("sources")
class BuildKernelsTest {

    private static final String KERNEL =
            "struct P { int* out; };\n"
                    + "extern \"C\" __global__ void __launch_bounds__(64) NAME("
                    + "const __grid_constant__ P p) { p.out[threadIdx.x] = kAnswer; }\n";

    @TempDir static Path program;
    @TempDir Path folder;

    @BeforeAll
    static void compile() {
        BuiltKernels.library();
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        assumeTrue(compiler != null, "this Java has no compiler");
        String source = Path.of("src", "build", "java", "BuildKernels.java").toString();
        assertEquals(
                0,
                compiler.run(
                        null, null, null, "-cp", gson().toString(), "-d", "" + program, source));
    }

    private static Path gson() {
        try {
            return Path.of(Gson.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private void write(String name, String text) throws IOException {
        Path file = folder.resolve("sources").resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private String build(int expected, String arch) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-cp");
        command.add(program + File.pathSeparator + gson());
        command.add("BuildKernels");
        for (String name : List.of("sources", "output", "cache")) {
            command.add(folder.resolve(name).toString());
        }
        command.add(arch);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(expected, process.waitFor(), printed);
        return printed;
    }

    private JsonObject kernel(int index) throws IOException {
        String text = Files.readString(folder.resolve("output").resolve("manifest.json"));
        return new Gson()
                .fromJson(text, JsonObject.class)
                .getAsJsonArray("kernels")
                .get(index)
                .getAsJsonObject();
    }

    @Test
    void onlyWhatChangedIsCompiled() throws Exception {
        write(
                "common/answer.cuh",
                "#pragma once\n#include \"deep.cuh\"\nconstexpr int kAnswer = 42;\n");
        write("common/deep.cuh", "#pragma once\nconstexpr int kDeep = 7;\n");
        write("common/other.cuh", "#pragma once\nconstexpr int kAnswer = 43;\n");
        write(
                "one/a_i32_sm80.cu",
                "#include \"common/answer.cuh\"\n" + KERNEL.replace("NAME", "one"));
        write(
                "two/b_i32_sm80.cu",
                "#include \"../common/other.cuh\"\n" + KERNEL.replace("NAME", "two"));
        assertTrue(build(0, "90a").contains("2 in 2 sources, 2 compiled now"));
        assertEquals(42, kernel(0).getAsJsonObject("tile").get("answer").getAsInt());
        assertEquals(7, kernel(0).getAsJsonObject("tile").get("deep").getAsInt());
        assertEquals(43, kernel(1).getAsJsonObject("tile").get("answer").getAsInt());
        assertEquals(64, kernel(0).get("threads").getAsInt());
        assertEquals(8, kernel(0).getAsJsonArray("parameterBytes").get(0).getAsInt());

        assertTrue(build(0, "90a").contains("0 compiled now"));
        write("common/deep.cuh", "#pragma once\nconstexpr int kDeep = 8;\n");
        assertTrue(build(0, "90a").contains("1 compiled now"));
        assertEquals(8, kernel(0).getAsJsonObject("tile").get("deep").getAsInt());

        Files.delete(folder.resolve("sources/two/b_i32_sm80.cu"));
        assertTrue(build(0, "90a").contains("1 in 1 sources, 0 compiled now"));
        assertFalse(Files.exists(folder.resolve("output/two/b_i32_sm80.fatbin")));
    }

    @Test
    void mistakesAreTold() throws Exception {
        String answer = "constexpr int kAnswer = 1;\n";
        write("one/a_i32_sm80.cu", answer + KERNEL.replace("NAME", "same"));
        write("two/b_i32_sm80.cu", answer + KERNEL.replace("NAME", "same"));
        String twice = build(1, "90a");
        assertTrue(twice.contains("same is defined by one/a_i32_sm80.cu and by two/b_i32"), twice);

        write("two/b_i32_sm80.cu", answer + "#include \"c.cuh\"\n" + KERNEL.replace("NAME", "two"));
        write("two/c.cuh", "namespace c {\nconstexpr int kAnswer = 2;\n}\n");
        String differs = build(1, "90a");
        assertTrue(differs.contains("kAnswer is 2 here and 1"), differs);

        write("two/c.cuh", "#error \"not like that\"\n");
        assertTrue(build(1, "90a").contains("not like that"));

        write("two/c.cuh", "");
        write("two/wrong.cu", "");
        assertTrue(build(1, "90a").contains("a kernel source is named"));
        Files.delete(folder.resolve("sources/two/wrong.cu"));

        assertTrue(build(1, "91").contains("cuda.arch names 91"));
    }

    @Test
    void nothingToBuild() throws Exception {
        assertTrue(build(0, "").contains("0 in 0 sources"));
        write("one/a_f16_sm90a.cu", "constexpr int kAnswer = 1;\n" + KERNEL.replace("NAME", "a"));
        assertTrue(build(0, "80").contains("0 in 0 sources"), "not for this architecture");
    }
}
