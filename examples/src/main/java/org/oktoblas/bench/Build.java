package org.oktoblas.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Properties;
import java.util.concurrent.TimeUnit;

/** What is being measured: the commit it was built from. */
public final class Build {

    private Build() {}

    /**
     * Returns the commit: the one that the build wrote down ({@code -Dokto.commit=…}), or the
     * working tree's and whether it was changed since, or "unknown".
     */
    public static String commit() {
        String written = written();
        return written.isEmpty() ? workingTree() : written;
    }

    private static String written() {
        Properties properties = new Properties();
        try (InputStream in = Build.class.getResourceAsStream("build.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("commit").strip();
    }

    private static String workingTree() {
        Path home = Path.of(System.getProperty("okto.home", "."));
        try {
            Process git =
                    new ProcessBuilder("git", "describe", "--always", "--dirty", "--exclude=*")
                            .directory(home.toFile())
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            byte[] text = git.getInputStream().readAllBytes();
            boolean known = git.waitFor(10, TimeUnit.SECONDS) && git.exitValue() == 0;
            return known ? new String(text, StandardCharsets.UTF_8).strip() : "unknown";
        } catch (IOException e) {
            return "unknown";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "unknown";
        }
    }
}
