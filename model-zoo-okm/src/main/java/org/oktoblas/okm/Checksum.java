package org.oktoblas.okm;

import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

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
        JsonObject without = config.deepCopy();
        without.getAsJsonObject("okm").remove("checksum");
        return of(ByteBuffer.wrap(without.toString().getBytes(StandardCharsets.UTF_8)));
    }

    static String format(CRC32C crc) {
        return String.format("crc32c:%08x", crc.getValue());
    }
}
