package org.oktoblas.okm;

import ai.djl.MalformedModelException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.oktoblas.okm.StoredZip.Entry;

/**
 * The parts of an {@code .okm}, wherever they lie: files of a directory, or entries of an archive.
 */
final class OkmParts implements AutoCloseable {
    static final String CONFIG = "config.json";
    static final String WEIGHTS = "weights.bin";
    static final String TOKENIZER = "tokenizer/tokenizer.json";

    private static final List<String> ALL = List.of(CONFIG, WEIGHTS, TOKENIZER);

    private record Part(FileChannel channel, Entry entry) {}

    private final Path path;
    private final Map<String, Part> parts = new LinkedHashMap<>();
    private final List<FileChannel> channels = new ArrayList<>();

    private OkmParts(Path path) {
        this.path = path;
    }

    /** Opens what is there; which parts a model must have is for the caller to say. */
    static OkmParts open(Path path) throws IOException, MalformedModelException {
        if (!Files.exists(path)) {
            throw new FileNotFoundException(path + ": there is no such file or directory");
        }
        OkmParts result = new OkmParts(path);
        try {
            if (Files.isDirectory(path)) {
                for (String name : ALL) {
                    Path file = path.resolve(name);
                    if (Files.exists(file)) {
                        FileChannel channel = result.channel(file);
                        result.parts.put(name, new Part(channel, new Entry(0, channel.size())));
                    }
                }
            } else {
                FileChannel channel = result.channel(path);
                StoredZip.read(channel, path.toString())
                        .forEach((name, entry) -> result.parts.put(name, new Part(channel, entry)));
            }
            return result;
        } catch (IOException | MalformedModelException | RuntimeException e) {
            result.close();
            throw e;
        }
    }

    private FileChannel channel(Path file) throws MalformedModelException {
        // Opening a pipe would wait for a writer, and a device has no size.
        if (!Files.isRegularFile(file)) {
            throw new MalformedModelException(file + ": is not a regular file");
        }
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
            channels.add(channel);
            return channel;
        } catch (IOException e) {
            throw new MalformedModelException(
                    file + ": cannot be read (" + e.getClass().getSimpleName() + ")", e);
        }
    }

    /** A part's name as messages give it: the model's path and the part. */
    String where(String name) {
        return path + ": " + name;
    }

    boolean has(String name) {
        return parts.containsKey(name);
    }

    /** The bytes of a part, or a refusal that it is missing. */
    long size(String name) throws MalformedModelException {
        if (!has(name)) {
            throw new MalformedModelException(where(name) + " is missing");
        }
        return parts.get(name).entry.size();
    }

    /** The bytes of all parts that a model can have. */
    long totalSize() {
        return parts.values().stream().mapToLong(part -> part.entry.size()).sum();
    }

    /** Maps some of a part's bytes, read-only and little-endian; they stay after closing. */
    ByteBuffer map(String name, long from, long length)
            throws IOException, MalformedModelException {
        if (from < 0 || length < 0 || from > size(name) - length || length > Integer.MAX_VALUE) {
            throw new MalformedModelException(
                    where(name) + ": has no " + length + " bytes at " + from);
        }
        Part part = parts.get(name);
        return part.channel
                .map(MapMode.READ_ONLY, part.entry.offset() + from, length)
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Whether a part begins on a multiple of that many bytes, so that its tensors do as well. */
    boolean isAligned(String name, int bytes) {
        return parts.get(name).entry.offset() % bytes == 0;
    }

    @Override
    public void close() throws IOException {
        for (FileChannel channel : channels) {
            channel.close();
        }
    }
}
