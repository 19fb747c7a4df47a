package org.oktoblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands on a GPU, with the model that ships. */
@RequiresGpu
class GpuTest {

    private static final String PROMPT = "It was a fine morning, and";

    private static final String TEXT =
            "It is a truth universally acknowledged, that a single man in possession of a good"
                    + " fortune, must be in want of a wife.\n";

    @ParameterizedTest
    @ValueSource(strings = {"gpu0", "gpu", "GPU:0", "cuda:0"})
    void theTextIsTheProcessors(String device) {
        Cli gpu = Cli.run("infer", "--input", PROMPT, "-n", "48", "--device", device);
        assertEquals(0, gpu.code(), gpu.err());
        assertTrue(gpu.err().contains(" OktoBLAS on gpu0 in fp32"), gpu.err());
        Cli cpu = Cli.run("infer", "--input", PROMPT, "-n", "48", "--device", "cpu");
        assertTrue(cpu.err().contains(" OktoBLAS on cpu in fp32"), cpu.err());
        assertEquals(cpu.out(), gpu.out());
    }

    @Test
    void aGpuIsTheDefault() {
        Cli run = Cli.run("infer", "--input", PROMPT, "-n", "2", "--json");
        JsonObject json = JsonParser.parseString(run.out()).getAsJsonObject();
        assertEquals("gpu0", json.get("device").getAsString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"fp16", "bf16"})
    void sixteenBitsGenerateBatches(String precision, @TempDir Path directory) throws Exception {
        Path file = directory.resolve("prompts.txt");
        Files.writeString(file, PROMPT + "\nThe ship\nAt last, when the candles were lit,\n");
        Cli run =
                Cli.run(
                        "infer",
                        "--file",
                        file.toString(),
                        "-n",
                        "20",
                        "--json",
                        "--device",
                        "gpu0",
                        "--precision",
                        precision);
        assertEquals(0, run.code(), run.err());
        assertEquals(3, run.out().lines().count());
        run.out()
                .lines()
                .map(line -> JsonParser.parseString(line).getAsJsonObject())
                .forEach(
                        json -> {
                            assertEquals(precision, json.get("precision").getAsString());
                            assertEquals("gpu0", json.get("device").getAsString());
                            assertEquals(20, json.get("generated_tokens").getAsInt());
                        });
    }

    /** What sampling draws depends on the seed, not on where the logits were computed. */
    @Test
    void samplingRepeatsItself() {
        String[] command = {
            "infer",
            "--input",
            PROMPT,
            "-n",
            "30",
            "--temperature",
            "0.9",
            "--top-k",
            "40",
            "--top-p",
            "0.95",
            "--seed",
            "5",
            "--device",
            "gpu0"
        };
        Cli once = Cli.run(command);
        assertEquals(0, once.code(), once.err());
        assertEquals(once.out(), Cli.run(command).out());
    }

    @Test
    void perplexityIsTheProcessors(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("text.txt");
        // Longer than the context, so that it is read in windows.
        Files.writeString(file, TEXT.repeat(40));
        JsonObject cpu = eval(file, "cpu", "fp32");
        double expected = cpu.get("perplexity").getAsDouble();
        JsonObject fp32 = eval(file, "gpu0", "fp32");
        assertEquals(cpu.get("tokens").getAsLong(), fp32.get("tokens").getAsLong());
        assertEquals(expected, fp32.get("perplexity").getAsDouble(), 1e-4 * expected);
        double fp16 = eval(file, "gpu0", "fp16").get("perplexity").getAsDouble();
        assertEquals(expected, fp16, 5e-3 * expected);
        // Were it the same to the last digit, it would not have been float16.
        assertNotEquals(fp32.get("perplexity").getAsDouble(), fp16);
    }

    private static JsonObject eval(Path file, String device, String precision) {
        Cli run =
                Cli.run(
                        "eval",
                        "--file",
                        file.toString(),
                        "--json",
                        "--device",
                        device,
                        "--precision",
                        precision);
        assertEquals(0, run.code(), run.err());
        return JsonParser.parseString(run.out()).getAsJsonObject();
    }

    @Test
    void theDoctorTriesIt() {
        Cli run = Cli.run("doctor");
        assertTrue(
                run.out().lines().anyMatch(line -> line.startsWith("ok    gpu         gpu0 is ")),
                run.out());
        assertTrue(run.out().contains("multiplies rightly"), run.out());
    }
}
