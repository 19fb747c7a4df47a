package org.oktoblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** okto doctor, on the machine that builds. */
class DoctorTest {

    @Test
    void aMachineThatBuildsIsSound() {
        Cli run = Cli.run("doctor");
        assertEquals(0, run.code(), run.out());
        assertEquals("", run.err());
        List<String> lines = run.out().lines().toList();
        for (String expected :
                List.of(
                        "ok    java        " + System.getProperty("java.version"),
                        "ok    processor   ",
                        "ok    engine      OktoBLAS, rank 3, version ",
                        "ok    engine      Rust, rank 4, ",
                        "ok    djl         0.",
                        "ok    model       okm://okto-prose loads and generates 4 tokens")) {
            assertTrue(lines.stream().anyMatch(l -> l.startsWith(expected)), run.out());
        }
        assertTrue(lines.stream().anyMatch(l -> l.contains("  gpu  ")), run.out());
        assertTrue(lines.stream().anyMatch(l -> l.contains("  cache  ")), run.out());
    }

    @Test
    void aCacheThatCannotBeWrittenIsBrokenAndSaysWhatToDo(@TempDir Path directory)
            throws Exception {
        Path file = directory.resolve("file");
        Files.writeString(file, "in the way");
        Finding finding = CacheDoctor.examine(file.resolve("cache"), "SOME_SETTING");
        assertEquals(Finding.Level.BROKEN, finding.level());
        assertTrue(finding.remedy().contains("SOME_SETTING"), finding.remedy());
        Finding fine = CacheDoctor.examine(directory.resolve("new/cache"), "SOME_SETTING");
        assertTrue(fine.level() != Finding.Level.BROKEN, fine.text());
    }
}
