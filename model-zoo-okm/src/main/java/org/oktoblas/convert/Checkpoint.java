package org.oktoblas.convert;

import ai.djl.MalformedModelException;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.oktoblas.convert.SafetensorsFile.Tensor;
import org.oktoblas.okm.Json;
import org.oktoblas.okm.Messages;

/**
 * The weights of a Hugging Face directory: {@code model.safetensors}, or the shards that {@code
 * model.safetensors.index.json} lists.
 */
final class Checkpoint implements AutoCloseable {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final long INDEX_BYTES_MOST = 1 << 24;
    private static final long INDEX_VALUES_MOST = 100_000;

    /** A tensor and the file that it lies in. */
    record Located(SafetensorsFile file, Tensor tensor) {}

    private final Map<String, SafetensorsFile> files = new LinkedHashMap<>();
    private final Map<String, Located> tensors = new LinkedHashMap<>();

    private Checkpoint() {}

    static Checkpoint open(Path directory) throws IOException, MalformedModelException {
        Checkpoint checkpoint = new Checkpoint();
        try {
            if (Files.exists(directory.resolve(INDEX))) {
                checkpoint.openShards(directory);
            } else if (Files.exists(directory.resolve(SINGLE))) {
                SafetensorsFile file = checkpoint.file(directory, SINGLE);
                file.tensors()
                        .forEach(
                                (name, tensor) ->
                                        checkpoint.tensors.put(name, new Located(file, tensor)));
            } else {
                throw new MalformedModelException(
                        directory
                                + ": has neither "
                                + SINGLE
                                + " nor "
                                + INDEX
                                + "; a checkpoint in another format must first be saved as"
                                + " safetensors (save_pretrained with safe_serialization)");
            }
            return checkpoint;
        } catch (IOException | MalformedModelException | RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    /** All tensors by the names they have in the checkpoint. */
    Map<String, Located> tensors() {
        return tensors;
    }

    @Override
    public void close() throws IOException {
        for (SafetensorsFile file : files.values()) {
            file.close();
        }
    }

    private void openShards(Path directory) throws IOException, MalformedModelException {
        Path index = directory.resolve(INDEX);
        JsonObject json = readJson(index);
        if (!(json.get("weight_map") instanceof JsonObject map)) {
            throw new MalformedModelException(index + ": has no object 'weight_map'");
        }
        for (Map.Entry<String, JsonElement> entry : map.entrySet()) {
            String name = entry.getKey();
            String shard = entry.getValue().isJsonPrimitive() ? entry.getValue().getAsString() : "";
            if (!shard.matches("[A-Za-z0-9_-][A-Za-z0-9._-]*")) {
                throw new MalformedModelException(
                        String.format(
                                "%s: tensor %s is said to be in %s, which is no plain file name",
                                index, Messages.quote(name), Messages.quote(shard)));
            }
            SafetensorsFile file = file(directory, shard);
            Tensor tensor = file.tensors().get(name);
            if (tensor == null) {
                throw new MalformedModelException(
                        String.format(
                                "%s: tensor %s is missing, which %s says is there",
                                file.path(), Messages.quote(name), INDEX));
            }
            tensors.put(name, new Located(file, tensor));
        }
    }

    private SafetensorsFile file(Path directory, String name)
            throws IOException, MalformedModelException {
        SafetensorsFile file = files.get(name);
        if (file == null) {
            file = SafetensorsFile.open(directory.resolve(name));
            files.put(name, file);
        }
        return file;
    }

    /** Reads one of a checkpoint's small JSON files. */
    static JsonObject readJson(Path path) throws IOException, MalformedModelException {
        if (!Files.isRegularFile(path)) {
            throw new MalformedModelException(path + ": is missing or not a regular file");
        }
        if (Files.size(path) > INDEX_BYTES_MOST) {
            throw new MalformedModelException(
                    path + ": has " + Files.size(path) + " bytes, more than any such file");
        }
        return Json.parseObject(
                ByteBuffer.wrap(Files.readAllBytes(path)), path.toString(), INDEX_VALUES_MOST);
    }
}
