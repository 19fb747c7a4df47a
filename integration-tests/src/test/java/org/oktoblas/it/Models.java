package org.oktoblas.it;

import ai.djl.MalformedModelException;
import ai.djl.util.Utils;
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
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

    private static final List<String> CHECKPOINT =
            List.of("config.json", "generation_config.json", "model.safetensors");
    private static final Path SOURCES = Path.of("..", "examples", "models");
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
        return read((name.equals(PROSE) ? PROSE : "hf-gpt2/" + name) + "/expected.json");
    }

    /** Returns what the shipped model computes in double precision. */
    static JsonObject proseInDoublePrecision() {
        return read(PROSE + "/float64.json");
    }

    private static InputStream open(String resource) {
        return Objects.requireNonNull(
                Models.class.getResourceAsStream("/" + resource), "no resource " + resource);
    }

    private static JsonObject read(String resource) {
        try (Reader reader = new InputStreamReader(open(resource), StandardCharsets.UTF_8)) {
            return new Gson().fromJson(reader, JsonObject.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path prepare(String name) {
        try {
            return name.equals(PROSE) ? prose() : convert(name);
        } catch (IOException | MalformedModelException e) {
            throw new IllegalStateException("model " + name, e);
        }
    }

    /** Looks where {@code okm://okto-prose} is looked for, or in the sources. */
    private static Path prose() {
        String folders = System.getenv("OKTO_MODELS");
        return Stream.of((folders == null ? "" : folders).split(File.pathSeparator))
                .map(folder -> Path.of(folder).resolve(PROSE + ".okm"))
                .filter(Files::exists)
                .findFirst()
                .orElse(SOURCES.resolve(PROSE + ".okm"))
                .toAbsolutePath()
                .normalize();
    }

    /** The checkpoints are resources, perhaps of a jar: they are unpacked before conversion. */
    private static Path convert(String name) throws IOException, MalformedModelException {
        Path folder = Files.createTempDirectory("okto-" + name);
        Path target = Files.createTempFile("okto-" + name, ".okm");
        Files.delete(target);
        target.toFile().deleteOnExit();
        try {
            for (String file : CHECKPOINT) {
                try (InputStream in = open("hf-gpt2/" + name + "/" + file)) {
                    Files.copy(in, folder.resolve(file));
                }
            }
            HuggingFaceImport.convert(folder, target, OkmWriter.Form.FILE, null, Progress.NONE);
        } finally {
            Utils.deleteQuietly(folder);
        }
        return target;
    }
}
