package org.oktoblas.okm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.internal.LazilyParsedNumber;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.oktoblas.okm.OkmWriter.Content;
import org.oktoblas.okm.OkmWriter.Form;

/**
 * Whatever happens to a valid model's bytes: loading gives what the original gives, or a {@link
 * MalformedModelException} that names the file, within a second and within twice the file's size of
 * memory (and fixed three megabytes: a tiny file's JSON may hold a few thousand values).
 */
class OkmMutationTest {
    private static final long FIXED_BYTES = 3 << 20;
    private static final long MOST_NANOS = 1_000_000_000L;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Numbers and texts that have broken readers before. */
    private static final List<JsonElement> HOSTILE = new ArrayList<>();

    private static Path temp;
    private static Path archive;
    private static Path directory;
    private static Map<String, String> original;
    private static JsonObject originalConfig;
    private static byte[] archiveBytes;
    private static final Map<String, byte[]> PARTS = new TreeMap<>();
    private static byte[] largeBytes;
    private static int loaded;
    private static int refused;

    @BeforeContainer
    static void write() throws Exception {
        for (String number :
                new String[] {
                    "0",
                    "-1",
                    "1",
                    "2",
                    "64",
                    "2147483647",
                    "2147483648",
                    "4294967295",
                    "4611686018427387904",
                    "9223372036854775807",
                    "-9223372036854775808",
                    "18446744073709551616",
                    "1e308",
                    "1e-400",
                    "1e1000000000",
                    "-0",
                    "0.5",
                    "9".repeat(500)
                }) {
            HOSTILE.add(new JsonPrimitive(new LazilyParsedNumber(number)));
        }
        HOSTILE.add(JsonNull.INSTANCE);
        HOSTILE.add(new JsonPrimitive(""));
        HOSTILE.add(new JsonPrimitive("../../x"));
        HOSTILE.add(new JsonPrimitive("\0\n\u2028\ud83d\ude00"));
        HOSTILE.add(new JsonPrimitive("x".repeat(5000)));
        HOSTILE.add(new JsonPrimitive(true));
        HOSTILE.add(new JsonObject());
        HOSTILE.add(new JsonArray());
        HOSTILE.add(JsonParser.parseString("[".repeat(200) + "]".repeat(200)));
        HOSTILE.add(JsonParser.parseString("[" + "1,".repeat(2000) + "1]"));

        temp = Files.createTempDirectory("okm-mutation");
        archive = Samples.write(temp.resolve("model.okm"), Form.FILE);
        directory = Samples.write(temp.resolve("directory.okm"), Form.DIRECTORY);
        archiveBytes = Files.readAllBytes(archive);
        for (String part : List.of("config.json", "weights.bin", "tokenizer/tokenizer.json")) {
            PARTS.put(part, Files.readAllBytes(directory.resolve(part)));
        }
        for (Path path : List.of(archive, directory)) {
            try (OkmFile file = OkmFile.open(path)) {
                original = Samples.tensors(file);
                originalConfig = file.configJson();
            }
        }
        useEveryClassOnce();
    }

    /** What a class costs when it is first used is no model's doing. */
    private static void useEveryClassOnce() throws Exception {
        Random random = new Random(1);
        for (int i = 0; i < 100; i++) {
            JsonObject config = originalConfig.deepCopy();
            mutate(config, random);
            Files.writeString(directory.resolve("config.json"), Samples.sealed(config));
            Files.write(archive, mutate(archiveBytes, random));
            for (Path path : List.of(archive, directory)) {
                try {
                    OkmFile.open(path).close();
                } catch (MalformedModelException e) {
                    assertTrue(e.getMessage().contains(path.toString()));
                }
            }
        }
        restoreDirectory();
    }

    @AfterContainer
    static void delete() throws IOException {
        for (String file : Samples.files(temp)) {
            Files.delete(temp.resolve(file));
        }
        assertTrue(loaded > 100, "too few mutations were harmless to tell anything: " + loaded);
        assertTrue(refused > 1000, "too few mutations did any harm: " + refused);
    }

    @Property(tries = 1000, shrinking = ShrinkingMode.OFF)
    void archiveBytesAreMutated(@ForAll Random random) throws Exception {
        Files.write(archive, mutate(archiveBytes, random));
        check(archive, originalConfig);
    }

    @Property(tries = 600, shrinking = ShrinkingMode.OFF)
    void numbersOfTheArchivesHeadersAreMutated(@ForAll Random random) throws Exception {
        byte[] bytes = archiveBytes.clone();
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        List<Integer> headers = new ArrayList<>(List.of(bytes.length - 22));
        for (String name : PARTS.keySet()) {
            headers.add(ZipBytes.header(bytes, ZipBytes.CENTRAL, name));
            headers.add(ZipBytes.header(bytes, ZipBytes.LOCAL, name));
        }
        for (int i = random.nextInt(3); i >= 0; i--) {
            int at = headers.get(random.nextInt(headers.size())) + 4 + random.nextInt(26);
            at = Math.min(at, bytes.length - 4);
            switch (random.nextInt(4)) {
                case 0 -> buffer.putShort(at, (short) random.nextInt());
                case 1 -> buffer.putShort(at, (short) -random.nextInt(3));
                case 2 -> buffer.putInt(at, random.nextInt());
                default -> buffer.putInt(at, bytes.length - random.nextInt(100));
            }
        }
        Files.write(archive, bytes);
        check(archive, originalConfig);
    }

    @Property(tries = 700, shrinking = ShrinkingMode.OFF)
    void bytesOfTheDirectoryAreMutated(@ForAll Random random) throws Exception {
        restoreDirectory();
        List<String> names = new ArrayList<>(PARTS.keySet());
        String name = names.get(random.nextInt(names.size()));
        Files.write(directory.resolve(name), mutate(PARTS.get(name), random));
        check(directory, originalConfig);
    }

    /**
     * Validation by itself: every checksum of the changed text is right. One in fourteen is
     * harmless, as are some 40 of the other properties' mutations: 180 in all, six standard
     * deviations over what {@link #delete} wants.
     */
    @Property(tries = 2000, shrinking = ShrinkingMode.OFF)
    void valuesOfTheConfigAreMutatedAndSealed(@ForAll Random random) throws Exception {
        JsonObject config = originalConfig.deepCopy();
        for (int i = random.nextInt(3); i >= 0; i--) {
            mutate(config, random);
        }
        byte[] text = Samples.sealed(config).getBytes(StandardCharsets.UTF_8);
        if (random.nextBoolean()) {
            restoreDirectory();
            Files.write(directory.resolve("config.json"), text);
            check(directory, config);
        } else {
            Map<String, byte[]> entries = new LinkedHashMap<>(PARTS);
            entries.put("config.json", text);
            Files.write(archive, ZipBytes.write(entries, ZipEntry.STORED));
            check(archive, config);
        }
    }

    /**
     * Twice the size, and what an exception with its stack trace takes however short a mutation cut
     * the file: a few kilobytes.
     */
    @Property(tries = 100, shrinking = ShrinkingMode.OFF)
    void largerArchivesStayWithinTwiceTheirSize(@ForAll Random random) throws Exception {
        Path large = temp.resolve("large.okm");
        if (largeBytes == null) {
            JsonObject config = Samples.config();
            config.addProperty("vocab_size", 20_000);
            Content content = Samples.content(config);
            OkmWriter.write(large, Form.FILE, content, Progress.NONE);
            largeBytes = Files.readAllBytes(large);
            try (OkmFile file = OkmFile.open(large)) {
                assertEquals(29, file.tensors().size());
            }
        }
        Files.write(large, mutate(largeBytes, random));
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try (OkmFile file = OkmFile.open(large)) {
            assertEquals(29, file.tensors().size());
        } catch (MalformedModelException e) {
            assertTrue(e.getMessage().contains(large.toString()), e.getMessage());
        }
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated <= 2 * Files.size(large) + 16_384, allocated + " bytes");
    }

    /** Texts that want to grow into large trees; values stand where a reader must keep them. */
    @Example
    void hostileTextsStaySmall() throws Exception {
        StringBuilder keys = new StringBuilder("0");
        for (int i = 0; i < 1_800; i++) {
            keys.append(",{\"").append(Integer.toString(i, 36)).append("\":[]}");
        }
        for (String value :
                List.of(
                        "\"" + "x".repeat(255_000) + "\"",
                        "\"" + "一".repeat(85_000) + "\"",
                        "[" + "{},".repeat(5_600) + "0]",
                        "[" + "[],".repeat(5_600) + "0]",
                        "[" + "1,".repeat(5_600) + "0]",
                        "[" + "-0.5e-7,".repeat(5_600) + "0]",
                        "[" + keys + "]",
                        "[" + "[],".repeat(80_000) + "0]")) {
            restoreDirectory();
            String text = originalConfig.toString();
            Files.writeString(
                    directory.resolve("config.json"), "{\"a\":" + value + "," + text.substring(1));
            // Once for what is made only the first time, and once to measure.
            for (int i = 0; i < 2; i++) {
                int before = refused;
                check(directory, originalConfig);
                assertEquals(before + 1, refused);
            }
        }
    }

    private static void restoreDirectory() throws IOException {
        for (Map.Entry<String, byte[]> part : PARTS.entrySet()) {
            Files.write(directory.resolve(part.getKey()), part.getValue());
        }
    }

    private static void check(Path path, JsonObject config) throws Exception {
        long size = 0;
        if (Files.isDirectory(path)) {
            for (String file : Samples.files(path)) {
                size += Files.size(path.resolve(file));
            }
        } else {
            size = Files.size(path);
        }
        long allocatedBefore = THREADS.getCurrentThreadAllocatedBytes();
        long begin = System.nanoTime();
        OkmFile file = null;
        MalformedModelException refusal = null;
        try {
            file = OkmFile.open(path);
        } catch (MalformedModelException e) {
            refusal = e;
        }
        long nanos = System.nanoTime() - begin;
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - allocatedBefore;
        assertTrue(nanos < MOST_NANOS, nanos + " ns");
        assertTrue(allocated <= 2 * size + FIXED_BYTES, allocated + " bytes for " + size);
        if (refusal != null) {
            refused++;
            assertTrue(refusal.getMessage().contains(path.toString()), refusal.getMessage());
            return;
        }
        loaded++;
        try (OkmFile opened = file) {
            assertEquals(original, Samples.tensors(opened));
            assertEquals(withoutChecksum(config), withoutChecksum(opened.configJson()));
            assertEquals(Samples.TOKENIZER, opened.tokenizerJson().orElseThrow());
        }
    }

    private static String withoutChecksum(JsonObject config) {
        JsonObject copy = config.deepCopy();
        copy.getAsJsonObject("okm").remove("checksum");
        return copy.toString();
    }

    private static byte[] mutate(byte[] bytes, Random random) {
        byte[] result = bytes.clone();
        int at = random.nextInt(result.length);
        switch (random.nextInt(6)) {
            case 0 -> {
                for (int i = random.nextInt(8); i >= 0; i--) {
                    result[random.nextInt(result.length)] ^= (byte) (1 << random.nextInt(8));
                }
            }
            case 1 -> result = Arrays.copyOf(result, at);
            case 2 -> {
                byte[] inserted = new byte[1 + random.nextInt(100)];
                random.nextBytes(inserted);
                ByteBuffer longer = ByteBuffer.allocate(result.length + inserted.length);
                longer.put(result, 0, at).put(inserted).put(result, at, result.length - at);
                result = longer.array();
            }
            case 3 -> {
                int length = 1 + random.nextInt(200);
                int from = random.nextInt(result.length);
                length = Math.min(length, result.length - Math.max(at, from));
                System.arraycopy(result, from, result, at, length);
            }
            case 4 -> {
                int length = Math.min(1 + random.nextInt(100), result.length - at);
                byte[] shorter = Arrays.copyOf(result, result.length - length);
                System.arraycopy(result, at + length, shorter, at, shorter.length - at);
                result = shorter;
            }
            default -> {
                byte value = (byte) (random.nextBoolean() ? 0 : 0xff);
                int length = Math.min(1 << random.nextInt(10), result.length - at);
                Arrays.fill(result, at, at + length, value);
            }
        }
        return result;
    }

    /** Replaces, removes or repeats one value, chosen anywhere in the tree. */
    private static void mutate(JsonObject config, Random random) {
        JsonElement at = config;
        while (true) {
            boolean object = at.isJsonObject();
            int size = object ? at.getAsJsonObject().size() : at.getAsJsonArray().size();
            if (size == 0) {
                return;
            }
            int index = random.nextInt(size);
            String key = object ? new ArrayList<>(at.getAsJsonObject().keySet()).get(index) : null;
            JsonElement child =
                    object ? at.getAsJsonObject().get(key) : at.getAsJsonArray().get(index);
            boolean container = child.isJsonObject() || child.isJsonArray();
            if (container && random.nextInt(10) > 0) {
                at = child;
                continue;
            }
            JsonElement value = HOSTILE.get(random.nextInt(HOSTILE.size())).deepCopy();
            boolean remove = random.nextInt(8) == 0;
            if (object && remove) {
                at.getAsJsonObject().remove(key);
            } else if (object) {
                at.getAsJsonObject().add(key, value);
            } else if (remove) {
                at.getAsJsonArray().remove(index);
            } else if (random.nextInt(4) == 0) {
                at.getAsJsonArray().add(child.deepCopy());
            } else {
                at.getAsJsonArray().set(index, value);
            }
            return;
        }
    }
}
