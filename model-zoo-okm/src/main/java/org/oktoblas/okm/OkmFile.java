package org.oktoblas.okm;

import ai.djl.MalformedModelException;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * An opened {@code .okm}, a directory or a single file, of which everything has been checked.
 *
 * <p>Weights are mapped into memory where they lie, tensor by tensor, so a model may be larger than
 * 2 GiB and costs no heap. A buffer stays valid after this object is closed, until it is garbage.
 * Instances may be shared by threads.
 *
 * <p><b>The file must not be changed or cut short in the meantime.</b> To overwrite an open model
 * in place can end the whole process: the operating system answers a read beyond the new end with a
 * fault that native code does not survive. Replace a model by a new file that is moved over it, as
 * {@link OkmWriter} does; whoever has the old one open then keeps the old one.
 */
public final class OkmFile implements AutoCloseable {
    /** The version of the format that this reader knows. */
    public static final int FORMAT_VERSION = 1;

    // What config.json may have: as much as the rest of the model accounts for, or this much.
    private static final long CONFIG_BYTES = 1 << 18;
    private static final long CONFIG_BYTES_MOST = 1 << 24;
    private static final long CONFIG_VALUES = 6_000;
    private static final long BYTES_A_VALUE = 128;

    private final Path path;
    private final JsonObject configJson;
    private final Gpt2Config config;
    private final Map<String, OkmTensor> tensors;
    private final Map<String, ByteBuffer> data = new HashMap<>();
    private final ByteBuffer tokenizer;

    private OkmFile(Path path, OkmParts parts) throws IOException, MalformedModelException {
        this.path = path;
        String where = parts.where(OkmParts.CONFIG);
        configJson = readConfig(parts, where);
        JsonObject okm = configJson.getAsJsonObject("okm");
        config = Gpt2Config.fromJson(configJson, where);
        long weightsSize = parts.size(OkmParts.WEIGHTS);
        tensors =
                Collections.unmodifiableMap(
                        TensorTable.read(okm.get("tensors"), config, where, weightsSize));
        tokenizer = readTokenizer(parts, okm.get("tokenizer"));
        boolean aligned = parts.isAligned(OkmParts.WEIGHTS, TensorTable.ALIGNMENT);
        for (OkmTensor tensor : tensors.values()) {
            ByteBuffer bytes = parts.map(OkmParts.WEIGHTS, tensor.offset(), tensor.byteLength());
            if (!Checksum.of(bytes).equals(tensor.checksum())) {
                throw new MalformedModelException(
                        String.format(
                                "%s: the checksum of tensor %s does not match: the file is"
                                        + " damaged; copy or convert it again",
                                parts.where(OkmParts.WEIGHTS), Messages.quote(tensor.name())));
            }
            data.put(tensor.name(), aligned ? bytes : alignedCopy(bytes));
        }
    }

    /**
     * Returns whether a path looks like an {@code .okm}: anything named so, or a directory with a
     * {@code config.json} and a {@code weights.bin}. Cheap, and no promise that it opens.
     */
    public static boolean matches(Path path) {
        Path name = path.getFileName();
        return (name != null && name.toString().endsWith(".okm"))
                || (Files.isRegularFile(path.resolve(OkmParts.CONFIG))
                        && Files.isRegularFile(path.resolve(OkmParts.WEIGHTS)));
    }

    /**
     * Opens a model and checks all of it: the archive, both JSON texts, the tensors against the
     * configuration, and every checksum.
     *
     * @throws MalformedModelException if it is not a whole and undamaged {@code .okm}, naming the
     *     file, the tensor if it is about one, and the reason
     * @throws IOException if there is no such path, or reading fails
     */
    public static OkmFile open(Path path) throws IOException, MalformedModelException {
        return readMapped(
                path,
                () -> {
                    try (OkmParts parts = OkmParts.open(path)) {
                        return new OkmFile(path, parts);
                    }
                });
    }

    /** Something that reads a mapped file. */
    interface Reading<T> {
        T read() throws IOException, MalformedModelException;
    }

    /** Reads a mapped file; the JVM turns reads beyond its end into an InternalError. */
    static <T> T readMapped(Path path, Reading<T> reading)
            throws IOException, MalformedModelException {
        try {
            return reading.read();
        } catch (InternalError e) {
            throw new MalformedModelException(
                    path
                            + ": cannot be read to its end: it was cut short or overwritten while it"
                            + " was read; copy or convert it again",
                    e);
        }
    }

    /** Where the model lies. */
    public Path path() {
        return path;
    }

    /** What the GPT-2 is built from. */
    public Gpt2Config config() {
        return config;
    }

    /** A copy of the whole {@code config.json}, our key {@code okm} included. */
    public JsonObject configJson() {
        return configJson.deepCopy();
    }

    /** The tensors by name, in the order of {@link Gpt2Config#tensorShapes()}; unmodifiable. */
    public Map<String, OkmTensor> tensors() {
        return tensors;
    }

    /**
     * A tensor's bytes: direct, read-only, little-endian, and mapped from the file without a copy.
     * (Only where another program packed the archive, so that tensors lie at odd addresses, is it
     * an aligned copy.)
     *
     * @throws NoSuchElementException if there is no tensor of that name
     * @throws IllegalStateException if this file is closed
     */
    public ByteBuffer data(String tensorName) {
        if (!tensors.containsKey(tensorName)) {
            throw new NoSuchElementException(
                    path + ": has no tensor " + Messages.quote(tensorName));
        }
        ByteBuffer bytes;
        synchronized (data) {
            bytes = data.get(tensorName);
        }
        if (bytes == null) {
            throw new IllegalStateException(path + ": is closed");
        }
        return bytes.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The text of {@code tokenizer/tokenizer.json}, or nothing. */
    public Optional<String> tokenizerJson() {
        return Optional.ofNullable(tokenizer)
                .map(bytes -> StandardCharsets.UTF_8.decode(bytes.duplicate()).toString());
    }

    /** Lets go of the weights' mappings; buffers already given out stay valid. */
    @Override
    public void close() {
        synchronized (data) {
            data.clear();
        }
    }

    private static JsonObject readConfig(OkmParts parts, String where)
            throws IOException, MalformedModelException {
        long size = parts.size(OkmParts.CONFIG);
        long total = parts.totalSize();
        if (size > Math.max(CONFIG_BYTES, Math.min(total / 4, CONFIG_BYTES_MOST))) {
            throw new MalformedModelException(
                    where + ": has " + size + " bytes, more than any model's config");
        }
        JsonObject json =
                Json.parseObject(
                        parts.map(OkmParts.CONFIG, 0, size),
                        where,
                        Math.max(CONFIG_VALUES, total / BYTES_A_VALUE));
        if (!(json.get("okm") instanceof JsonObject okm)) {
            throw new MalformedModelException(
                    where
                            + ": has no key 'okm', so it is not an .okm's; is this a Hugging Face"
                            + " checkpoint that is still to be converted?");
        }
        JsonElement version = okm.get("format_version");
        if (Json.integer(version, where, "okm.format_version") != FORMAT_VERSION) {
            throw new MalformedModelException(
                    String.format(
                            "%s: is of format version %s, but this reader knows version %d; a"
                                    + " newer OktoBLAS may open it",
                            where, version, FORMAT_VERSION));
        }
        if (!isText(okm.get("checksum"), Checksum.ofConfig(json))) {
            throw new MalformedModelException(
                    where
                            + ": its checksum does not match: it was damaged or edited; convert the"
                            + " model again");
        }
        return json;
    }

    private static ByteBuffer readTokenizer(OkmParts parts, JsonElement checksum)
            throws IOException, MalformedModelException {
        String where = parts.where(OkmParts.TOKENIZER);
        if (checksum == null) {
            if (parts.has(OkmParts.TOKENIZER)) {
                throw new MalformedModelException(
                        where + " is there, but config.json does not list it");
            }
            return null;
        }
        ByteBuffer bytes = parts.map(OkmParts.TOKENIZER, 0, parts.size(OkmParts.TOKENIZER));
        if (!isText(checksum, Checksum.of(bytes))) {
            throw new MalformedModelException(
                    where + ": its checksum does not match: it was damaged or edited");
        }
        Json.checkObject(bytes, where);
        return bytes;
    }

    private static boolean isText(JsonElement json, String text) {
        return json != null
                && json.isJsonPrimitive()
                && json.getAsJsonPrimitive().isString()
                && json.getAsString().equals(text);
    }

    private static ByteBuffer alignedCopy(ByteBuffer bytes) {
        int alignment = TensorTable.ALIGNMENT;
        ByteBuffer room = ByteBuffer.allocateDirect(bytes.remaining() + alignment - 1);
        int start = Math.floorMod(-room.alignmentOffset(0, alignment), alignment);
        ByteBuffer copy = room.slice(start, bytes.remaining());
        return copy.put(bytes.duplicate()).flip();
    }
}
