package org.oktoblas.okm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.oktoblas.okm.OkmWriter.Content;
import org.oktoblas.okm.OkmWriter.Form;
import org.oktoblas.okm.OkmWriter.TensorSource;

/** A writer that fails, at whatever point, leaves things as they were. */
class OkmWriterTest {
    private static final String LAST = "lm_head.weight";

    @TempDir Path temp;

    private static Content with(String name, TensorSource source) throws Exception {
        Content content = Samples.content(Samples.config());
        Map<String, TensorSource> tensors = new HashMap<>(content.tensors());
        tensors.put(name, source);
        return new Content(content.config(), tensors, content.tokenizerJson(), null);
    }

    private static TensorSource failing(Action action) {
        return new TensorSource() {
            @Override
            public OkmType type() {
                return OkmType.F32;
            }

            @Override
            public void writeTo(WritableByteChannel out)
                    throws IOException, MalformedModelException {
                action.run();
            }
        };
    }

    private interface Action {
        void run() throws IOException;
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void failureLeavesNothing(Form form) throws Exception {
        Path target = temp.resolve("model.okm");
        List<RuntimeException> failures =
                List.of(new IllegalStateException("stop"), new OutOfRange());
        for (RuntimeException failure : failures) {
            Content content =
                    with(
                            LAST,
                            failing(
                                    () -> {
                                        throw failure;
                                    }));
            assertEquals(
                    failure,
                    assertThrows(
                            RuntimeException.class,
                            () -> OkmWriter.write(target, form, content, Progress.NONE)));
            assertEquals(List.of(), Samples.files(temp));
        }
        Content content =
                with(
                        LAST,
                        failing(
                                () -> {
                                    throw new IOException("disk full");
                                }));
        assertThrows(
                IOException.class, () -> OkmWriter.write(target, form, content, Progress.NONE));
        try (Stream<Path> files = Files.list(temp)) {
            assertEquals(0, files.count());
        }
    }

    private static final class OutOfRange extends IndexOutOfBoundsException {}

    /** What a crash or a power cut at that moment would leave. */
    @ParameterizedTest
    @EnumSource(Form.class)
    void nothingLooksLikeAModelBeforeItIsWhole(Form form) throws Exception {
        Path target = temp.resolve("model.okm");
        List<String> seen = new ArrayList<>();
        byte[] bytes = new byte[20 * 8 * 4];
        Content content =
                with(
                        LAST,
                        new TensorSource() {
                            @Override
                            public OkmType type() {
                                return OkmType.F32;
                            }

                            @Override
                            public void writeTo(WritableByteChannel out)
                                    throws IOException, MalformedModelException {
                                look();
                                Samples.source(OkmType.F32, bytes).writeTo(out);
                                look();
                            }

                            private void look() throws IOException {
                                assertFalse(Files.exists(target));
                                try (Stream<Path> files = Files.list(temp)) {
                                    for (Path path : files.toList()) {
                                        seen.add(path.getFileName().toString());
                                        assertFalse(OkmFile.matches(path), path.toString());
                                        assertThrows(
                                                MalformedModelException.class,
                                                () -> OkmFile.open(path));
                                    }
                                }
                            }
                        });
        OkmWriter.write(target, form, content, Progress.NONE);
        assertEquals(2, seen.size());
        assertTrue(OkmFile.matches(target));
        try (Stream<Path> files = Files.list(temp)) {
            assertEquals(List.of(target), files.toList());
        }
    }

    @Test
    void failureLeavesAnOlderModelAsItWas() throws Exception {
        Path target = Samples.write(temp.resolve("model.okm"), Form.FILE);
        byte[] before = Files.readAllBytes(target);
        Content content = with(LAST, Samples.source(OkmType.F32, new byte[3]));
        MalformedModelException e =
                assertThrows(
                        MalformedModelException.class,
                        () -> OkmWriter.write(target, Form.FILE, content, Progress.NONE));
        assertTrue(
                e.getMessage().contains("'lm_head.weight' has 3 bytes, but its shape needs 640"));
        assertArrayEquals(before, Files.readAllBytes(target));
        assertEquals(List.of("model.okm"), Samples.files(temp));
    }

    @Test
    void interruptionLeavesNothing() throws Exception {
        Content content =
                with(
                        "transformer.wpe.weight",
                        new TensorSource() {
                            @Override
                            public OkmType type() {
                                return OkmType.F16;
                            }

                            @Override
                            public void writeTo(WritableByteChannel out)
                                    throws IOException, MalformedModelException {
                                Thread.currentThread().interrupt();
                                Samples.source(OkmType.F16, new byte[160]).writeTo(out);
                            }
                        });
        for (Form form : Form.values()) {
            assertThrows(
                    IOException.class,
                    () -> OkmWriter.write(temp.resolve("model.okm"), form, content, Progress.NONE));
            assertTrue(Thread.interrupted());
            assertEquals(List.of(), Samples.files(temp));
        }
    }

    @Test
    void targetsThatCannotBe() throws Exception {
        Content content = Samples.content(Samples.config());
        Path directory = Files.createDirectory(temp.resolve("full"));
        Files.writeString(directory.resolve("file"), "mine");
        assertThrows(
                FileAlreadyExistsException.class,
                () -> OkmWriter.write(directory, Form.DIRECTORY, content, Progress.NONE));
        assertThrows(
                FileAlreadyExistsException.class,
                () -> OkmWriter.write(directory, Form.FILE, content, Progress.NONE));
        IOException e =
                assertThrows(
                        IOException.class,
                        () ->
                                OkmWriter.write(
                                        temp.resolve("no/model.okm"),
                                        Form.FILE,
                                        content,
                                        Progress.NONE));
        assertTrue(e.getMessage().contains("no directory to write it into"), e.getMessage());
        assertEquals(List.of("full/file"), Samples.files(temp));
    }

    @Test
    void contentThatIsNoModel() throws Exception {
        Content content = Samples.content(Samples.config());
        JsonObject llama = Samples.config();
        llama.addProperty("model_type", "llama");
        refused(new Content(llama, content.tensors(), null, null), "model_type 'llama'");
        Map<String, TensorSource> tensors = new HashMap<>(content.tensors());
        TensorSource head = tensors.remove(LAST);
        refused(new Content(content.config(), tensors, null, null), "29 tensors, but there are 28");
        tensors.put("head", head);
        refused(new Content(content.config(), tensors, null, null), "'lm_head.weight' is missing");
        refused(
                new Content(content.config(), content.tensors(), "[1]", null),
                "tokenizer.json: must be a JSON object");
    }

    private void refused(Content content, String reason) throws IOException {
        MalformedModelException e =
                assertThrows(
                        MalformedModelException.class,
                        () ->
                                OkmWriter.write(
                                        temp.resolve("model.okm"),
                                        Form.FILE,
                                        content,
                                        Progress.NONE));
        assertTrue(e.getMessage().contains(reason), e.getMessage());
        assertEquals(List.of(), Samples.files(temp));
    }
}
