package org.oktoblas.it;

import ai.djl.MalformedModelException;
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.oktoblas.convert.HuggingFaceImport;
import org.oktoblas.okm.OkmWriter;
import org.oktoblas.okm.Progress;

/**
 * The models that the tests run: four tiny random checkpoints of Hugging Face, and the shipped
 * okto-prose.
 */
final class Models {

    static final List<String> FIXTURES = List.of("plain", "odd", "scaled", "unscaled");
    static final String PROSE = "okto-prose";

    private static final Path RESOURCES = Path.of("src", "test", "resources");
    private static final Path CONVERTED = Path.of("target", "models");
    private static final Map<String, Path> READY = new ConcurrentHashMap<>();

    private Models() {}

    /** Returns the .okm of a fixture, converted on first use, or the shipped model. */
    static Path path(String name) {
        return READY.computeIfAbsent(name, Models::prepare);
    }

    /** Returns the okm: URL of a model, which opens under every engine. */
    static String url(String name) {
        return "okm://" + path(name).toUri().getPath();
    }

    /** Returns what Hugging Face transformers computed for a model. */
    static JsonObject expected(String name) {
        Path folder = name.equals(PROSE) ? Path.of(PROSE) : Path.of("hf-gpt2", name);
        return read(folder.resolve("expected.json"));
    }

    /** Returns what the shipped model computes in double precision. */
    static JsonObject proseInDoublePrecision() {
        return read(Path.of(PROSE, "float64.json"));
    }

    private static JsonObject read(Path resource) {
        Path file = RESOURCES.resolve(resource);
        try (Reader reader = Files.newBufferedReader(file)) {
            return new Gson().fromJson(reader, JsonObject.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path prepare(String name) {
        if (name.equals(PROSE)) {
            return Path.of("..", "examples", "models", "okto-prose.okm")
                    .toAbsolutePath()
                    .normalize();
        }
        try {
            Files.createDirectories(CONVERTED);
            Path target = CONVERTED.resolve(name + ".okm").toAbsolutePath();
            Files.deleteIfExists(target);
            HuggingFaceImport.convert(
                    RESOURCES.resolve("hf-gpt2").resolve(name),
                    target,
                    OkmWriter.Form.FILE,
                    null,
                    Progress.NONE);
            return target;
        } catch (IOException | MalformedModelException e) {
            throw new IllegalStateException("fixture " + name, e);
        }
    }
}
