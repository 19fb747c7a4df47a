package org.oktoblas.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.oktoblas.bench.RandomModel;
import org.oktoblas.okm.OkmFile;
import org.oktoblas.okm.OkmType;

/** okto convert, on a model made for the occasion. */
class ConvertTest {

    @TempDir private Path directory;
    private Path model;
    private Path checkpoint;

    @BeforeEach
    void makeBothForms() throws Exception {
        model = directory.resolve("tiny.okm");
        RandomModel.write(model, RandomModel.gpt2(2, 32, 4, 64, 100), OkmType.F32);
        checkpoint = directory.resolve("checkpoint");
        convert(0, model, checkpoint);
    }

    private static Cli convert(int code, Path from, Path to, String... more) {
        String[] args = {"convert", "--from", from.toString(), "--to", to.toString()};
        Cli run =
                Cli.run(
                        java.util.stream.Stream.of(args, more)
                                .flatMap(java.util.Arrays::stream)
                                .toArray(String[]::new));
        assertEquals(code, run.code(), run.err());
        assertEquals("", run.out());
        assertEquals(1, run.err().lines().count(), run.err());
        return run;
    }

    @Test
    void thereAndBackAgainIsTheSame() throws Exception {
        Path again = directory.resolve("again.okm");
        convert(0, checkpoint, again);
        assertArrayEquals(Files.readAllBytes(model), Files.readAllBytes(again));
        Path checkpointAgain = directory.resolve("checkpoint-again");
        convert(0, again, checkpointAgain);
        for (String file : List.of("model.safetensors", "config.json")) {
            assertArrayEquals(
                    Files.readAllBytes(checkpoint.resolve(file)),
                    Files.readAllBytes(checkpointAgain.resolve(file)),
                    file);
        }
    }

    @Test
    void castsAndWritesDirectories() throws Exception {
        Path half = directory.resolve("half.okm");
        Cli run = convert(0, checkpoint, half, "--dtype", "F16", "--directory");
        assertTrue(run.err().matches("wrote .*half\\.okm, \\d+\\.\\d MB\\R"), run.err());
        assertTrue(Files.exists(half.resolve("serving.properties")));
        try (OkmFile okm = OkmFile.open(half)) {
            assertTrue(okm.tensors().values().stream().allMatch(t -> t.type() == OkmType.F16));
        }
    }

    @Test
    void whatIsThereStaysUnlessForced() throws Exception {
        Path target = directory.resolve("target.okm");
        Files.writeString(target, "precious");
        Cli run = convert(1, checkpoint, target);
        assertTrue(run.err().contains("exists already; --force replaces it"), run.err());
        assertEquals("precious", Files.readString(target));
        convert(0, checkpoint, target, "--force");
        OkmFile.open(target).close();

        convert(1, model, checkpoint);
        convert(0, model, checkpoint, "--force");
        Path home = Files.createDirectory(directory.resolve("home"));
        Files.writeString(home.resolve("letter.txt"), "dear");
        run = convert(1, model, home, "--force");
        assertTrue(run.err().contains("is a directory and no model"), run.err());
        assertTrue(Files.exists(home.resolve("letter.txt")));
    }

    @Test
    void aFailureRestoresWhatWasThere() throws Exception {
        Path target = directory.resolve("target.okm");
        Files.writeString(target, "precious");
        Files.writeString(checkpoint.resolve("model.safetensors"), "broken");
        convert(1, checkpoint, target, "--force");
        assertEquals("precious", Files.readString(target));
        try (var files = Files.list(directory)) {
            assertEquals(3, files.count(), "something was left behind");
        }
    }

    @Test
    void wrongUse() {
        Path target = directory.resolve("new.okm");
        Cli type = convert(2, checkpoint, target, "--dtype", "f8");
        assertTrue(type.err().contains("must be keep, f16, f32 or bf16"), type.err());
        Cli back = convert(2, model, target, "--dtype", "f16");
        assertTrue(back.err().contains("is one already"), back.err());
        Cli same = convert(2, model, model, "--force");
        assertTrue(same.err().contains("the same"), same.err());
        Cli none = convert(1, directory.resolve("none"), target);
        assertTrue(none.err().contains("there is no "), none.err());
    }

    @Test
    void aTerminalGetsAProgressBar() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        var in = new ByteArrayInputStream(new byte[0]);
        Path target = directory.resolve("bar.okm");
        int code =
                Main.run(
                        new Console(in, out, err, true, true),
                        "convert",
                        "--from",
                        checkpoint.toString(),
                        "--to",
                        target.toString());
        String shown = err.toString(StandardCharsets.UTF_8);
        assertEquals(0, code, shown);
        assertEquals(0, out.size());
        assertTrue(shown.contains("converting") && shown.contains("100%"), shown);
    }
}
