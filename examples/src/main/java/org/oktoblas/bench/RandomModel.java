package org.oktoblas.bench;

import ai.djl.MalformedModelException;
import ai.djl.util.Float16Utils;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.oktoblas.okm.Gpt2Config;
import org.oktoblas.okm.OkmType;
import org.oktoblas.okm.OkmWriter;
import org.oktoblas.okm.Progress;

/**
 * A model to measure: one that is there, or one of GPT-2's shape with random weights, made for the
 * occasion and deleted afterwards. Random weights cost the same time as trained ones.
 */
public final class RandomModel implements AutoCloseable {

    private static final Pattern RANDOM =
            Pattern.compile("([^:/]+):random(?:-(f32|f16|bf16))?", Pattern.CASE_INSENSITIVE);

    private final String path;
    private final String label;
    private final Path temporary;

    private RandomModel(String path, String label, Path temporary) {
        this.path = path;
        this.label = label;
        this.temporary = temporary;
    }

    /**
     * Finds or makes a model.
     *
     * @param name a path, an {@code okm://} URL, or {@code gpt2-124m:random-f32}, {@code -f16} or
     *     {@code -bf16}: the type in which the weights are stored; what stands before the colon is
     *     the name of a {@link ModelShape}
     * @param progress hears what takes time
     */
    static RandomModel resolve(String name, Consumer<String> progress)
            throws IOException, MalformedModelException {
        Matcher random = RANDOM.matcher(name);
        Optional<ModelShape> shape =
                random.matches() ? ModelShape.of(random.group(1)) : Optional.empty();
        if (shape.isEmpty()) {
            String last = name.substring(name.lastIndexOf('/') + 1);
            return new RandomModel(name, last.replaceFirst("\\.okm$", ""), null);
        }
        String typeName =
                random.group(2) == null ? "F32" : random.group(2).toUpperCase(Locale.ROOT);
        OkmType type = OkmType.valueOf(typeName);
        progress.accept("making " + name);
        Path directory = Files.createTempDirectory("okto-bench");
        String shapeName = shape.get().name();
        Path file = directory.resolve(shapeName + ".okm");
        try {
            write(file, shape.get().config(), type);
        } catch (IOException | MalformedModelException | RuntimeException e) {
            Files.deleteIfExists(file);
            Files.deleteIfExists(directory);
            throw e;
        }
        return new RandomModel(
                file.toString(), shapeName + "-" + typeName.toLowerCase(Locale.ROOT), file);
    }

    /** Returns where the model is. */
    String path() {
        return path;
    }

    /** Returns the model's name for a table. */
    String label() {
        return label;
    }

    @Override
    public void close() throws IOException {
        if (temporary != null) {
            Files.deleteIfExists(temporary);
            Files.deleteIfExists(temporary.getParent());
        }
    }

    /**
     * Returns a GPT-2's configuration.
     *
     * @param layers number of layers
     * @param hidden width
     * @param heads number of heads
     * @param context tokens that fit
     * @param vocabulary number of tokens
     */
    public static JsonObject gpt2(int layers, int hidden, int heads, int context, int vocabulary) {
        JsonObject config = new JsonObject();
        config.addProperty("model_type", "gpt2");
        config.addProperty("n_layer", layers);
        config.addProperty("n_embd", hidden);
        config.addProperty("n_head", heads);
        config.addProperty("n_positions", context);
        config.addProperty("vocab_size", vocabulary);
        config.addProperty("activation_function", "gelu_new");
        config.addProperty("layer_norm_epsilon", 1e-5);
        config.addProperty("bos_token_id", vocabulary - 1);
        config.addProperty("eos_token_id", vocabulary - 1);
        return config;
    }

    /**
     * Writes a model with random weights and no tokenizer: the same one for the same configuration.
     *
     * @param file where
     * @param config Hugging Face's configuration
     * @param type how to store the weights; the values fit float16, whatever the type
     */
    public static void write(Path file, JsonObject config, OkmType type)
            throws IOException, MalformedModelException {
        byte[][] weights = weightTable(type);
        Map<String, OkmWriter.TensorSource> tensors = new LinkedHashMap<>();
        Gpt2Config.fromJson(config, "the random model")
                .tensorShapes()
                .forEach(
                        (name, shape) ->
                                tensors.put(
                                        name, new RandomTensor(name, shape.size(), type, weights)));
        OkmWriter.write(
                file,
                OkmWriter.Form.FILE,
                new OkmWriter.Content(config, tensors, null, null),
                Progress.NONE);
    }

    /** Some thousand numbers to draw weights from: normal with GPT-2's deviation of 0.02. */
    private static byte[][] weightTable(OkmType type) {
        Random random = new Random(1);
        byte[][] table = new byte[4096][];
        for (int i = 0; i < table.length; i++) {
            table[i] = encode((float) (0.02 * random.nextGaussian()), type);
        }
        return table;
    }

    private static byte[] encode(float value, OkmType type) {
        short half = Float16Utils.floatToHalf(value);
        float rounded = Float16Utils.halfToFloat(half);
        ByteBuffer bytes = ByteBuffer.allocate(type.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
        switch (type) {
            case F32 -> bytes.putFloat(rounded);
            case F16 -> bytes.putShort(half);
            case BF16 -> bytes.putShort((short) ((Float.floatToIntBits(rounded) + 0x8000) >>> 16));
        }
        return bytes.array();
    }

    private record RandomTensor(String name, long size, OkmType type, byte[][] weights)
            implements OkmWriter.TensorSource {

        private static final int PIECE = 1 << 16;

        @Override
        public void writeTo(WritableByteChannel out) throws IOException {
            boolean norm = name.contains("ln_");
            byte[] constant = encode(norm && name.endsWith("weight") ? 1 : 0, type);
            boolean drawn = !norm && name.endsWith("weight");
            SplittableRandom random = new SplittableRandom(name.hashCode());
            ByteBuffer piece = ByteBuffer.allocate(PIECE * type.byteSize());
            for (long done = 0; done < size; done += PIECE) {
                piece.clear();
                long end = Math.min(size, done + PIECE);
                for (long i = done; i < end; i++) {
                    piece.put(drawn ? weights[random.nextInt(weights.length)] : constant);
                }
                out.write(piece.flip());
            }
        }
    }
}
