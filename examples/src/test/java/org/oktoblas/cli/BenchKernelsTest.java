package org.oktoblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.cuda.CudaDevice;

/** okto bench kernels, and a command for each of its topics. */
class BenchKernelsTest {

    @ParameterizedTest
    @ValueSource(strings = {"kernels", "gemm", "dispatch"})
    void withoutAGpuItSaysWhy(String command) {
        assumeTrue(CudaDevice.count() == 0, "there is a GPU");
        Cli run = Cli.run("bench", command, "--quick");
        assertEquals(1, run.code());
        assertEquals("", run.out());
        assertTrue(run.err().startsWith("okto: There is no GPU to use: "), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "kernels --topics gemm,gem | there is no topic \"gem\", only gemm, attention,",
                "kernels --rounds 0        | --rounds is 0, but must be at least 1",
                "softmax --topics gemm     | Unknown options: '--topics'",
            })
    void wrongUseIsCodeTwo(String line, String expected) {
        Cli run = Cli.run(("bench " + line).split(" +"));
        assertEquals(2, run.code());
        assertTrue(run.err().contains(expected), run.err());
    }

    @Test
    void helpNamesTopics() {
        Cli help = Cli.run("bench", "--help");
        for (String topic : List.of("kernels", "gemm", "attention", "reduce", "dispatch")) {
            assertTrue(help.out().contains("\n  " + topic + " "), help.out());
        }
        Cli topic = Cli.run("bench", "layernorm", "--help");
        assertEquals(0, topic.code());
        assertTrue(topic.out().contains("Measures layer norm on the first GPU"), topic.out());
    }

    @Test
    @RequiresGpu
    void everyCaseOfAQuickRunIsSound(@TempDir Path directory) throws Exception {
        Cli run =
                Cli.run(
                        "bench",
                        "kernels",
                        "--quick",
                        "--rounds",
                        "1",
                        "--no-peer",
                        "--json",
                        directory.resolve("all.json").toString(),
                        "--out",
                        directory.toString());
        assertEquals(0, run.code(), run.out() + run.err());
        String text = Files.readString(directory.resolve("all.json"));
        JsonObject json = JsonParser.parseString(text).getAsJsonObject();
        assertTrue(json.get("driver").getAsString().matches(".*\\d+\\.\\d+.*"), text);
        json.getAsJsonArray("rows")
                .forEach(
                        row ->
                                assertTrue(
                                        row.getAsJsonObject().get("ours").getAsDouble() > 0,
                                        row.toString()));
        try (var files = Files.list(directory)) {
            assertEquals(15, files.count());
        }
    }
}
