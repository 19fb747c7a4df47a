package org.oktoblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** okto infer, with the model that ships. */
class InferTest {

    private static final String PROMPT = "It was a fine morning, and";
    private static final String NL = System.lineSeparator();

    private static JsonObject json(String... more) {
        Cli run = Cli.run(arguments(more, "--json"));
        assertEquals(0, run.code(), run.err());
        return JsonParser.parseString(run.out()).getAsJsonObject();
    }

    private static String[] arguments(String[] more, String... first) {
        List<String> all = new ArrayList<>(List.of("infer"));
        all.addAll(List.of(first));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @Test
    void jsonHasExactlyTheDocumentedKeys() {
        JsonObject json = json("--input", PROMPT, "--max-tokens", "9");
        assertEquals(
                List.of(
                        "prompt",
                        "text",
                        "token_ids",
                        "prompt_tokens",
                        "generated_tokens",
                        "ttft_ms",
                        "total_ms",
                        "tokens_per_second",
                        "engine",
                        "device",
                        "precision",
                        "stop_reason"),
                List.copyOf(json.keySet()));
        assertEquals(PROMPT, json.get("prompt").getAsString());
        assertEquals(9, json.get("generated_tokens").getAsInt());
        assertEquals(9, json.getAsJsonArray("token_ids").size());
        assertTrue(json.get("prompt_tokens").getAsInt() > 3);
        assertEquals("OktoBLAS", json.get("engine").getAsString());
        assertEquals("cpu", json.get("device").getAsString());
        assertEquals("fp32", json.get("precision").getAsString());
        assertEquals("max_tokens", json.get("stop_reason").getAsString());
        double first = json.get("ttft_ms").getAsDouble();
        double total = json.get("total_ms").getAsDouble();
        assertTrue(first > 0 && first <= total, json.toString());
        assertEquals(
                9000 / total, json.get("tokens_per_second").getAsDouble(), 0.01 * 9000 / total);
    }

    @Test
    void standardOutputIsTheTextAndNothingElse() {
        String text = json("--input", PROMPT, "--max-tokens", "12").get("text").getAsString();
        Cli run = Cli.run("infer", "--input", PROMPT, "--max-tokens", "12");
        assertEquals(0, run.code());
        assertEquals(text + NL, run.out());
        assertTrue(
                run.err()
                        .matches(
                                "12 tokens in \\d+\\.\\d\\d s: first after \\d+ ms, \\d+\\.\\d tokens/s;"
                                        + " OktoBLAS on cpu in fp32; stopped at --max-tokens\\R"),
                run.err());
    }

    @Test
    void textComesPieceByPieceOrAllAtOnce() {
        List<String> pieces = new ArrayList<>();
        assertEquals(0, Main.run(recording(pieces), "infer", "--input", PROMPT, "-n", "20"));
        List<String> whole = new ArrayList<>();
        assertEquals(
                0,
                Main.run(recording(whole), "infer", "--input", PROMPT, "-n", "20", "--no-stream"));
        assertTrue(pieces.size() > 15, pieces.toString());
        assertEquals(1, whole.size(), whole.toString());
        assertEquals(whole.get(0), String.join("", pieces));
    }

    private static Console recording(List<String> pieces) {
        OutputStream out =
                new OutputStream() {
                    @Override
                    public void write(int b) {
                        throw new AssertionError("byte by byte");
                    }

                    @Override
                    public void write(byte[] bytes, int offset, int length) {
                        pieces.add(new String(bytes, offset, length, StandardCharsets.UTF_8));
                    }
                };
        return new Console(
                InputStream.nullInputStream(), out, OutputStream.nullOutputStream(), false, false);
    }

    @Test
    void promptsComeFromStandardInputUnderAllNames() {
        String expected = Cli.run("infer", "--input", PROMPT, "-n", "6").out();
        for (String option : List.of("--prompt", "--text", "-i")) {
            assertEquals(expected, Cli.run("infer", option, PROMPT, "-n", "6").out());
        }
        for (String[] dash : new String[][] {{"--input", "-"}, {"-"}}) {
            // The line end is the shell's, not the prompt's.
            Cli run = Cli.runWithInput(PROMPT + "\n", arguments(dash, "-n", "6"));
            assertEquals(expected, run.out(), run.err());
        }
    }

    @Test
    void linesOfAFileRunAsABatchInTheirOrder(@TempDir Path directory) throws IOException {
        List<String> prompts = List.of("The whale", PROMPT, "Grüße, she said. It");
        Path file = directory.resolve("prompts.txt");
        Files.writeString(file, String.join("\n", prompts) + "\n\n");
        Cli batch = Cli.run("infer", "--file", file.toString(), "-n", "8", "--json");
        assertEquals(0, batch.code(), batch.err());
        List<String> lines = batch.out().lines().toList();
        assertEquals(3, lines.size());
        for (int i = 0; i < 3; i++) {
            JsonObject together = JsonParser.parseString(lines.get(i)).getAsJsonObject();
            JsonObject alone = json("--input", prompts.get(i), "-n", "8");
            assertEquals(prompts.get(i), together.get("prompt").getAsString());
            assertEquals(alone.get("token_ids"), together.get("token_ids"));
        }
        Cli inTwos = Cli.run("infer", "-f", file.toString(), "-n", "8", "--batch-size", "2");
        Cli texts = Cli.run("infer", "-f", file.toString(), "-n", "8");
        assertEquals(texts.out(), inTwos.out());
        assertTrue(texts.err().startsWith("3 prompts, 24 tokens in "), texts.err());
    }

    @Test
    void aSeedGivesTheSameTextAgain() {
        String[] sampled = {"--input", PROMPT, "--temperature", "1.5", "--seed", "7"};
        String once = json(sampled).get("text").getAsString();
        assertEquals(once, json(sampled).get("text").getAsString());
        String other =
                json("--input", PROMPT, "--temperature", "1.5", "--seed", "8")
                        .get("text")
                        .getAsString();
        assertFalse(once.equals(other), once);
    }

    @Test
    void anEarlyReaderIsNoError() {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        FailingStream out = new FailingStream("Broken pipe");
        Console console =
                new Console(new ByteArrayInputStream(new byte[0]), out, err, false, false);
        assertEquals(0, Main.run(console, "infer", "--input", PROMPT, "-n", "900"));
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("interrupted"), err.toString());
        assertTrue(out.writes < 4, "wrote on after the reader had left");
    }

    @Test
    void lostOutputIsAnError() {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console =
                new Console(
                        InputStream.nullInputStream(),
                        new FailingStream("No space left on device"),
                        err,
                        false,
                        false);
        assertEquals(1, Main.run(console, "infer", "--input", PROMPT, "-n", "9"));
        assertTrue(
                err.toString(StandardCharsets.UTF_8)
                        .contains("okto: cannot write standard output: No space left on device"),
                err.toString());
    }

    /** Fails after a while, as the head of a pipe or a full disk does. */
    private static final class FailingStream extends OutputStream {
        private final String message;
        private int writes;

        FailingStream(String message) {
            this.message = message;
        }

        @Override
        public void write(int b) throws IOException {
            if (++writes > 2) {
                throw new IOException(message);
            }
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            write(0);
        }
    }

    @Test
    void failuresAreOneSentenceAndCodeOne(@TempDir Path directory) throws IOException {
        Path text = directory.resolve("text.okm");
        Files.writeString(text, "this is no model");
        Path empty = directory.resolve("empty.txt");
        Files.writeString(empty, "\n");
        String[][] runs = {
            {"--input", "x", "--model", directory.resolve("none.okm").toString()},
            {"--input", "x", "--model", text.toString()},
            {"--input", "x", "--model", "okm://no-such-model"},
            {"--file", directory.resolve("none.txt").toString()},
            {"--file", empty.toString()},
            {"--input", "word ".repeat(3000)},
        };
        for (String[] run : runs) {
            Cli cli = Cli.run(arguments(run));
            assertEquals(1, cli.code(), cli.err());
            assertEquals("", cli.out());
            assertTrue(cli.err().startsWith("okto: "), cli.err());
            assertFalse(cli.err().contains("unexpected error"), cli.err());
            assertEquals(1, cli.err().lines().count(), cli.err());
        }
    }

    @Test
    void unknownDevicesNameTheKnownOnes() {
        Cli run = Cli.run("infer", "--input", "x", "--device", "gpu97");
        assertEquals(2, run.code());
        assertTrue(
                run.err().contains("no device \"gpu97\" for engine OktoBLAS here, only cpu"),
                run.err());
    }
}
