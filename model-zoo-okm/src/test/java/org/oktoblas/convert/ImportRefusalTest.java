package org.oktoblas.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import com.google.gson.JsonObject;
import com.sun.management.ThreadMXBean;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.convert.Safetensors.Tensor;
import org.oktoblas.okm.Gpt2Config;
import org.oktoblas.okm.OkmType;
import org.oktoblas.okm.OkmWriter.Form;
import org.oktoblas.okm.Progress;
import org.oktoblas.okm.Samples;

/** Checkpoints that cannot be converted, each kind by itself; nothing is ever left behind. */
class ImportRefusalTest {
    private static final String WPE = "transformer.wpe.weight";
    private static final String HEAD = "lm_head.weight";
    private static final String FILE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    @TempDir Path temp;
    private Path checkpoint;
    private Path weights;
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    @BeforeEach
    void write() throws Exception {
        checkpoint = Files.createDirectory(temp.resolve("checkpoint"));
        weights = checkpoint.resolve(FILE);
        writeConfig(Samples.config());
        Gpt2Config.fromJson(Samples.config(), "sample")
                .tensorShapes()
                .forEach((name, shape) -> tensors.put(name, Tensor.of("F32", shape.getShape())));
        Safetensors.write(weights, tensors);
    }

    private void writeConfig(JsonObject config) throws IOException {
        Files.writeString(checkpoint.resolve("config.json"), config.toString());
    }

    private void convert(OkmType type) throws Exception {
        HuggingFaceImport.convert(
                checkpoint, temp.resolve("model.okm"), Form.FILE, type, Progress.NONE);
    }

    private void refused(Path file, String... parts) throws Exception {
        refused(null, file, parts);
    }

    private void refused(OkmType type, Path file, String... parts) throws Exception {
        MalformedModelException e =
                assertThrows(MalformedModelException.class, () -> convert(type));
        assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
        assertTrue(Samples.files(temp).stream().allMatch(name -> name.startsWith("checkpoint")));
    }

    @Test
    void theSampleItselfConverts() throws Exception {
        convert(null);
        assertTrue(Files.exists(temp.resolve("model.okm")));
    }

    @Test
    void noSuchDirectory() throws Exception {
        checkpoint = temp.resolve("none");
        FileNotFoundException e = assertThrows(FileNotFoundException.class, () -> convert(null));
        assertTrue(e.getMessage().contains(checkpoint + ": there is no such directory"));
    }

    @Test
    void missingFiles() throws Exception {
        Files.delete(weights);
        refused(checkpoint, "has neither model.safetensors nor", "safe_serialization");
        Files.delete(checkpoint.resolve("config.json"));
        refused(checkpoint.resolve("config.json"), "is missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "gpt_neox", "bert", ""})
    void otherArchitectures(String modelType) throws Exception {
        JsonObject config = Samples.config();
        config.addProperty("model_type", modelType);
        writeConfig(config);
        refused(checkpoint.resolve("config.json"), "model_type '" + modelType + "'");
    }

    @Test
    void missingTensor() throws Exception {
        tensors.remove(WPE);
        Safetensors.write(weights, tensors);
        refused(checkpoint, WPE, "is missing");
    }

    @Test
    void unknownTensor() throws Exception {
        tensors.put("score.weight", Tensor.of("F32", 2, 8));
        Safetensors.write(weights, tensors);
        refused(weights, "'score.weight'", "is unknown");
    }

    @Test
    void tensorUnderTwoNames() throws Exception {
        tensors.put("wpe.weight", tensors.get(WPE));
        Safetensors.write(weights, tensors);
        refused(weights, "wpe.weight", "is there twice");
    }

    @Test
    void shapeThatContradictsTheConfig() throws Exception {
        tensors.put(WPE, Tensor.of("F32", 8, 10));
        Safetensors.write(weights, tensors);
        refused(weights, WPE, "must have the shape (10, 8) by the config, but has (8, 10)");
    }

    @Test
    void typeThatIsNotSupported() throws Exception {
        tensors.put(WPE, Tensor.of("I32", 10, 8));
        Safetensors.write(weights, tensors);
        refused(weights, WPE, "has the dtype I32; only F32, F16 and BF16");
    }

    @Test
    void tiedHeadThatDiffers() throws Exception {
        JsonObject config = Samples.config();
        config.addProperty("tie_word_embeddings", true);
        writeConfig(config);
        convert(null);
        Files.delete(temp.resolve("model.okm"));
        tensors.get(HEAD).bytes()[5] = 1;
        Safetensors.write(weights, tensors);
        refused(weights, HEAD, "differs from the token embedding");
    }

    @Test
    void valueTooLargeForTheType() throws Exception {
        byte[] bytes = tensors.get(WPE).bytes();
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(8, -70000);
        Safetensors.write(weights, tensors);
        refused(OkmType.F16, weights, WPE, "-70000.0, too large for F16");
        convert(OkmType.BF16);
    }

    @Test
    void jsonThatIsNoTokenizer() throws Exception {
        Files.writeString(checkpoint.resolve("tokenizer.json"), "{}");
        refused(checkpoint.resolve("tokenizer.json"), "is no tokenizer");
    }

    @Test
    void tokenizerThatIsNotJson() throws Exception {
        Files.writeString(checkpoint.resolve("tokenizer.json"), "{\"a\": 1");
        refused(checkpoint.resolve("tokenizer.json"), "is no tokenizer", "line 1");
        Files.write(checkpoint.resolve("tokenizer.json"), new byte[] {(byte) 0xff});
        refused(checkpoint.resolve("tokenizer.json"), "is not UTF-8");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[]                                                        | JSON object",
                "{\"a\": 1}                                                | must be a JSON object",
                "{\"a\": {\"dtype\":\"F31\"}}                              | unknown dtype",
                "{\"a\": {\"dtype\":\"F32\"}}                              | shape must be",
                "{\"a\": {\"dtype\":\"F32\",\"shape\":[1]}}                | data_offsets must be",
                "{\"a\": {\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}} | outside",
                "{\"a\": {\"dtype\":\"F32\",\"shape\":[9],\"data_offsets\":[0,36]}} | outside",
                "{\"a\": {\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}} | negative",
                "{\"a\": {\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}} | need 8",
                "{\"a\": {\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}} | behind its",
                "{\"a\": {\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}} | a gap",
                "{\"a\": {\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                        + "\"b\": {\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"
                        + " | overlaps",
                "{\"a\": {\"dtype\":\"F32\",\"shape\":[99999999999,99999999999],"
                        + "\"data_offsets\":[0,8]}} | no file can hold",
            })
    void headerThatIsNotOne(String header, String reason) throws Exception {
        Safetensors.write(weights, header, new byte[8]);
        refused(weights, reason);
    }

    @Test
    void headerLongerThanTheFile() throws Exception {
        for (long length : new long[] {-1, 0, 1L << 40, Long.MAX_VALUE}) {
            Files.write(
                    weights,
                    ByteBuffer.allocate(100)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(length)
                            .array());
            refused(weights, "claims a header of " + Long.toUnsignedString(length));
        }
        Files.write(weights, new byte[7]);
        refused(weights, "too short");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}                                              | no object 'weight_map'",
                "{\"weight_map\": {\"a\": \"../model.safetensors\"}} | no plain file name",
                "{\"weight_map\": {\"a\": \"none.safetensors\"}}     | is missing",
                "{\"weight_map\": {\"a\": \"model.safetensors\"}}    | is missing, which",
            })
    void indexThatIsNotOne(String index, String reason) throws Exception {
        Files.writeString(checkpoint.resolve(INDEX), index);
        refused(checkpoint, reason);
    }

    @Test
    void exportNeverOverwrites() throws Exception {
        convert(null);
        byte[] before = Files.readAllBytes(weights);
        assertThrows(
                FileAlreadyExistsException.class,
                () ->
                        HuggingFaceExport.convert(
                                temp.resolve("model.okm"), checkpoint, Progress.NONE));
        assertEquals(ByteBuffer.wrap(before), ByteBuffer.wrap(Files.readAllBytes(weights)));
    }

    @Test
    void failedExportLeavesNothing() throws Exception {
        convert(null);
        assertThrows(
                IllegalStateException.class,
                () ->
                        HuggingFaceExport.convert(
                                temp.resolve("model.okm"),
                                temp.resolve("back"),
                                (done, total) -> {
                                    throw new IllegalStateException("stop");
                                }));
        try (var files = Files.list(temp)) {
            assertEquals(2, files.count());
        }
    }

    /** Whatever happens to a header: a conversion or a refusal, soon and in little memory. */
    @Test
    void mutatedHeaders() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        byte[] whole = Files.readAllBytes(weights);
        int headerLength =
                8 + (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
        Random random = new Random(11);
        for (int i = 0; i < 1000; i++) {
            byte[] bytes = whole.clone();
            for (int j = random.nextInt(3); j >= 0; j--) {
                int at = random.nextInt(10) == 0 ? random.nextInt(8) : random.nextInt(headerLength);
                bytes[at] =
                        random.nextBoolean()
                                ? (byte) random.nextInt()
                                : (byte) "0123456789-{}[]\",:e".charAt(random.nextInt(19));
            }
            Files.write(weights, bytes);
            long allocated = threads.getCurrentThreadAllocatedBytes();
            long begin = System.nanoTime();
            try (Checkpoint opened = Checkpoint.open(checkpoint)) {
                assertEquals(tensors.size(), opened.tensors().size());
            } catch (MalformedModelException e) {
                assertTrue(e.getMessage().contains(weights.toString()), e.getMessage());
            }
            assertTrue(System.nanoTime() - begin < 1_000_000_000L);
            allocated = threads.getCurrentThreadAllocatedBytes() - allocated;
            assertTrue(allocated < 2L * bytes.length + (1 << 20), allocated + " bytes");
        }
    }
}
