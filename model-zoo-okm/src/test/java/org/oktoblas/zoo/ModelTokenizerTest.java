package org.oktoblas.zoo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.oktoblas.okm.OkmWriter.Form;

class ModelTokenizerTest {

    private static final String TEXT = "To be, or not. ".repeat(70_000);

    @TempDir private static Path folder;

    private static LanguageModel load() throws Exception {
        Path path = folder.resolve("tiny.okm");
        ZooModels.write(path, Form.FILE, ZooModels.model(16), true);
        return LanguageModel.load(path.toString(), LanguageModel.Options.defaults());
    }

    /** The tokens are bytes. */
    private static long[] ids(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return IntStream.range(0, bytes.length).mapToLong(i -> bytes[i] & 0xff).toArray();
    }

    @Test
    void aCallThatHasBegunEndsRightAlthoughTheModelIsClosed() throws Exception {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            LanguageModel model = load();
            ModelTokenizer tokenizer = model.tokenizer().orElseThrow();
            Future<long[]> encoded = thread.submit(() -> tokenizer.encode(TEXT));
            Thread.sleep(100);
            boolean during = !encoded.isDone();
            model.close();
            assertTrue(during, "The text is too short for this test");
            assertArrayEquals(ids(TEXT), encoded.get(60, TimeUnit.SECONDS));

            LanguageModel other = load();
            ModelTokenizer decoder = other.tokenizer().orElseThrow();
            long[] ids = ids(TEXT);
            Future<String> decoded = thread.submit(() -> decoder.decode(ids));
            Thread.sleep(50);
            other.close();
            assertEquals(TEXT, decoded.get(60, TimeUnit.SECONDS));
        } finally {
            thread.shutdown();
        }
    }

    @Test
    void aClosedModelsTokenizerSaysSo() throws Exception {
        LanguageModel model = load();
        ModelTokenizer tokenizer = model.tokenizer().orElseThrow();
        assertEquals("é", tokenizer.decode(tokenizer.encode("é")));
        model.close();
        model.close();
        for (Runnable call :
                new Runnable[] {
                    () -> tokenizer.encode("a"),
                    () -> tokenizer.decode(new long[] {65}),
                    () -> tokenizer.decode(new long[0]),
                    () -> model.score("a"),
                }) {
            String message = assertThrows(IllegalStateException.class, call::run).getMessage();
            assertTrue(message.contains("The model is closed"), message);
        }
    }

    @Test
    void jsonThatIsNoTokenizerIsRefusedByName() throws Exception {
        for (Form form : Form.values()) {
            Path path = folder.resolve("none-" + form + ".okm");
            ZooModels.write(path, form, ZooModels.model(16), "{}");
            named(
                    path,
                    assertThrows(
                            MalformedModelException.class,
                            () ->
                                    LanguageModel.load(
                                            path.toString(), LanguageModel.Options.defaults())));
            Criteria<String, String> criteria =
                    Criteria.builder()
                            .setTypes(String.class, String.class)
                            .optModelPath(path)
                            .optEngine("OktoBLAS")
                            .build();
            named(path, assertThrows(ModelNotFoundException.class, criteria::loadModel));
        }
    }

    private static void named(Path path, Throwable thrown) {
        StringBuilder messages = new StringBuilder();
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            messages.append(cause.getMessage()).append('\n');
        }
        String text = messages.toString();
        assertTrue(text.contains(path + ": tokenizer/tokenizer.json is no tokenizer"), text);
    }
}
