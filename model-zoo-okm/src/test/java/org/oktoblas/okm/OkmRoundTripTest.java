package org.oktoblas.okm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.apache.commons.compress.archivers.zip.Zip64Mode;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.oktoblas.okm.OkmWriter.Content;
import org.oktoblas.okm.OkmWriter.Form;
import org.oktoblas.okm.OkmWriter.TensorSource;

/** What is written is read again, by us and by others. */
@Tag("sources")
class OkmRoundTripTest {
    @TempDir Path temp;

    @ParameterizedTest
    @EnumSource(Form.class)
    void everyBitComesBack(Form form) throws Exception {
        Content content = Samples.content(Samples.config());
        AtomicLong done = new AtomicLong();
        AtomicLong total = new AtomicLong();
        Path path = temp.resolve("model.okm");
        OkmWriter.write(
                path,
                form,
                content,
                (now, all) -> {
                    assertTrue(now > done.get());
                    done.set(now);
                    total.set(all);
                });
        assertTrue(OkmFile.matches(path));
        try (OkmFile file = OkmFile.open(path)) {
            assertEquals(path, file.path());
            assertEquals(Samples.TOKENIZER, file.tokenizerJson().orElseThrow());
            long bytes = 0;
            for (Map.Entry<String, ? extends TensorSource> entry : content.tensors().entrySet()) {
                ByteArrayOutputStream wanted = new ByteArrayOutputStream();
                entry.getValue().writeTo(Channels.newChannel(wanted));
                ByteBuffer data = file.data(entry.getKey());
                assertTrue(data.isDirect());
                assertTrue(data.isReadOnly());
                assertEquals(ByteOrder.LITTLE_ENDIAN, data.order());
                assertEquals(0, data.alignmentOffset(0, 64), entry.getKey());
                assertEquals(ByteBuffer.wrap(wanted.toByteArray()), data, entry.getKey());
                assertEquals(entry.getValue().type(), file.tensors().get(entry.getKey()).type());
                bytes += wanted.size();
            }
            assertEquals(bytes, done.get());
            assertEquals(bytes, total.get());
            JsonObject config = file.configJson();
            config.remove("okm");
            assertEquals(Samples.config().toString(), config.toString());
            assertEquals(
                    new Gpt2Config(
                            2, 8, 2, 10, 12, 20, "gelu_new", 1e-5, false, true, false, 0, -1),
                    file.config());
            assertEquals(
                    List.copyOf(file.config().tensorShapes().keySet()),
                    List.copyOf(file.tensors().keySet()));
        }
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void theSameContentGivesTheSameBytes(Form form) throws Exception {
        Path first = Samples.write(temp.resolve("first.okm"), form);
        Path second = Samples.write(temp.resolve("second.okm"), form);
        for (String file : form == Form.FILE ? List.of("") : Samples.files(first)) {
            assertArrayEquals(
                    Files.readAllBytes(first.resolve(file)),
                    Files.readAllBytes(second.resolve(file)));
        }
    }

    @Test
    void buffersOutliveTheFile() throws Exception {
        OkmFile file = OkmFile.open(Samples.write(temp.resolve("model.okm"), Form.FILE));
        ByteBuffer before = file.data("transformer.wte.weight");
        ByteBuffer copy = ByteBuffer.allocate(before.limit()).put(before.duplicate()).flip();
        assertThrows(NoSuchElementException.class, () -> file.data("wte"));
        file.close();
        assertThrows(IllegalStateException.class, () -> file.data("transformer.wte.weight"));
        System.gc();
        assertEquals(copy, before);
    }

    @Test
    void theJdkReadsOurArchiveAndItsChecksums() throws Exception {
        Path path = Samples.write(temp.resolve("model.okm"), Form.FILE);
        Path directory = Samples.write(temp.resolve("directory"), Form.DIRECTORY);
        try (ZipFile zip = new ZipFile(path.toFile())) {
            for (String name : List.of("config.json", "weights.bin", "tokenizer/tokenizer.json")) {
                ZipEntry entry = zip.getEntry(name);
                byte[] bytes = zip.getInputStream(entry).readAllBytes();
                java.util.zip.CRC32 crc = new java.util.zip.CRC32();
                crc.update(bytes);
                assertEquals(crc.getValue(), entry.getCrc());
                assertEquals(ZipEntry.STORED, entry.getMethod());
                assertArrayEquals(Files.readAllBytes(directory.resolve(name)), bytes);
            }
        }
        assertEquals(
                List.of(
                        "config.json",
                        "serving.properties",
                        "tokenizer/tokenizer.json",
                        "weights.bin"),
                Samples.files(directory));
    }

    @Test
    void archivesThatOthersPackedOpen() throws Exception {
        Path path = Samples.write(temp.resolve("model.okm"), Form.FILE);
        Map<String, String> wanted;
        try (OkmFile file = OkmFile.open(path)) {
            wanted = Samples.tensors(file);
        }
        // In another order, not aligned, with directories and files of other people's.
        Map<String, byte[]> entries = new TreeMap<>(ZipBytes.read(path));
        entries.put("README.md", new byte[] {'h', 'i', '!'});
        entries.put("tokenizer/", new byte[0]);
        Files.write(path, ZipBytes.write(entries, ZipEntry.STORED));
        try (OkmFile file = OkmFile.open(path)) {
            assertEquals(wanted, Samples.tensors(file));
            assertEquals(0, file.data("transformer.wpe.weight").alignmentOffset(0, 64));
        }
        entries.remove("tokenizer/");
        try (ZipArchiveOutputStream zip = new ZipArchiveOutputStream(path)) {
            zip.setUseZip64(Zip64Mode.Always);
            zip.setMethod(ZipArchiveOutputStream.STORED);
            zip.setComment("packed elsewhere");
            for (Map.Entry<String, byte[]> part : entries.entrySet()) {
                zip.putArchiveEntry(new ZipArchiveEntry(part.getKey()));
                zip.write(part.getValue());
                zip.closeArchiveEntry();
            }
        }
        try (OkmFile file = OkmFile.open(path)) {
            assertEquals(wanted, Samples.tensors(file));
        }
    }

    @Test
    void matchesGoesByNameAndLayout() throws Exception {
        assertTrue(OkmFile.matches(temp.resolve("not-there.okm")));
        assertTrue(OkmFile.matches(Samples.write(temp.resolve("directory"), Form.DIRECTORY)));
        assertFalse(OkmFile.matches(temp));
        assertFalse(OkmFile.matches(temp.resolve("model.zip")));
    }

    @Test
    void theShippedModelOpens() throws Exception {
        try (OkmFile file = OkmFile.open(Samples.OKTO_PROSE)) {
            long elements = file.tensors().values().stream().mapToLong(t -> t.shape().size()).sum();
            assertEquals(7_629_312, elements);
            assertTrue(file.tokenizerJson().orElseThrow().contains("\"BPE\""));
        }
    }
}
