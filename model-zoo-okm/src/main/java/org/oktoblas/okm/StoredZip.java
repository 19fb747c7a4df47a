package org.oktoblas.okm;

import ai.djl.MalformedModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds the parts of a zip archive whose entries are stored, so that they can be mapped where they
 * lie. It reads what PKWARE's APPNOTE 6.3.10 calls the central directory, with Zip64, and holds it
 * against the local headers; an archive that can be understood in two ways is refused, and so is
 * one that claims more than a model has.
 */
final class StoredZip {
    private static final int END = 0x06054b50;
    private static final int END_LENGTH = 22;
    private static final int END_64 = 0x06064b50;
    private static final int END_64_LENGTH = 56;
    private static final int LOCATOR_64 = 0x07064b50;
    private static final int LOCATOR_64_LENGTH = 20;
    private static final int CENTRAL = 0x02014b50;
    private static final int CENTRAL_LENGTH = 46;
    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_LENGTH = 30;
    private static final int EXTRA_64 = 1;
    private static final int ENCRYPTED = 1;
    private static final int SIZES_FOLLOW_DATA = 8;
    private static final long NONE_16 = 0xffff;
    private static final long NONE_32 = 0xffffffffL;
    private static final int MAX_ENTRIES = 256;
    private static final long MAX_DIRECTORY = 1 << 20;

    /** An entry's data: where it starts in the file, and how long it is. */
    record Entry(long offset, long size) {}

    /** What the central directory says of one entry. */
    private record Listed(String name, int flags, long crc, long size, long header) {}

    private record Span(String name, long from, long to) {}

    private final FileChannel channel;
    private final long fileSize;
    private final String where;

    private StoredZip(FileChannel channel, String where) throws IOException {
        this.channel = channel;
        this.fileSize = channel.size();
        this.where = where;
    }

    /** Reads the entries by name; directories are left out. */
    static Map<String, Entry> read(FileChannel channel, String where)
            throws IOException, MalformedModelException {
        return new StoredZip(channel, where).entries();
    }

    private Map<String, Entry> entries() throws IOException, MalformedModelException {
        Directory directory = findDirectory();
        ByteBuffer bytes = map(directory.offset, directory.size);
        Map<String, Entry> entries = new LinkedHashMap<>();
        List<Span> spans = new ArrayList<>();
        for (long i = 0; i < directory.count; i++) {
            Listed listed = nextListed(bytes);
            Entry entry = locate(listed, directory.offset);
            spans.add(new Span(listed.name, listed.header, entry.offset + entry.size));
            if (entries.put(listed.name, entry) != null) {
                throw refuse(listed.name, "is in the archive twice");
            }
        }
        if (bytes.hasRemaining()) {
            throw refuse("the archive's directory is longer than its entries");
        }
        checkDisjoint(spans);
        entries.keySet().removeIf(name -> name.endsWith("/"));
        return entries;
    }

    private record Directory(long offset, long size, long count) {}

    private Directory findDirectory() throws IOException, MalformedModelException {
        long tail = Math.min(fileSize, END_LENGTH + NONE_16);
        ByteBuffer bytes = map(fileSize - tail, tail);
        int at = (int) tail - END_LENGTH;
        while (at >= 0
                && !(bytes.getInt(at) == END
                        && at + END_LENGTH + u16(bytes, at + 20) == bytes.limit())) {
            at--;
        }
        if (at < 0) {
            throw refuse(
                    "is not a whole zip archive: the directory at its end is missing; was it cut"
                            + " short?");
        }
        boolean oneDisk =
                u16(bytes, at + 4) == 0
                        && u16(bytes, at + 6) == 0
                        && u16(bytes, at + 8) == u16(bytes, at + 10);
        long end = fileSize - tail + at;
        long count = u16(bytes, at + 10);
        long size = u32(bytes, at + 12);
        long offset = u32(bytes, at + 16);
        if (count == NONE_16 || size == NONE_32 || offset == NONE_32 || hasLocator(end)) {
            end = findEnd64(end);
            ByteBuffer end64 = map(end, END_64_LENGTH);
            oneDisk &=
                    end64.getInt(16) == 0
                            && end64.getInt(20) == 0
                            && end64.getLong(24) == end64.getLong(32);
            boolean same =
                    (count == NONE_16 || count == end64.getLong(32))
                            && (size == NONE_32 || size == end64.getLong(40))
                            && (offset == NONE_32 || offset == end64.getLong(48));
            if (!same) {
                throw refuse("the archive's Zip64 records contradict its other end record");
            }
            count = end64.getLong(32);
            size = end64.getLong(40);
            offset = end64.getLong(48);
        }
        if (!oneDisk) {
            throw refuse("is a zip archive of several disks, which no model is");
        }
        if (count < 0 || count > MAX_ENTRIES || size < 0 || size > MAX_DIRECTORY) {
            throw refuse(
                    "the archive claims "
                            + Long.toUnsignedString(count)
                            + " entries in a directory of "
                            + Long.toUnsignedString(size)
                            + " bytes; a model has a handful");
        }
        if (offset < 0 || offset != end - size) {
            throw refuse("the archive's directory is not where the end of the file says");
        }
        return new Directory(offset, size, count);
    }

    private boolean hasLocator(long end) throws IOException {
        return end >= LOCATOR_64_LENGTH
                && map(end - LOCATOR_64_LENGTH, LOCATOR_64_LENGTH).getInt(0) == LOCATOR_64;
    }

    private long findEnd64(long end) throws IOException, MalformedModelException {
        if (hasLocator(end)) {
            long at = map(end - LOCATOR_64_LENGTH, LOCATOR_64_LENGTH).getLong(8);
            if (at >= 0
                    && at == end - LOCATOR_64_LENGTH - END_64_LENGTH
                    && map(at, END_64_LENGTH).getInt(0) == END_64) {
                return at;
            }
        }
        throw refuse("the archive's Zip64 records are damaged");
    }

    private Listed nextListed(ByteBuffer bytes) throws MalformedModelException {
        int at = bytes.position();
        if (bytes.remaining() < CENTRAL_LENGTH || bytes.getInt(at) != CENTRAL) {
            throw refuse("the archive's directory is damaged");
        }
        int nameLength = u16(bytes, at + 28);
        int extraLength = u16(bytes, at + 30);
        long length = (long) CENTRAL_LENGTH + nameLength + extraLength + u16(bytes, at + 32);
        if (length > bytes.remaining()) {
            throw refuse("the archive's directory is damaged");
        }
        String name = name(bytes.slice(at + CENTRAL_LENGTH, nameLength));
        int flags = u16(bytes, at + 8);
        int method = u16(bytes, at + 10);
        if ((flags & ENCRYPTED) != 0) {
            throw refuse(name, "is encrypted");
        }
        if (method != 0) {
            throw refuse(
                    name,
                    "is compressed (zip method "
                            + method
                            + "); the entries of an .okm are stored, so that weights can be"
                            + " mapped");
        }
        long[] values = {u32(bytes, at + 24), u32(bytes, at + 20), u32(bytes, at + 42)};
        ByteBuffer extra = bytes.slice(at + CENTRAL_LENGTH + nameLength, extraLength);
        widen(name, values, extra.order(ByteOrder.LITTLE_ENDIAN));
        if (values[0] != values[1]) {
            throw refuse(name, "is stored, yet its two sizes differ");
        }
        if (name.endsWith("/") && values[0] != 0) {
            throw refuse(name, "is a directory with data");
        }
        bytes.position(at + (int) length);
        return new Listed(name, flags, u32(bytes, at + 16), values[0], values[2]);
    }

    /** Replaces the values that are all ones by those of the Zip64 extra field, in order. */
    private void widen(String name, long[] values, ByteBuffer extra)
            throws MalformedModelException {
        ByteBuffer wide = ByteBuffer.allocate(0);
        while (extra.remaining() >= 4) {
            int id = extra.getShort() & 0xffff;
            int length = extra.getShort() & 0xffff;
            if (length > extra.remaining()) {
                throw refuse(name, "has a damaged extra field");
            }
            if (id == EXTRA_64) {
                wide = extra.slice(extra.position(), length).order(ByteOrder.LITTLE_ENDIAN);
            }
            extra.position(extra.position() + length);
        }
        for (int i = 0; i < values.length; i++) {
            if (values[i] == NONE_32) {
                if (wide.remaining() < 8) {
                    throw refuse(name, "has a damaged Zip64 field");
                }
                values[i] = wide.getLong();
            }
            if (values[i] < 0 || values[i] > fileSize) {
                throw refuse(
                        name,
                        "claims "
                                + Long.toUnsignedString(values[i])
                                + " bytes or starts there, but the archive has "
                                + fileSize);
            }
        }
    }

    /** Finds an entry's data behind its local header, which must say what the directory says. */
    private Entry locate(Listed listed, long directory)
            throws IOException, MalformedModelException {
        if (listed.header > directory - LOCAL_LENGTH) {
            throw refuse(listed.name, "lies outside of the archive");
        }
        ByteBuffer local = map(listed.header, LOCAL_LENGTH);
        int nameLength = u16(local, 26);
        long nameAt = listed.header + LOCAL_LENGTH;
        long offset = nameAt + nameLength + u16(local, 28);
        if (local.getInt(0) != LOCAL || offset > directory - listed.size) {
            throw refuse(listed.name, "lies outside of the archive");
        }
        boolean same =
                u16(local, 6) == listed.flags
                        && u16(local, 8) == 0
                        && name(map(nameAt, nameLength)).equals(listed.name);
        if ((listed.flags & SIZES_FOLLOW_DATA) == 0) {
            same &= u32(local, 14) == listed.crc;
            same &= u32(local, 18) == listed.size || u32(local, 18) == NONE_32;
            same &= u32(local, 22) == listed.size || u32(local, 22) == NONE_32;
        }
        if (!same) {
            throw refuse(listed.name, "has a header that contradicts the archive's directory");
        }
        return new Entry(offset, listed.size);
    }

    private void checkDisjoint(List<Span> spans) throws MalformedModelException {
        spans.sort(Comparator.comparingLong(Span::from).thenComparingLong(Span::to));
        for (int i = 1; i < spans.size(); i++) {
            if (spans.get(i).from < spans.get(i - 1).to) {
                throw refuse(
                        spans.get(i).name,
                        "overlaps the entry " + Messages.quote(spans.get(i - 1).name));
            }
        }
    }

    private String name(ByteBuffer bytes) throws MalformedModelException {
        String name;
        try {
            name = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw new MalformedModelException(
                    where + ": an archive entry's name is not UTF-8 text", e);
        }
        boolean outside =
                name.isEmpty()
                        || name.startsWith("/")
                        || name.indexOf('\\') >= 0
                        || name.indexOf(':') >= 0
                        || name.indexOf('\0') >= 0;
        for (String step : name.split("/")) {
            outside |= step.equals("..");
        }
        if (outside) {
            throw refuse(name, "has a name that points outside of the archive");
        }
        return name;
    }

    private ByteBuffer map(long offset, long size) throws IOException {
        return channel.map(MapMode.READ_ONLY, offset, size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int u16(ByteBuffer bytes, int at) {
        return bytes.getShort(at) & 0xffff;
    }

    private static long u32(ByteBuffer bytes, int at) {
        return bytes.getInt(at) & NONE_32;
    }

    private MalformedModelException refuse(String reason) {
        return new MalformedModelException(where + ": " + reason);
    }

    private MalformedModelException refuse(String entry, String reason) {
        return refuse("the archive entry " + Messages.quote(entry) + " " + reason);
    }
}
