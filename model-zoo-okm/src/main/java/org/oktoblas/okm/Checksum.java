package org.oktoblas.okm;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;

/**
 * The format's checksum: CRC-32C (Castagnoli, RFC 3720), written {@code crc32c:} and eight
 * lower-case hexadecimal digits.
 *
 * <p>It is there to find damage: broken copies, flipped bits, edits by hand. Processors have an
 * instruction for it, so that checking costs little more than reading, and it finds every burst of
 * up to 32 bits and all but one in four thousand million other changes. It is no signature: whoever
 * changes a file on purpose can change its checksums too.
 */
public final class Checksum {
    private Checksum() {}

    /** The checksum of the buffer's remaining bytes; the buffer's position stays. */
    public static String of(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.duplicate());
        return format(crc);
    }

    /**
     * The checksum of a configuration: over the UTF-8 bytes of its JSON without white space, keys
     * and numbers as they are written in the file, without the key {@code okm.checksum}.
     */
    public static String ofConfig(JsonObject config) {
        JsonObject without = new JsonObject();
        for (Map.Entry<String, JsonElement> entry : config.entrySet()) {
            boolean ours = entry.getKey().equals("okm");
            without.add(
                    entry.getKey(), ours ? withoutChecksum(entry.getValue()) : entry.getValue());
        }
        CRC32C crc = new CRC32C();
        OutputStream bytes = new CheckedOutputStream(OutputStream.nullOutputStream(), crc);
        try (JsonWriter text =
                new JsonWriter(new OutputStreamWriter(bytes, StandardCharsets.UTF_8))) {
            write(without, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // nothing is written that could fail
        }
        return format(crc);
    }

    /**
     * As Gson would, but for numbers, whose text it takes as it is instead of matching it first.
     */
    private static void write(JsonElement json, JsonWriter text) throws IOException {
        if (json.isJsonObject()) {
            text.beginObject();
            for (Map.Entry<String, JsonElement> entry : json.getAsJsonObject().entrySet()) {
                text.name(entry.getKey());
                write(entry.getValue(), text);
            }
            text.endObject();
        } else if (json.isJsonArray()) {
            text.beginArray();
            for (JsonElement element : json.getAsJsonArray()) {
                write(element, text);
            }
            text.endArray();
        } else if (json.isJsonNull()) {
            text.nullValue();
        } else if (json.getAsJsonPrimitive().isString()) {
            text.value(json.getAsString());
        } else {
            text.jsonValue(json.getAsString());
        }
    }

    private static JsonObject withoutChecksum(JsonElement okm) {
        JsonObject without = new JsonObject();
        okm.getAsJsonObject().asMap().forEach(without::add);
        without.remove("checksum");
        return without;
    }

    static String format(CRC32C crc) {
        return String.format("crc32c:%08x", crc.getValue());
    }
}
