package org.oktoblas.convert;

import ai.djl.MalformedModelException;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.oktoblas.okm.Json;
import org.oktoblas.okm.Messages;
import org.oktoblas.okm.OkmType;

/**
 * One safetensors file: eight bytes of length, a JSON header, and the tensors' bytes, which are
 * mapped. The header is checked before anything is read by it: offsets lie in the file, fit shape
 * and type, do not overlap and leave no gap.
 */
final class SafetensorsFile implements AutoCloseable {
    private static final int LENGTH_BYTES = 8;
    private static final long HEADER_MOST = 100_000_000; // the format's own limit
    private static final long HEADER_BYTES = 1 << 18;
    private static final int MOST_DIMENSIONS = 8;
    private static final Map<String, Integer> BITS =
            Map.ofEntries(
                    Map.entry("BOOL", 8),
                    Map.entry("U8", 8),
                    Map.entry("I8", 8),
                    Map.entry("F8_E5M2", 8),
                    Map.entry("F8_E4M3", 8),
                    Map.entry("I16", 16),
                    Map.entry("U16", 16),
                    Map.entry("F16", 16),
                    Map.entry("BF16", 16),
                    Map.entry("I32", 32),
                    Map.entry("U32", 32),
                    Map.entry("F32", 32),
                    Map.entry("F64", 64),
                    Map.entry("I64", 64),
                    Map.entry("U64", 64));

    /**
     * One tensor of the file.
     *
     * @param dtype the format's name of the type
     * @param from its first byte, in the file
     * @param to the byte after its last
     */
    record Tensor(String name, String dtype, List<Long> shape, long from, long to) {}

    private final Path path;
    private final FileChannel channel;
    private final Map<String, Tensor> tensors;

    private SafetensorsFile(Path path, FileChannel channel)
            throws IOException, MalformedModelException {
        this.path = path;
        this.channel = channel;
        this.tensors = readHeader();
    }

    /** Opens a file and checks its header. */
    static SafetensorsFile open(Path path) throws IOException, MalformedModelException {
        if (!Files.isRegularFile(path)) {
            throw new MalformedModelException(path + ": is missing or not a regular file");
        }
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        try {
            return new SafetensorsFile(path, channel);
        } catch (IOException | MalformedModelException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    Path path() {
        return path;
    }

    /** The tensors by name, in the header's order. */
    Map<String, Tensor> tensors() {
        return tensors;
    }

    /**
     * Maps a tensor: read-only and little-endian.
     *
     * @throws MalformedModelException if its type is none that an {@code .okm} holds, or it has 2
     *     GiB or more
     */
    ByteBuffer map(Tensor tensor) throws IOException, MalformedModelException {
        type(tensor);
        long length = tensor.to - tensor.from;
        if (length > Integer.MAX_VALUE) {
            throw refuse(tensor.name, "is larger than 2 GiB, the most that can be mapped");
        }
        return channel.map(MapMode.READ_ONLY, tensor.from, length).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A tensor's type, or a refusal. */
    OkmType type(Tensor tensor) throws MalformedModelException {
        return OkmType.of(tensor.dtype)
                .orElseThrow(
                        () ->
                                refuse(
                                        tensor.name,
                                        "has the dtype "
                                                + tensor.dtype
                                                + "; only F32, F16 and BF16 can be converted"));
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private Map<String, Tensor> readHeader() throws IOException, MalformedModelException {
        long size = channel.size();
        if (size < LENGTH_BYTES) {
            throw new MalformedModelException(path + ": is too short for a safetensors file");
        }
        long headerLength =
                channel.map(MapMode.READ_ONLY, 0, LENGTH_BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .getLong();
        if (headerLength < 2 || headerLength > Math.min(size - LENGTH_BYTES, HEADER_MOST)) {
            throw new MalformedModelException(
                    String.format(
                            "%s: claims a header of %s bytes, but has %d bytes in all; is it a"
                                    + " safetensors file?",
                            path, Long.toUnsignedString(headerLength), size));
        }
        if (headerLength > Math.max(HEADER_BYTES, size / 4)) {
            throw new MalformedModelException(
                    path + ": has a header of " + headerLength + " bytes, too many for its data");
        }
        ByteBuffer header = channel.map(MapMode.READ_ONLY, LENGTH_BYTES, headerLength);
        JsonObject json = Json.parseObject(header, path + ": header", Math.max(10_000, size / 128));
        return tensors(json, LENGTH_BYTES + headerLength, size);
    }

    private Map<String, Tensor> tensors(JsonObject header, long dataFrom, long size)
            throws MalformedModelException {
        Map<String, Tensor> result = new LinkedHashMap<>();
        for (Map.Entry<String, JsonElement> entry : header.entrySet()) {
            if (!entry.getKey().equals("__metadata__")) {
                result.put(
                        entry.getKey(),
                        tensor(entry.getKey(), entry.getValue(), dataFrom, size - dataFrom));
            }
        }
        long end = dataFrom;
        List<Tensor> byOffset = new ArrayList<>(result.values());
        byOffset.sort(Comparator.comparingLong(Tensor::from).thenComparingLong(Tensor::to));
        for (Tensor tensor : byOffset) {
            if (tensor.from != end) {
                throw refuse(
                        tensor.name,
                        tensor.from < end
                                ? "overlaps the tensor before it"
                                : "leaves a gap before it");
            }
            end = tensor.to;
        }
        if (end != size) {
            throw new MalformedModelException(
                    path + ": has " + (size - end) + " bytes behind its last tensor");
        }
        return result;
    }

    private Tensor tensor(String name, JsonElement json, long dataFrom, long dataLength)
            throws MalformedModelException {
        if (!json.isJsonObject()) {
            throw refuse(name, "must be a JSON object");
        }
        JsonElement dtype = json.getAsJsonObject().get("dtype");
        if (dtype == null || !dtype.isJsonPrimitive() || !BITS.containsKey(dtype.getAsString())) {
            throw refuse(name, "has the unknown dtype " + Messages.quote(String.valueOf(dtype)));
        }
        List<Long> shape = integers(name, json.getAsJsonObject().get("shape"), "shape");
        List<Long> offsets =
                integers(name, json.getAsJsonObject().get("data_offsets"), "data_offsets");
        if (offsets.size() != 2 || offsets.get(0) > offsets.get(1) || offsets.get(1) > dataLength) {
            throw refuse(
                    name,
                    "has data_offsets "
                            + offsets
                            + " outside of the "
                            + dataLength
                            + " bytes of data; was the file cut short?");
        }
        long length = BITS.get(dtype.getAsString()) / Byte.SIZE;
        try {
            for (long extent : shape) {
                length = Math.multiplyExact(length, extent);
            }
        } catch (ArithmeticException e) {
            throw refuse(name, "has a shape " + shape + " that no file can hold");
        }
        if (length != offsets.get(1) - offsets.get(0)) {
            throw refuse(
                    name,
                    String.format(
                            "has %d bytes, but shape %s and dtype %s need %d",
                            offsets.get(1) - offsets.get(0), shape, dtype.getAsString(), length));
        }
        return new Tensor(
                name,
                dtype.getAsString(),
                shape,
                dataFrom + offsets.get(0),
                dataFrom + offsets.get(1));
    }

    private List<Long> integers(String name, JsonElement json, String key)
            throws MalformedModelException {
        if (json == null || !json.isJsonArray() || json.getAsJsonArray().size() > MOST_DIMENSIONS) {
            throw refuse(name, key + " must be a short list of integers");
        }
        JsonArray array = json.getAsJsonArray();
        List<Long> values = new ArrayList<>(array.size());
        for (JsonElement element : array) {
            long value =
                    Json.integer(
                            element,
                            path.toString(),
                            "tensor " + Messages.quote(name) + ": " + key);
            if (value < 0) {
                throw refuse(name, key + " has the negative number " + value);
            }
            values.add(value);
        }
        return List.copyOf(values);
    }

    MalformedModelException refuse(String tensor, String reason) {
        return new MalformedModelException(
                path + ": tensor " + Messages.quote(tensor) + " " + reason);
    }
}
