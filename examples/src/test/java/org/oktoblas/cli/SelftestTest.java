package org.oktoblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SelftestTest {

    /** Tests are found by the name of their jar; this one has none, so that no name matches. */
    @Test
    void aClassThatIsNotThereIsNoSuccess(@TempDir Path directory) throws Exception {
        Path jar = directory.resolve("empty-tests.jar");
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
            out.putNextEntry(new JarEntry("nothing"));
        }
        String classPath = System.getProperty("java.class.path");
        System.setProperty("java.class.path", classPath + File.pathSeparator + jar);
        try {
            Cli run = Cli.run("selftest", "--class", "NoSuchTest");
            assertEquals(1, run.code(), run.err());
            assertTrue(run.err().contains("no tests are of this choice"), run.err());
        } finally {
            System.setProperty("java.class.path", classPath);
        }
    }
}
