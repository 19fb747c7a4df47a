package org.oktoblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command as a process of its own, without the jars that oneDNN comes in. */
@Tag("sources")
class MissingDnnlTest {

    @Test
    void oneLineSaysThatProductsAreSlow(@TempDir Path folder) throws Exception {
        Path log = folder.resolve("log");
        Pattern jar = Pattern.compile("(dnnl|javacpp|opencl)-[^/\\\\]*\\.jar");
        String classPath =
                Pattern.compile(File.pathSeparator)
                        .splitAsStream(System.getProperty("java.class.path"))
                        .filter(entry -> !jar.matcher(entry).find())
                        .collect(Collectors.joining(File.pathSeparator));
        Process process =
                CommandProcess.infer(classPath, "--device", "cpu", "--input", "Once upon a time")
                        .redirectError(log.toFile())
                        .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String errors = Files.readString(log);
        assertEquals(0, process.waitFor(), errors);
        assertEquals(", the Captain's friend was", text.stripTrailing().substring(0, 26));
        // The log's warnings; newer Javas write some of their own about native code.
        List<String> lines = errors.lines().filter(line -> line.startsWith("WARN ")).toList();
        assertEquals(1, lines.size(), errors);
        assertTrue(lines.get(0).contains("oneDNN"), errors);
        assertTrue(lines.get(0).contains("plain Java"), errors);
    }
}
