package org.oktoblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** okto eval, with the model that ships. */
class EvalTest {

    private static final String TEXT =
            "It is a truth universally acknowledged, that a single man in possession of a good"
                    + " fortune, must be in want of a wife.";

    @Test
    void jsonAgreesWithItselfAndTheLines(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("text.txt");
        Files.writeString(file, TEXT);
        Cli run = Cli.run("eval", "--file", file.toString(), "--json");
        assertEquals(0, run.code(), run.err());
        JsonObject json = JsonParser.parseString(run.out()).getAsJsonObject();
        assertEquals(
                Set.of(
                        "model",
                        "tokens",
                        "negative_log_likelihood",
                        "perplexity",
                        "engine",
                        "precision"),
                json.keySet());
        long tokens = json.get("tokens").getAsLong();
        double nll = json.get("negative_log_likelihood").getAsDouble();
        double perplexity = json.get("perplexity").getAsDouble();
        assertEquals(Math.exp(nll / tokens), perplexity, 1e-9 * perplexity);
        // The model was trained on this prose: far better than chance over 4,096 tokens.
        assertTrue(perplexity > 1 && perplexity < 200, json.toString());
        assertTrue(tokens > 20 && tokens < 60, json.toString());

        Cli lines = Cli.run("eval", "--file", file.toString());
        assertEquals(0, lines.code());
        assertTrue(
                lines.out().startsWith("tokens                   " + tokens + "\n"), lines.out());
        assertEquals("", lines.err());
    }

    @Test
    void textsLongerThanTheContextAreScoredToo(@TempDir Path directory) throws Exception {
        JsonObject once = eval(directory, TEXT);
        JsonObject often = eval(directory, (TEXT + "\n").repeat(40));
        long tokens = often.get("tokens").getAsLong();
        assertTrue(tokens > 1024, often.toString());
        // One token less than there are, in either: the first is predicted by nothing.
        assertEquals(40 * (once.get("tokens").getAsLong() + 2) - 1, tokens);
        // The same words, most of them with more to go by.
        double perplexity = often.get("perplexity").getAsDouble();
        assertTrue(perplexity < once.get("perplexity").getAsDouble(), once + " " + often);
    }

    private static JsonObject eval(Path directory, String text) throws Exception {
        Path file = directory.resolve("text.txt");
        Files.writeString(file, text);
        Cli run = Cli.run("eval", "--file", file.toString(), "--json");
        assertEquals(0, run.code(), run.err());
        return JsonParser.parseString(run.out()).getAsJsonObject();
    }

    @Test
    void tooLittleTextIsSaid() {
        Cli run = Cli.runWithInput("", "eval", "--file", "-");
        assertEquals(1, run.code());
        assertTrue(run.err().contains("too short"), run.err());
    }
}
