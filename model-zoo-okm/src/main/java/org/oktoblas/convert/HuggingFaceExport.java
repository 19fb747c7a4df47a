package org.oktoblas.convert;

import ai.djl.MalformedModelException;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.oktoblas.okm.OkmFile;
import org.oktoblas.okm.OkmTensor;
import org.oktoblas.okm.Progress;

/**
 * Converts an {@code .okm} back into a directory for Hugging Face: {@code config.json}, {@code
 * model.safetensors}, and {@code tokenizer.json} and {@code generation_config.json} where the model
 * has them. A tied head is not repeated, as {@code save_pretrained} does not either.
 */
public final class HuggingFaceExport {
    private static final Gson PRETTY =
            new GsonBuilder().setPrettyPrinting().serializeNulls().disableHtmlEscaping().create();
    private static final int HEADER_ALIGNMENT = 8;
    private static final int CHUNK = 1 << 22;

    private HuggingFaceExport() {}

    /**
     * Converts a model.
     *
     * @param from an {@code .okm} of either form
     * @param to the directory to write, which must not exist yet or be empty; it appears only when
     *     it is whole
     * @param progress hears how many bytes of weights are written
     * @throws MalformedModelException if the model is damaged
     * @throws IOException if there is no such model, or reading or writing fails
     */
    public static void convert(Path from, Path to, Progress progress)
            throws IOException, MalformedModelException {
        Path target = to.toAbsolutePath();
        if (target.getParent() == null || !Files.isDirectory(target.getParent())) {
            throw new IOException(to + ": there is no directory to write it into");
        }
        if (Files.exists(target) && !isEmptyDirectory(target)) {
            throw new FileAlreadyExistsException(
                    to + ": exists already; choose another name or delete it");
        }
        Path temporary =
                target.resolveSibling(
                        "." + target.getFileName() + "." + UUID.randomUUID() + ".part");
        try (OkmFile okm = OkmFile.open(from)) {
            Files.createDirectory(temporary);
            writeWeights(okm, temporary.resolve("model.safetensors"), progress);
            JsonObject config = okm.configJson();
            JsonObject ours = config.remove("okm").getAsJsonObject();
            if (okm.tokenizerJson().isPresent()) {
                Files.writeString(temporary.resolve("tokenizer.json"), okm.tokenizerJson().get());
            }
            if (ours.has("generation_config")) {
                writeJson(
                        temporary.resolve("generation_config.json"), ours.get("generation_config"));
            }
            writeJson(temporary.resolve("config.json"), config);
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            delete(temporary);
        }
    }

    private static boolean isEmptyDirectory(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return false;
        }
        try (Stream<Path> files = Files.list(path)) {
            return files.findAny().isEmpty();
        }
    }

    private static void writeJson(Path path, Object json) throws IOException {
        Files.writeString(path, PRETTY.toJson(json) + "\n");
    }

    /** In the order in which the safetensors library writes: widest type first, then by name. */
    private static void writeWeights(OkmFile okm, Path path, Progress progress) throws IOException {
        List<OkmTensor> tensors =
                okm.tensors().values().stream()
                        .sorted(
                                Comparator.comparing((OkmTensor t) -> -t.type().byteSize())
                                        .thenComparing(OkmTensor::type)
                                        .thenComparing(OkmTensor::name))
                        .toList();
        long total = tensors.stream().mapToLong(OkmTensor::byteLength).sum();
        try (FileChannel out =
                FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            writeFully(out, header(tensors));
            long done = 0;
            for (OkmTensor tensor : tensors) {
                ByteBuffer bytes = okm.data(tensor.name());
                for (int at = 0; at < bytes.limit(); at += CHUNK) {
                    int length = Math.min(CHUNK, bytes.limit() - at);
                    writeFully(out, bytes.slice(at, length));
                    done += length;
                    progress.update(done, total);
                }
            }
            out.force(true);
        }
    }

    private static ByteBuffer header(List<OkmTensor> tensors) {
        JsonObject header = new JsonObject();
        JsonObject metadata = new JsonObject();
        metadata.addProperty("format", "pt");
        header.add("__metadata__", metadata);
        long offset = 0;
        for (OkmTensor tensor : tensors) {
            JsonObject json = new JsonObject();
            json.addProperty("dtype", tensor.type().name());
            json.add("shape", array(tensor.shape().getShape()));
            json.add("data_offsets", array(offset, offset + tensor.byteLength()));
            header.add(tensor.name(), json);
            offset += tensor.byteLength();
        }
        String text = header.toString();
        int padded = (text.length() + HEADER_ALIGNMENT - 1) / HEADER_ALIGNMENT * HEADER_ALIGNMENT;
        text += " ".repeat(padded - text.length());
        return ByteBuffer.allocate(Long.BYTES + padded)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(padded)
                .put(text.getBytes(StandardCharsets.US_ASCII))
                .flip();
    }

    private static JsonArray array(long... values) {
        JsonArray array = new JsonArray();
        for (long value : values) {
            array.add(value);
        }
        return array;
    }

    private static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    private static void delete(Path directory) throws IOException {
        if (Files.exists(directory)) {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }
}
