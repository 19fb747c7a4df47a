package org.oktoblas.okm;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The list of tensors in {@code config.json}: read and held against the configuration and the
 * length of {@code weights.bin}, and laid out when a model is written.
 */
final class TensorTable {
    /** Where tensors begin, in bytes: a cache line, and what vector instructions like best. */
    static final int ALIGNMENT = 64;

    private static final Pattern CHECKSUM = Pattern.compile("crc32c:[0-9a-f]{8}");

    private final Gpt2Config config;
    private final String where;
    private final long weightsSize;

    private TensorTable(Gpt2Config config, String where, long weightsSize) {
        this.config = config;
        this.where = where;
        this.weightsSize = weightsSize;
    }

    /**
     * Reads the tensors, in the order of {@link Gpt2Config#tensorShapes()}.
     *
     * @param where the file that holds the list, for messages
     * @param weightsSize bytes of {@code weights.bin}, which the tensors must fill
     */
    static Map<String, OkmTensor> read(
            JsonElement list, Gpt2Config config, String where, long weightsSize)
            throws MalformedModelException {
        if (list == null || !list.isJsonArray()) {
            throw new MalformedModelException(where + ": okm.tensors must be a list");
        }
        return new TensorTable(config, where, weightsSize).tensors(list.getAsJsonArray());
    }

    private Map<String, OkmTensor> tensors(JsonArray list) throws MalformedModelException {
        Map<String, JsonObject> listed = new LinkedHashMap<>();
        for (JsonElement element : list) {
            if (!element.isJsonObject()) {
                throw new MalformedModelException(where + ": okm.tensors must list objects");
            }
            String name = string(element.getAsJsonObject(), "name", "a tensor");
            if (listed.put(name, element.getAsJsonObject()) != null) {
                throw refuse(name, "is listed twice");
            }
        }
        // Names are made for no more layers than the list can have, whatever the config claims.
        if (config.tensorCount() > listed.size() + 100L) {
            throw new MalformedModelException(
                    String.format(
                            "%s: n_layer %d needs %d tensors, but okm.tensors lists %d; most are"
                                    + " missing",
                            where, config.numLayers(), config.tensorCount(), listed.size()));
        }
        Map<String, Shape> shapes = config.tensorShapes();
        for (String name : listed.keySet()) {
            if (!shapes.containsKey(name)) {
                throw refuse(name, "is unknown: a GPT-2 of this config has none of that name");
            }
        }
        Map<String, OkmTensor> tensors = new LinkedHashMap<>();
        for (Map.Entry<String, Shape> expected : shapes.entrySet()) {
            JsonObject json = listed.get(expected.getKey());
            if (json == null) {
                throw refuse(expected.getKey(), "is missing");
            }
            tensors.put(expected.getKey(), tensor(expected.getKey(), json, expected.getValue()));
        }
        checkLayout(tensors.values().stream().toList());
        return tensors;
    }

    private OkmTensor tensor(String name, JsonObject json, Shape expected)
            throws MalformedModelException {
        String what = "tensor " + Messages.quote(name);
        String dtype = string(json, "dtype", what);
        OkmType type =
                OkmType.of(dtype)
                        .orElseThrow(
                                () ->
                                        refuse(
                                                name,
                                                "has the unknown dtype "
                                                        + Messages.quote(dtype)
                                                        + "; known are F32, F16 and BF16"));
        if (!isShape(json.get("shape"), expected)) {
            throw refuse(
                    name,
                    "must have the shape "
                            + expected
                            + " by the config, but has "
                            + Messages.quote(String.valueOf(json.get("shape"))));
        }
        long offset = Json.integer(json.get("offset"), where, what + ": offset");
        long length = Json.integer(json.get("byte_length"), where, what + ": byte_length");
        if (length != byteLength(name, type, expected)) {
            throw refuse(
                    name,
                    "has a byte_length of "
                            + length
                            + ", but its shape and dtype need "
                            + byteLength(name, type, expected));
        }
        if (offset % ALIGNMENT != 0) {
            throw refuse(name, "has the offset " + offset + ", no multiple of " + ALIGNMENT);
        }
        if (offset < 0 || offset > weightsSize - length) {
            throw refuse(
                    name,
                    String.format(
                            "lies out of range: %d bytes at %d, but weights.bin has %d; was it cut"
                                    + " short?",
                            length, offset, weightsSize));
        }
        String checksum = string(json, "checksum", what);
        if (!CHECKSUM.matcher(checksum).matches()) {
            throw refuse(name, "has no checksum of the form crc32c:01234567");
        }
        return new OkmTensor(name, type, expected, offset, length, checksum);
    }

    /** Tensors lie one after another: no two share a byte, and nothing else is in between. */
    private void checkLayout(List<OkmTensor> tensors) throws MalformedModelException {
        OkmTensor last = null;
        List<OkmTensor> byOffset =
                tensors.stream().sorted(Comparator.comparingLong(OkmTensor::offset)).toList();
        for (OkmTensor tensor : byOffset) {
            long end = last == null ? 0 : last.offset() + last.byteLength();
            if (tensor.offset() < end) {
                throw refuse(tensor.name(), "overlaps tensor " + Messages.quote(last.name()));
            }
            if (tensor.offset() != align(end)) {
                throw refuse(
                        tensor.name(),
                        "leaves a gap before it: it is at "
                                + tensor.offset()
                                + ", but what precedes ends at "
                                + end);
            }
            last = tensor;
        }
        long end = last.offset() + last.byteLength();
        if (end != weightsSize) {
            throw new MalformedModelException(
                    String.format(
                            "%s: weights.bin is over-long: it has %d bytes, but its last tensor"
                                    + " %s ends at %d",
                            where, weightsSize, Messages.quote(last.name()), end));
        }
    }

    /** The next offset at which a tensor may begin. */
    static long align(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private long byteLength(String name, OkmType type, Shape shape) throws MalformedModelException {
        try {
            return byteLength(type, shape);
        } catch (ArithmeticException e) {
            throw new MalformedModelException(
                    String.format(
                            "%s: tensor %s of the shape %s is larger than 2 GiB, the most that"
                                    + " can be mapped",
                            where, Messages.quote(name), shape),
                    e);
        }
    }

    /**
     * Bytes of a tensor.
     *
     * @throws ArithmeticException if they are 2 GiB or more
     */
    static long byteLength(OkmType type, Shape shape) {
        long length = type.byteSize();
        for (long size : shape.getShape()) {
            length = Math.multiplyExact(length, size);
        }
        return Math.toIntExact(length);
    }

    private static boolean isShape(JsonElement json, Shape expected) {
        if (json == null || !json.isJsonArray() || json.getAsJsonArray().size() > 2) {
            return false;
        }
        StringBuilder text = new StringBuilder();
        for (JsonElement size : json.getAsJsonArray()) {
            if (!size.isJsonPrimitive() || !size.getAsJsonPrimitive().isNumber()) {
                return false;
            }
            text.append(text.length() == 0 ? "" : ", ").append(size.getAsString());
        }
        return ("(" + text + ")").equals(expected.toString());
    }

    private String string(JsonObject json, String key, String what) throws MalformedModelException {
        JsonElement value = json.get(key);
        if (value == null || !value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
            throw new MalformedModelException(
                    where + ": " + what + ": " + key + " must be a string");
        }
        return value.getAsString();
    }

    private MalformedModelException refuse(String tensor, String reason) {
        return new MalformedModelException(
                where + ": tensor " + Messages.quote(tensor) + " " + reason);
    }

    /** A tensor as its entry in the list. */
    static JsonObject toJson(OkmTensor tensor) {
        JsonObject json = new JsonObject();
        json.addProperty("name", tensor.name());
        json.addProperty("dtype", tensor.type().name());
        JsonArray shape = new JsonArray();
        for (long size : tensor.shape().getShape()) {
            shape.add(size);
        }
        json.add("shape", shape);
        json.addProperty("offset", tensor.offset());
        json.addProperty("byte_length", tensor.byteLength());
        json.addProperty("checksum", tensor.checksum());
        return json;
    }
}
