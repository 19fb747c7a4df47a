package org.oktoblas.okm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Calendar;
import java.util.GregorianCalendar;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.oktoblas.okm.OkmWriter.Form;

/**
 * Where a writer puts the parts of a model: a temporary file or directory beside the target, which
 * is deleted when it is closed before it was moved into place.
 */
abstract class OkmOutput implements AutoCloseable {
    private final Path target;
    final Path temporary;

    private OkmOutput(Path target) {
        Path absolute = target.toAbsolutePath();
        this.target = absolute;
        this.temporary =
                absolute.resolveSibling(
                        "." + absolute.getFileName() + "." + UUID.randomUUID() + ".part");
    }

    static OkmOutput open(Path target, Form form) throws IOException {
        Path parent = target.toAbsolutePath().getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new IOException(target + ": there is no directory to write it into");
        }
        if (form == Form.FILE && Files.isDirectory(target)) {
            throw new FileAlreadyExistsException(target + ": is a directory");
        }
        if (form == Form.DIRECTORY && Files.exists(target) && !isEmptyDirectory(target)) {
            throw new FileAlreadyExistsException(
                    target + ": exists already; choose another name or delete it");
        }
        return form == Form.FILE ? new Archive(target) : new Folder(target);
    }

    private static boolean isEmptyDirectory(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return false;
        }
        try (Stream<Path> files = Files.list(path)) {
            return files.findAny().isEmpty();
        }
    }

    /** Begins a part of a known size; it is whole when the channel is closed. */
    abstract WritableByteChannel begin(String name, long size) throws IOException;

    final void write(String name, ByteBuffer bytes) throws IOException {
        try (WritableByteChannel out = begin(name, bytes.remaining())) {
            out.write(bytes.duplicate());
        }
    }

    /** Finishes the parts and moves them into place, all at once. */
    final void moveIntoPlace() throws IOException {
        finish();
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    }

    abstract void finish() throws IOException;

    @Override
    public abstract void close() throws IOException;

    /** One zip archive. */
    private static final class Archive extends OkmOutput {
        private static final long TIME =
                new GregorianCalendar(1980, Calendar.JANUARY, 1).getTimeInMillis();

        private final FileChannel file;
        private final ZipArchiveOutputStream zip;

        Archive(Path target) throws IOException {
            super(target);
            // Deleted at a normal exit too, and when the process is asked to stop.
            temporary.toFile().deleteOnExit();
            file =
                    FileChannel.open(
                            temporary,
                            StandardOpenOption.CREATE_NEW,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE);
            zip = new ZipArchiveOutputStream(file);
            zip.setMethod(ZipArchiveOutputStream.STORED);
        }

        @Override
        WritableByteChannel begin(String name, long size) throws IOException {
            ZipArchiveEntry entry = new ZipArchiveEntry(name);
            entry.setMethod(ZipArchiveOutputStream.STORED);
            entry.setSize(size);
            entry.setTime(TIME); // the earliest there is: the same content gives the same bytes
            entry.setAlignment(TensorTable.ALIGNMENT);
            zip.putArchiveEntry(entry);
            WritableByteChannel bytes = Channels.newChannel(zip);
            return new WritableByteChannel() {
                @Override
                public int write(ByteBuffer source) throws IOException {
                    return bytes.write(source);
                }

                @Override
                public boolean isOpen() {
                    return bytes.isOpen();
                }

                @Override
                public void close() throws IOException {
                    zip.closeArchiveEntry();
                }
            };
        }

        @Override
        void finish() throws IOException {
            zip.finish();
            file.force(true);
            zip.close();
        }

        @Override
        public void close() throws IOException {
            file.close();
            Files.deleteIfExists(temporary);
        }
    }

    /** A directory of files. */
    private static final class Folder extends OkmOutput {
        private final List<Path> written = new ArrayList<>();

        Folder(Path target) throws IOException {
            super(target);
            create(temporary);
        }

        private void create(Path directory) throws IOException {
            Files.createDirectory(directory);
            written.add(directory);
            directory.toFile().deleteOnExit();
        }

        @Override
        WritableByteChannel begin(String name, long size) throws IOException {
            Path path = temporary.resolve(name);
            if (!Files.exists(path.getParent())) {
                create(path.getParent());
            }
            written.add(path);
            path.toFile().deleteOnExit();
            FileChannel file =
                    FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            return new WritableByteChannel() {
                @Override
                public int write(ByteBuffer source) throws IOException {
                    int count = source.remaining();
                    while (source.hasRemaining()) {
                        file.write(source);
                    }
                    return count;
                }

                @Override
                public boolean isOpen() {
                    return file.isOpen();
                }

                @Override
                public void close() throws IOException {
                    try (file) {
                        file.force(true);
                    }
                }
            };
        }

        @Override
        void finish() {}

        @Override
        public void close() throws IOException {
            for (int i = written.size() - 1; i >= 0; i--) {
                Files.deleteIfExists(written.get(i));
            }
        }
    }
}
