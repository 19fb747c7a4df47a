package org.oktoblas.convert;

import ai.djl.MalformedModelException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.oktoblas.convert.Checkpoint.Located;
import org.oktoblas.okm.Gpt2Config;
import org.oktoblas.okm.OkmType;
import org.oktoblas.okm.OkmWriter;
import org.oktoblas.okm.OkmWriter.TensorSource;
import org.oktoblas.okm.Progress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Converts a Hugging Face GPT-2 directory into an {@code .okm}.
 *
 * <p>Weights come from {@code model.safetensors} or its shards, under names with or without the
 * prefix {@code transformer.}; the attention masks that older checkpoints carry are left out, and
 * so is an {@code lm_head.weight} that repeats a tied embedding. The keys of {@code config.json}
 * are carried unchanged, but for the dtype where weights are cast; {@code tokenizer.json} and
 * {@code generation_config.json} come along where they exist.
 */
public final class HuggingFaceImport {
    private static final Logger LOG = LoggerFactory.getLogger(HuggingFaceImport.class);
    private static final String PREFIX = "transformer.";
    private static final String HEAD = "lm_head.weight";
    private static final String EMBEDDING = PREFIX + "wte.weight";
    private static final Pattern MASK =
            Pattern.compile("transformer\\.h\\.[0-9]+\\.attn\\.(bias|masked_bias)");
    private static final Map<OkmType, String> TORCH_NAMES =
            Map.of(OkmType.F32, "float32", OkmType.F16, "float16", OkmType.BF16, "bfloat16");

    private HuggingFaceImport() {}

    /**
     * Converts a checkpoint.
     *
     * @param from the directory that {@code save_pretrained} wrote
     * @param to the {@code .okm} to write; a failed conversion leaves it as it was
     * @param form one file, or a directory
     * @param type the type to cast all weights to, or null to keep each as it is
     * @param progress hears how many bytes of weights are written
     * @throws MalformedModelException if the checkpoint is damaged or no GPT-2, its tokenizer
     *     included, naming file, tensor and reason; also if a value does not fit the type
     * @throws IOException if there is no such directory, or reading or writing fails
     */
    public static void convert(
            Path from, Path to, OkmWriter.Form form, OkmType type, Progress progress)
            throws IOException, MalformedModelException {
        if (!Files.isDirectory(from)) {
            throw new FileNotFoundException(from + ": there is no such directory");
        }
        Path configPath = from.resolve("config.json");
        JsonObject json = Checkpoint.readJson(configPath);
        Gpt2Config config = Gpt2Config.fromJson(json, configPath.toString());
        try (Checkpoint checkpoint = Checkpoint.open(from)) {
            Map<String, Located> tensors = select(checkpoint, config, from);
            Map<String, TensorSource> sources = new LinkedHashMap<>();
            for (Map.Entry<String, Located> entry : tensors.entrySet()) {
                sources.put(entry.getKey(), new Source(entry.getValue(), type));
            }
            if (type != null) {
                setType(json, type);
            }
            Path generation = from.resolve("generation_config.json");
            OkmWriter.write(
                    to,
                    form,
                    new OkmWriter.Content(
                            json,
                            sources,
                            tokenizer(from),
                            Files.exists(generation) ? Checkpoint.readJson(generation) : null),
                    progress);
        }
    }

    /**
     * The tensors by the names that an .okm gives them, each of the shape that the config wants.
     */
    private static Map<String, Located> select(
            Checkpoint checkpoint, Gpt2Config config, Path directory)
            throws IOException, MalformedModelException {
        Map<String, Located> found = new HashMap<>();
        for (Map.Entry<String, Located> entry : checkpoint.tensors().entrySet()) {
            String name = entry.getKey();
            boolean plain = name.startsWith(PREFIX) || name.equals(HEAD);
            String canonical = plain ? name : PREFIX + name;
            if (MASK.matcher(canonical).matches()) {
                continue;
            }
            if (found.put(canonical, entry.getValue()) != null) {
                throw refuse(entry.getValue(), "is there twice, with and without 'transformer.'");
            }
        }
        if (config.tieWordEmbeddings() && found.containsKey(HEAD)) {
            checkTied(found.get(HEAD), found.get(EMBEDDING));
            found.remove(HEAD);
        }
        if (config.tensorCount() > found.size() + 100L) {
            throw new MalformedModelException(
                    String.format(
                            "%s: n_layer %d needs %d tensors, but the checkpoint has %d",
                            directory, config.numLayers(), config.tensorCount(), found.size()));
        }
        Map<String, Located> selected = new LinkedHashMap<>();
        for (Map.Entry<String, Shape> expected : config.tensorShapes().entrySet()) {
            Located located = found.remove(expected.getKey());
            if (located == null) {
                throw new MalformedModelException(
                        directory + ": tensor '" + expected.getKey() + "' is missing");
            }
            located.file().type(located.tensor());
            List<Long> shape = located.tensor().shape();
            if (!new Shape(shape).equals(expected.getValue())) {
                throw refuse(
                        located,
                        "must have the shape "
                                + expected.getValue()
                                + " by the config, but has "
                                + new Shape(shape));
            }
            selected.put(expected.getKey(), located);
        }
        for (Located unknown : found.values()) {
            throw refuse(unknown, "is unknown: a GPT-2 of this config has none of that name");
        }
        return selected;
    }

    private static void checkTied(Located head, Located embedding)
            throws IOException, MalformedModelException {
        if (embedding != null
                && (!head.tensor().dtype().equals(embedding.tensor().dtype())
                        || !head.file()
                                .map(head.tensor())
                                .equals(embedding.file().map(embedding.tensor())))) {
            throw refuse(
                    head,
                    "differs from the token embedding, although config.json ties the two"
                            + " (tie_word_embeddings)");
        }
    }

    private static MalformedModelException refuse(Located located, String reason) {
        return located.file().refuse(located.tensor().name(), reason);
    }

    private static String tokenizer(Path directory) throws IOException, MalformedModelException {
        Path path = directory.resolve("tokenizer.json");
        try {
            String json = Files.exists(path) ? Files.readString(path) : null;
            checkTokenizer(path, json);
            return json;
        } catch (CharacterCodingException e) {
            throw new MalformedModelException(path + ": is not UTF-8 text", e);
        }
    }

    /** Refuses what would fail when the model is loaded; where the library is missing, cannot. */
    private static void checkTokenizer(Path path, String json)
            throws IOException, MalformedModelException {
        if (json == null || !canTokenize()) {
            return;
        }
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        try {
            HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(bytes), Map.of()).close();
        } catch (RuntimeException e) {
            throw new MalformedModelException(
                    path + ": is no tokenizer that the tokenizers library reads: " + e.getMessage(),
                    e);
        }
    }

    private static boolean canTokenize() {
        try {
            LibUtils.checkStatus();
            return true;
        } catch (RuntimeException e) {
            LOG.warn("The tokenizer is not checked: its library cannot be loaded", e);
            return false;
        }
    }

    /** Hugging Face tells the weights' type under one key or another, depending on the version. */
    private static void setType(JsonObject config, OkmType type) {
        for (String key : List.of("dtype", "torch_dtype")) {
            if (config.has(key)) {
                config.addProperty(key, TORCH_NAMES.get(type));
            }
        }
    }

    private record Source(Located located, OkmType target) implements TensorSource {

        @Override
        public OkmType type() {
            return target == null ? storedType() : target;
        }

        private OkmType storedType() {
            return OkmType.valueOf(located.tensor().dtype());
        }

        @Override
        public void writeTo(WritableByteChannel out) throws IOException, MalformedModelException {
            TensorCast.write(
                    located.file().map(located.tensor()),
                    storedType(),
                    type(),
                    out,
                    located.file().path() + ": tensor '" + located.tensor().name() + "'");
        }
    }
}
