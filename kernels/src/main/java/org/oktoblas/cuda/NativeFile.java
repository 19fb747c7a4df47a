package org.oktoblas.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;

/**
 * The file that JCuda loads its native code from. JCuda writes it into the folder for temporary
 * files without care for other processes that do so at the same moment, and takes whatever already
 * lies there under that name; so it is put there whole, and checked, before JCuda looks.
 */
final class NativeFile {

    private NativeFile() {}

    /** Puts JCuda's native library in place; returns why it cannot be, or null. */
    static String prepare() {
        String name = Driver.nativeFileName();
        Path target = Path.of(System.getProperty("java.io.tmpdir")).resolve(name);
        try (InputStream resource = NativeFile.class.getResourceAsStream("/lib/" + name)) {
            if (resource == null) {
                // It may still lie on java.library.path, where JCuda looks first.
                return null;
            }
            byte[] bytes = resource.readAllBytes();
            if (!holds(target, bytes)) {
                Path part = Files.createTempFile(target.getParent(), name, ".part");
                try {
                    Files.write(part, bytes);
                    Files.move(
                            part,
                            target,
                            StandardCopyOption.ATOMIC_MOVE,
                            StandardCopyOption.REPLACE_EXISTING);
                } finally {
                    Files.deleteIfExists(part);
                }
            }
            return null;
        } catch (IOException e) {
            return "JCuda's native library cannot be written to " + target + ": " + e;
        }
    }

    private static boolean holds(Path file, byte[] bytes) throws IOException {
        return Files.isReadable(file)
                && Files.size(file) == bytes.length
                && Arrays.equals(Files.readAllBytes(file), bytes);
    }
}
