package org.oktoblas.okm;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/** Archives made and changed by the JDK's zip streams and by hand, not by the code under test. */
final class ZipBytes {
    static final int CENTRAL = 0x02014b50;
    static final int LOCAL = 0x04034b50;

    private ZipBytes() {}

    /** The entries of an archive, by name. */
    static Map<String, byte[]> read(Path archive) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(archive))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                entries.put(entry.getName(), zip.readAllBytes());
            }
        }
        return entries;
    }

    /** An archive of those entries, stored or deflated. */
    static byte[] write(Map<String, byte[]> entries, int method) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> part : entries.entrySet()) {
                ZipEntry entry = new ZipEntry(part.getKey());
                entry.setMethod(method);
                if (method == ZipEntry.STORED) {
                    CRC32 crc = new CRC32();
                    crc.update(part.getValue());
                    entry.setCrc(crc.getValue());
                    entry.setSize(part.getValue().length);
                }
                zip.putNextEntry(entry);
                zip.write(part.getValue());
            }
        }
        return bytes.toByteArray();
    }

    /** Where an entry's header, local or central, begins. */
    static int header(byte[] archive, int signature, String name) {
        ByteBuffer bytes = ByteBuffer.wrap(archive).order(ByteOrder.LITTLE_ENDIAN);
        byte[] wanted = name.getBytes(StandardCharsets.UTF_8);
        int nameAt = signature == LOCAL ? 30 : 46;
        for (int at = 0; at + nameAt + wanted.length <= archive.length; at++) {
            if (bytes.getInt(at) == signature
                    && bytes.slice(at + nameAt, wanted.length).equals(ByteBuffer.wrap(wanted))) {
                return at;
            }
        }
        throw new AssertionError("no header of " + name);
    }

    /** Overwrites a little-endian number of the archive. */
    static void put16(byte[] archive, int at, int value) {
        ByteBuffer.wrap(archive).order(ByteOrder.LITTLE_ENDIAN).putShort(at, (short) value);
    }

    /** Overwrites a little-endian number of the archive. */
    static void put32(byte[] archive, int at, long value) {
        ByteBuffer.wrap(archive).order(ByteOrder.LITTLE_ENDIAN).putInt(at, (int) value);
    }
}
