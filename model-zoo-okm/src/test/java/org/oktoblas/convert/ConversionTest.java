package org.oktoblas.convert;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.convert.Safetensors.Tensor;
import org.oktoblas.okm.OkmFile;
import org.oktoblas.okm.OkmTensor;
import org.oktoblas.okm.OkmType;
import org.oktoblas.okm.OkmWriter.Form;
import org.oktoblas.okm.Progress;
import org.oktoblas.okm.Samples;

/** Checkpoints that Hugging Face's library wrote, there and back. */
@Tag("sources")
class ConversionTest {
    @TempDir Path temp;

    private Path convert(Path from, Form form, OkmType type) throws Exception {
        Path okm = temp.resolve("model.okm");
        HuggingFaceImport.convert(from, okm, form, type, Progress.NONE);
        return okm;
    }

    static Stream<Arguments> checkpoints() {
        return Samples.CHECKPOINT_NAMES.stream()
                .flatMap(name -> Stream.of(Form.values()).map(form -> Arguments.of(name, form)));
    }

    @ParameterizedTest
    @MethodSource("checkpoints")
    void thereAndBackIsTheSameFile(String name, Form form) throws Exception {
        Path from = Samples.CHECKPOINTS.resolve(name);
        Path back = temp.resolve("back");
        HuggingFaceExport.convert(convert(from, form, null), back, Progress.NONE);
        for (String file : List.of("config.json", "generation_config.json", "model.safetensors")) {
            assertArrayEquals(
                    Files.readAllBytes(from.resolve(file)),
                    Files.readAllBytes(back.resolve(file)),
                    file);
        }
        assertEquals(3, Samples.files(back).size());
    }

    @Test
    void theShippedModelThereAndBack() throws Exception {
        Path checkpoint = temp.resolve("checkpoint");
        HuggingFaceExport.convert(Samples.OKTO_PROSE, checkpoint, Progress.NONE);
        Path again = convert(checkpoint, Form.FILE, null);
        assertArrayEquals(Files.readAllBytes(Samples.OKTO_PROSE), Files.readAllBytes(again));
        try (OkmFile file = OkmFile.open(again)) {
            assertEquals(
                    file.tokenizerJson().orElseThrow(),
                    Files.readString(checkpoint.resolve("tokenizer.json")));
        }
    }

    @Test
    void tensorsKeepTheirValuesAndTheConfigItsKeys() throws Exception {
        Path from = Samples.CHECKPOINTS.resolve("odd");
        Map<String, Tensor> wanted = Safetensors.read(from.resolve("model.safetensors"));
        try (OkmFile file = OkmFile.open(convert(from, Form.FILE, null))) {
            assertEquals(wanted.keySet(), new TreeMap<>(file.tensors()).keySet());
            wanted.forEach(
                    (name, tensor) ->
                            assertEquals(ByteBuffer.wrap(tensor.bytes()), file.data(name), name));
            JsonObject config = file.configJson();
            config.remove("okm");
            assertEquals(
                    JsonParser.parseString(Files.readString(from.resolve("config.json"))),
                    JsonParser.parseString(config.toString()));
            assertEquals(5, file.config().numHeads());
            assertEquals(300, file.config().innerSize());
            assertEquals("gelu", file.config().activationFunction());
            assertFalse(file.config().tieWordEmbeddings());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"F16", "BF16"})
    void castsAreTheNearestValues(String target) throws Exception {
        OkmType type = OkmType.valueOf(target);
        Path from = Samples.CHECKPOINTS.resolve("plain");
        Map<String, Tensor> source = Safetensors.read(from.resolve("model.safetensors"));
        double[] values = new double[0x10000];
        for (int i = 0; i < values.length; i++) {
            values[i] =
                    type == OkmType.F16
                            ? HalfFloats.fromF16((short) i)
                            : HalfFloats.fromBf16((short) i);
        }
        double[] sorted = Arrays.stream(values).filter(Double::isFinite).sorted().toArray();
        try (OkmFile file = OkmFile.open(convert(from, Form.FILE, type))) {
            for (OkmTensor tensor : file.tensors().values()) {
                assertEquals(type, tensor.type());
                ByteBuffer before =
                        ByteBuffer.wrap(source.get(tensor.name()).bytes())
                                .order(ByteOrder.LITTLE_ENDIAN);
                ByteBuffer after = file.data(tensor.name());
                while (after.hasRemaining()) {
                    double value = before.getFloat();
                    double cast = values[after.getShort() & 0xffff];
                    assertEquals(distance(sorted, value), Math.abs(cast - value), 0.0);
                }
                assertFalse(before.hasRemaining());
            }
            assertEquals(
                    type == OkmType.F16 ? "float16" : "bfloat16",
                    file.configJson().get("dtype").getAsString());
        }
    }

    /** How far the nearest of some sorted values is. */
    private static double distance(double[] sorted, double value) {
        int at = Arrays.binarySearch(sorted, value);
        if (at >= 0) {
            return 0;
        }
        return Math.min(
                sorted[Math.min(-at - 1, sorted.length - 1)] - value,
                value - sorted[Math.max(-at - 2, 0)]);
    }

    @Test
    void widerTypesHoldTheSameValues() throws Exception {
        Path checkpoint = temp.resolve("checkpoint");
        HuggingFaceExport.convert(Samples.OKTO_PROSE, checkpoint, Progress.NONE);
        try (OkmFile wide = OkmFile.open(convert(checkpoint, Form.FILE, OkmType.F32));
                OkmFile half = OkmFile.open(Samples.OKTO_PROSE)) {
            for (String name : half.tensors().keySet()) {
                ByteBuffer values = wide.data(name);
                ByteBuffer bits = half.data(name);
                while (bits.hasRemaining()) {
                    assertEquals(HalfFloats.fromF16(bits.getShort()), values.getFloat(), 0f);
                }
            }
        }
    }

    @Test
    void shardsGiveTheSameModel() throws Exception {
        Path from = Samples.CHECKPOINTS.resolve("scaled");
        Path sharded = Files.createDirectory(temp.resolve("sharded"));
        Map<String, Tensor> tensors = Safetensors.read(from.resolve("model.safetensors"));
        JsonObject weightMap = new JsonObject();
        List<Map<String, Tensor>> shards =
                List.of(new LinkedHashMap<>(), new LinkedHashMap<>(), new LinkedHashMap<>());
        int count = 0;
        for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
            int shard = count++ % 3;
            shards.get(shard).put(tensor.getKey(), tensor.getValue());
            weightMap.addProperty(tensor.getKey(), shardName(shard));
        }
        for (int i = 0; i < 3; i++) {
            Safetensors.write(sharded.resolve(shardName(i)), shards.get(i));
        }
        JsonObject index = new JsonObject();
        index.add("weight_map", weightMap);
        Files.writeString(sharded.resolve("model.safetensors.index.json"), index.toString());
        for (String file : List.of("config.json", "generation_config.json")) {
            Files.copy(from.resolve(file), sharded.resolve(file));
        }
        byte[] whole = Files.readAllBytes(convert(from, Form.FILE, null));
        assertArrayEquals(whole, Files.readAllBytes(convert(sharded, Form.FILE, null)));
    }

    private static String shardName(int shard) {
        return String.format("model-%05d-of-00003.safetensors", shard + 1);
    }

    /** The names that the first GPT-2 checkpoints have, their masks, and a head that is tied. */
    @Test
    void namesOfOlderCheckpoints() throws Exception {
        Path from = Samples.CHECKPOINTS.resolve("unscaled");
        Path older = Files.createDirectory(temp.resolve("older"));
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Safetensors.read(from.resolve("model.safetensors"))
                .forEach((name, tensor) -> tensors.put(name.substring(12), tensor));
        tensors.put("h.0.attn.bias", Tensor.of("F32", 1, 1, 64, 64));
        tensors.put("h.0.attn.masked_bias", Tensor.of("F32"));
        tensors.put("lm_head.weight", tensors.get("wte.weight"));
        Safetensors.write(older.resolve("model.safetensors"), tensors);
        for (String file : List.of("config.json", "generation_config.json")) {
            Files.copy(from.resolve(file), older.resolve(file));
        }
        byte[] whole = Files.readAllBytes(convert(from, Form.FILE, null));
        assertArrayEquals(whole, Files.readAllBytes(convert(older, Form.FILE, null)));
    }

    @Test
    void progressReachesTheEnd() throws Exception {
        long[] last = new long[2];
        Progress progress =
                (done, total) -> {
                    assertTrue(done > last[0] && done <= total);
                    last[0] = done;
                    last[1] = total;
                };
        Path okm = temp.resolve("model.okm");
        HuggingFaceImport.convert(
                Samples.CHECKPOINTS.resolve("plain"), okm, Form.FILE, OkmType.F16, progress);
        assertEquals(last[1], last[0]);
        Arrays.fill(last, 0);
        HuggingFaceExport.convert(okm, temp.resolve("back"), progress);
        assertEquals(last[1], last[0]);
    }
}
