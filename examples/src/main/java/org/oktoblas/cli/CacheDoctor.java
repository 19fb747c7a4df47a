package org.oktoblas.cli;

import ai.djl.util.Utils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** The directories into which native libraries are unpacked. */
final class CacheDoctor {

    private static final long ENOUGH = 1L << 30;

    private CacheDoctor() {}

    static List<Finding> examine() {
        Map<Path, String> caches = new LinkedHashMap<>();
        caches.put(Utils.getCacheDir(), "DJL_CACHE_DIR");
        caches.putIfAbsent(Utils.getEngineCacheDir(), "ENGINE_CACHE_DIR");
        String javacpp = System.getProperty("org.bytedeco.javacpp.cachedir");
        caches.put(
                javacpp == null
                        ? Path.of(System.getProperty("user.home"), ".javacpp", "cache")
                        : Path.of(javacpp),
                "OKTO_JAVA_OPTS=-Dorg.bytedeco.javacpp.cachedir");
        List<Finding> found = new ArrayList<>();
        caches.forEach((directory, setting) -> found.add(examine(directory, setting)));
        return found;
    }

    static Finding examine(Path directory, String setting) {
        Path existing = directory;
        while (existing != null && !Files.exists(existing)) {
            existing = existing.getParent();
        }
        String remedy = "make it writable, or name another directory with " + setting;
        if (existing == null || !Files.isDirectory(existing) || !Files.isWritable(existing)) {
            return Finding.broken("cache", directory + " cannot be written", remedy);
        }
        try {
            long free = Files.getFileStore(existing).getUsableSpace();
            String text =
                    String.format(
                            Locale.ROOT,
                            "%s, %.0f MB, %.1f GB free",
                            directory,
                            size(directory) / 1e6,
                            free / 1e9);
            return free < ENOUGH
                    ? Finding.warning("cache", text, "free some space: natives need up to 1 GB")
                    : Finding.good("cache", text);
        } catch (IOException | UncheckedIOException e) {
            return Finding.warning("cache", directory + ": " + Errors.sentence(e), remedy);
        }
    }

    private static long size(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return 0;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile).mapToLong(f -> f.toFile().length()).sum();
        }
    }
}
