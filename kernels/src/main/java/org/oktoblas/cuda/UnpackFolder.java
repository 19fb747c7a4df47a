package org.oktoblas.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Where JCuda unpacks its native code. It does so under a fixed name in the folder for temporary
 * files, takes whatever already lies there, and does not care for other processes that unpack at
 * that moment; so while it loads, that folder is a fresh one that only this user can write.
 */
final class UnpackFolder {

    private static final String PROPERTY = "java.io.tmpdir";

    private UnpackFolder() {}

    static void during(Runnable loading) throws IOException {
        String shared = System.getProperty(PROPERTY);
        Path own = Files.createTempDirectory("oktoblas-cuda");
        System.setProperty(PROPERTY, own.toString());
        try {
            loading.run();
        } finally {
            System.setProperty(PROPERTY, shared);
            delete(own);
        }
    }

    /** Deletes the folder. The process keeps the library that it has loaded from there. */
    private static void delete(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(folder);
        } catch (IOException | UncheckedIOException e) {
            // Windows does not let go of a library in use, and another thread may have put a file
            // there meanwhile. What is left over is no reason to do without a GPU.
            folder.toFile().deleteOnExit();
        }
    }
}
