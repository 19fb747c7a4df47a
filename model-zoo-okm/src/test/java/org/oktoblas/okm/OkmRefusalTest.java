package org.oktoblas.okm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.internal.LazilyParsedNumber;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.okm.OkmFile.Reading;
import org.oktoblas.okm.OkmWriter.Form;

/**
 * What a reader refuses in either form, each kind by itself. The JSON is changed and its checksum
 * made right again, so that it is the check in question that answers.
 */
class OkmRefusalTest {
    private static final String WTE = "transformer.wte.weight";
    private static final String WPE = "transformer.wpe.weight";

    @TempDir Path temp;
    private Path model;
    private Path config;
    private Path weights;

    @BeforeEach
    void write() throws Exception {
        model = Samples.write(temp.resolve("model.okm"), Form.DIRECTORY);
        config = model.resolve("config.json");
        weights = model.resolve("weights.bin");
    }

    private void refused(String... parts) {
        MalformedModelException e =
                assertThrows(MalformedModelException.class, () -> OkmFile.open(model));
        assertTrue(e.getMessage().contains(model.toString()), e.getMessage());
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
        assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    }

    private void edit(Consumer<JsonObject> change) throws IOException {
        Samples.edit(model, change);
    }

    private void editTensor(String name, Consumer<JsonObject> change) throws IOException {
        edit(json -> change.accept(Samples.tensor(json, name)));
    }

    private void damage(Path path, long at) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(at);
            int old = file.read();
            file.seek(at);
            file.write(old ^ 0x10);
        }
    }

    @Test
    void theSampleItselfOpens() throws Exception {
        edit(json -> {});
        try (OkmFile file = OkmFile.open(model)) {
            assertEquals(29, file.tensors().size());
        }
    }

    @Test
    void noSuchPath() {
        Path none = temp.resolve("none.okm");
        FileNotFoundException e =
                assertThrows(FileNotFoundException.class, () -> OkmFile.open(none));
        assertTrue(e.getMessage().contains(none + ": there is no such file"), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "weights.bin", "tokenizer/tokenizer.json"})
    void missingPart(String name) throws Exception {
        Files.delete(model.resolve(name));
        refused(name, "is missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "weights.bin", "tokenizer/tokenizer.json"})
    void unreadablePart(String name) throws Exception {
        Files.delete(model.resolve(name));
        Files.createDirectory(model.resolve(name));
        refused(Path.of(name).toString(), "is not a regular file");
    }

    @Test
    void tokenizerThatNobodyLists() throws Exception {
        edit(json -> json.getAsJsonObject("okm").remove("tokenizer"));
        refused("tokenizer/tokenizer.json", "config.json does not list it");
    }

    @Test
    void wrongVersion() throws Exception {
        edit(json -> json.getAsJsonObject("okm").addProperty("format_version", 2));
        refused("config.json", "format version 2", "knows version 1");
    }

    @Test
    void noVersion() throws Exception {
        edit(json -> json.getAsJsonObject("okm").remove("format_version"));
        refused("config.json", "okm.format_version must be an integer");
    }

    @Test
    void aCheckpointThatIsStillToBeConverted() throws Exception {
        edit(json -> json.remove("okm"));
        refused("config.json", "no key 'okm'", "to be converted");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"a\": 1,}            | not valid JSON",
                "{\"a\": 1              | not valid JSON",
                "{'a': 1}               | not valid JSON",
                "{\"a\": NaN}           | not valid JSON",
                "{\"a\": 1} {}          | not valid JSON",
                "[1, 2]                 | must be a JSON object",
                "\"text\"               | must be a JSON object",
                "{\"a\": 1, \"a\": 2}   | the key 'a' twice",
                "''                     | not valid JSON",
            })
    void configThatIsNotJson(String text, String reason) throws Exception {
        Files.writeString(config, text);
        refused("config.json", reason);
    }

    @Test
    void configThatIsNotText() throws Exception {
        Files.write(config, new byte[] {'{', '"', (byte) 0xc3, '"', ':', '1', '}'});
        refused("config.json", "is not UTF-8");
    }

    @ParameterizedTest
    @ValueSource(ints = {40, 100_000})
    void deeplyNestedConfig(int depth) throws Exception {
        Files.writeString(config, "{\"a\": " + "[".repeat(depth) + "]".repeat(depth) + "}");
        refused("config.json", "is nested more than 32 levels deep");
    }

    @Test
    void configOfTooManyBytes() throws Exception {
        Files.writeString(config, "{\"a\": \"" + "x".repeat(300_000) + "\"}");
        refused("config.json", "has 300009 bytes");
    }

    @Test
    void configOfTooManyValues() throws Exception {
        Files.writeString(config, "{\"a\": [" + "0,".repeat(20_000) + "0]}");
        refused("config.json", "more values than any model needs");
    }

    @Test
    void tokenizerThatIsNotJson() throws Exception {
        for (String text : new String[] {"[]", "{\"a\": }", "{} {}", "{\"a\": \"\\q\"}"}) {
            Path tokenizer = model.resolve("tokenizer/tokenizer.json");
            Files.writeString(tokenizer, text);
            edit(
                    json ->
                            json.getAsJsonObject("okm")
                                    .addProperty(
                                            "tokenizer",
                                            Checksum.of(StandardCharsets.UTF_8.encode(text))));
            refused("tokenizer/tokenizer.json", "JSON");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "model_type, llama, model_type 'llama' is not supported",
        "activation_function, mish, activation_function 'mish' is not supported",
    })
    void unknownArchitecture(String key, String value, String reason) throws Exception {
        edit(json -> json.addProperty(key, value));
        refused("config.json", reason);
    }

    @ParameterizedTest
    @ValueSource(strings = {"n_layer", "n_embd", "n_head", "n_positions", "n_inner", "vocab_size"})
    void sizeOutOfRange(String key) throws Exception {
        for (long value : new long[] {0, -1, 1L << 31, Long.MIN_VALUE}) {
            edit(json -> json.addProperty(key, value));
            refused("config.json", key);
        }
        edit(json -> json.addProperty(key, 2.5));
        refused("config.json", key, "must be an integer");
        edit(json -> json.addProperty(key, "8"));
        refused("config.json", key, "must be an integer");
        edit(json -> json.add(key, new JsonArray()));
        refused("config.json", key, "must be a single value");
    }

    @ParameterizedTest
    @ValueSource(strings = {"model_type", "n_layer", "n_embd", "n_head", "n_positions"})
    void missingKey(String key) throws Exception {
        edit(json -> json.remove(key));
        refused("config.json", key, "is missing");
    }

    @Test
    void headsThatDoNotDivide() throws Exception {
        edit(json -> json.addProperty("n_head", 3));
        refused("config.json", "n_embd 8 is not a multiple of n_head 3");
    }

    @Test
    void keysOfTheWrongType() throws Exception {
        edit(json -> json.addProperty("tie_word_embeddings", 1));
        refused("config.json", "'tie_word_embeddings' must be true or false");
        restoreConfig();
        edit(json -> json.addProperty("model_type", 2));
        refused("config.json", "'model_type' must be a string");
        restoreConfig();
        edit(json -> json.addProperty("layer_norm_epsilon", -1e-5));
        refused("config.json", "'layer_norm_epsilon' must be a number between 0 and 1");
        restoreConfig();
        edit(json -> json.addProperty("add_cross_attention", true));
        refused("config.json", "add_cross_attention");
    }

    private void restoreConfig() throws Exception {
        Path again = temp.resolve("again");
        Samples.write(again, Form.DIRECTORY);
        Files.move(again.resolve("config.json"), config, StandardCopyOption.REPLACE_EXISTING);
        for (String file : Samples.files(again)) {
            Files.delete(again.resolve(file));
        }
        Files.delete(again.resolve("tokenizer"));
        Files.delete(again);
    }

    @Test
    void truncatedWeights() throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(weights.toFile(), "rw")) {
            file.setLength(file.length() - 1);
        }
        refused("lm_head.weight", "lies out of range", "cut short");
    }

    @Test
    void overlongWeights() throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(weights.toFile(), "rw")) {
            file.setLength(file.length() + 1);
        }
        refused("weights.bin is over-long", "lm_head.weight");
    }

    @Test
    void overlappingTensors() throws Exception {
        editTensor(WPE, json -> json.addProperty("offset", 0));
        refused(WPE, "overlaps tensor 'transformer.wte.weight'");
    }

    @Test
    void gapBetweenTensors() throws Exception {
        editTensor(
                "lm_head.weight",
                json -> json.addProperty("offset", json.get("offset").getAsLong() + 64));
        try (RandomAccessFile file = new RandomAccessFile(weights.toFile(), "rw")) {
            file.setLength(file.length() + 64);
        }
        refused("lm_head.weight", "leaves a gap");
    }

    @ParameterizedTest
    @CsvSource({
        "64000000, lies out of range",
        "-64, lies out of range",
        "999999999999999936, lies out of range",
        "9223372036854775744, must be an integer of at most 18 digits",
        "32, no multiple of 64",
    })
    void offsetOutOfRange(long offset, String reason) throws Exception {
        editTensor(WTE, json -> json.addProperty("offset", offset));
        refused(WTE, reason);
    }

    @Test
    void byteLengthThatContradictsTheShape() throws Exception {
        editTensor(WTE, json -> json.addProperty("byte_length", 4));
        refused(WTE, "byte_length of 4", "need 640");
    }

    @Test
    void numbersThatOverflow() throws Exception {
        editTensor(WTE, json -> json.add("offset", number("1e1000000000")));
        refused(WTE, "offset must be an integer");
        editTensor(WTE, json -> json.add("offset", number("18446744073709551616")));
        refused(WTE, "offset must be an integer");
    }

    private static JsonElement number(String text) {
        return new JsonPrimitive(new LazilyParsedNumber(text));
    }

    @Test
    void shapeTooLargeForAnyMachine() throws Exception {
        edit(
                json -> {
                    json.addProperty("vocab_size", Integer.MAX_VALUE);
                    JsonArray shape = new JsonArray();
                    shape.add(Integer.MAX_VALUE);
                    shape.add(8);
                    Samples.tensor(json, WTE).add("shape", shape);
                });
        refused(WTE, "larger than 2 GiB");
    }

    @Test
    void moreLayersThanTensors() throws Exception {
        edit(json -> json.addProperty("n_layer", Integer.MAX_VALUE));
        refused("config.json", "n_layer 2147483647 needs 25769803769 tensors");
    }

    @ParameterizedTest
    @CsvSource({
        "vocab_size, 21, transformer.wte.weight, '(21, 8)'",
        "n_positions, 9, transformer.wpe.weight, '(9, 8)'",
        "n_inner, 32, transformer.h.0.mlp.c_fc.weight, '(8, 32)'",
        "n_embd, 4, transformer.wte.weight, '(20, 4)'",
    })
    void shapeThatContradictsTheConfig(String key, int value, String tensor, String shape)
            throws Exception {
        edit(json -> json.addProperty(key, value));
        refused(tensor, "must have the shape " + shape);
    }

    @Test
    void shapeThatIsNone() throws Exception {
        editTensor(WTE, json -> json.addProperty("shape", "20, 8"));
        refused(WTE, "must have the shape (20, 8)");
    }

    @Test
    void missingTensor() throws Exception {
        edit(json -> tensors(json).remove(tensors(json).size() - 1));
        refused("lm_head.weight", "is missing");
    }

    @Test
    void unknownTensor() throws Exception {
        editTensor(WPE, json -> json.addProperty("name", "transformer.rotary\u001b[2J"));
        refused("transformer.rotary\\u001b[2J", "is unknown");
    }

    @Test
    void tensorListedTwice() throws Exception {
        edit(json -> tensors(json).add(tensors(json).get(0)));
        refused(WTE, "is listed twice");
    }

    @Test
    void tensorsThatAreNoList() throws Exception {
        edit(json -> json.getAsJsonObject("okm").add("tensors", new JsonObject()));
        refused("okm.tensors must be a list");
        edit(json -> json.getAsJsonObject("okm").add("tensors", new JsonArray()));
        refused("is missing");
    }

    private static JsonArray tensors(JsonObject json) {
        return json.getAsJsonObject("okm").getAsJsonArray("tensors");
    }

    @Test
    void unknownType() throws Exception {
        editTensor(WTE, json -> json.addProperty("dtype", "I8"));
        refused(WTE, "unknown dtype 'I8'");
    }

    @Test
    void damagedWeights() throws Exception {
        damage(weights, 700);
        refused("weights.bin", WPE, "checksum", "does not match");
    }

    @Test
    void checksumOfAnUnknownKind() throws Exception {
        editTensor(WTE, json -> json.addProperty("checksum", "md5:00"));
        refused(WTE, "no checksum of the form");
    }

    @Test
    void editedConfig() throws Exception {
        Files.writeString(config, Files.readString(config).replace("1e-05", "1e-06"));
        refused("config.json", "checksum does not match");
    }

    @Test
    void editedTokenizer() throws Exception {
        damage(model.resolve("tokenizer/tokenizer.json"), 14);
        refused("tokenizer/tokenizer.json", "checksum does not match");
    }

    /** What the JVM throws when a mapped file was cut short: it must not look like a JVM's bug. */
    @Test
    void cutShortWhileItIsRead() {
        Reading<Object> reading =
                () -> {
                    throw new InternalError("a fault occurred in an unsafe memory access");
                };
        MalformedModelException e =
                assertThrows(
                        MalformedModelException.class, () -> OkmFile.readMapped(model, reading));
        assertTrue(e.getMessage().startsWith(model + ": "), e.getMessage());
        assertTrue(e.getMessage().contains("was cut short"), e.getMessage());
    }
}
