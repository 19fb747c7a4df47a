package org.oktoblas.okm;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.oktoblas.okm.OkmWriter.Content;
import org.oktoblas.okm.OkmWriter.Form;
import org.oktoblas.okm.OkmWriter.TensorSource;

/** Models for tests: tiny ones made on the fly, and those that the repository brings along. */
public final class Samples {
    /** Where the Hugging Face checkpoints are: {@code save_pretrained} directories. */
    public static final Path CHECKPOINTS =
            Path.of("..", "integration-tests", "src", "test", "resources", "hf-gpt2");

    public static final List<String> CHECKPOINT_NAMES =
            List.of("plain", "odd", "scaled", "unscaled");

    /** The model that ships. */
    public static final Path OKTO_PROSE = Path.of("..", "examples", "models", "okto-prose.okm");

    public static final String TOKENIZER =
            "{\"version\": \"1.0\", \"model\": {\"type\": \"BPE\", \"vocab\": {\"é\": 0}}}";

    private Samples() {}

    /** A configuration of two layers with an untied head and an inner width of its own. */
    public static JsonObject config() {
        return JsonParser.parseString(
                        """
                        {"model_type": "gpt2", "n_layer": 2, "n_embd": 8, "n_head": 2,
                         "n_positions": 10, "n_inner": 12, "vocab_size": 20,
                         "activation_function": "gelu_new", "layer_norm_epsilon": 1e-05,
                         "tie_word_embeddings": false, "scale_attn_weights": true,
                         "bos_token_id": 0, "eos_token_id": null,
                         "task_specific_params": {"ratio": 1.50, "names": ["a", null, true]}}
                        """)
                .getAsJsonObject();
    }

    /** Random weights of mixed types for a configuration, and a tokenizer. */
    public static Content content(JsonObject config) throws Exception {
        Random random = new Random(7);
        Map<String, TensorSource> tensors = new LinkedHashMap<>();
        Gpt2Config.fromJson(config, "sample")
                .tensorShapes()
                .forEach(
                        (name, shape) -> {
                            OkmType type = OkmType.values()[tensors.size() % 3];
                            byte[] bytes = new byte[(int) shape.size() * type.byteSize()];
                            random.nextBytes(bytes);
                            tensors.put(name, source(type, bytes));
                        });
        return new Content(config, tensors, TOKENIZER, null);
    }

    /** A source that gives those bytes. */
    public static TensorSource source(OkmType type, byte[] bytes) {
        return new TensorSource() {
            @Override
            public OkmType type() {
                return type;
            }

            @Override
            public void writeTo(WritableByteChannel out) throws IOException {
                out.write(ByteBuffer.wrap(bytes));
            }
        };
    }

    /** Writes the tiny model. */
    public static Path write(Path target, Form form) throws Exception {
        OkmWriter.write(target, form, content(config()), Progress.NONE);
        return target;
    }

    /** Changes the config.json of a directory and makes its checksum right again. */
    public static void edit(Path directory, Consumer<JsonObject> change) throws IOException {
        Path path = directory.resolve("config.json");
        JsonObject config = JsonParser.parseString(Files.readString(path)).getAsJsonObject();
        change.accept(config);
        Files.writeString(path, sealed(config));
    }

    /** The text of a configuration with the checksum that it should have. */
    static String sealed(JsonObject config) {
        if (config.get("okm") instanceof JsonObject okm) {
            okm.addProperty("checksum", Checksum.ofConfig(config));
        }
        return config.toString();
    }

    /** An entry of okm.tensors. */
    public static JsonObject tensor(JsonObject config, String name) {
        for (var tensor : config.getAsJsonObject("okm").getAsJsonArray("tensors")) {
            if (tensor.getAsJsonObject().get("name").getAsString().equals(name)) {
                return tensor.getAsJsonObject();
            }
        }
        throw new AssertionError(name);
    }

    /** Which type and shape every tensor has, and a digest of its bytes. */
    public static Map<String, String> tensors(OkmFile file) {
        Map<String, String> result = new TreeMap<>();
        file.tensors()
                .forEach(
                        (name, tensor) ->
                                result.put(
                                        name,
                                        tensor.type()
                                                + " "
                                                + tensor.shape()
                                                + " "
                                                + digest(file.data(name))));
        return result;
    }

    private static String digest(ByteBuffer bytes) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes.duplicate());
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** The names of all files below a directory. */
    public static List<String> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> directory.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }
}
