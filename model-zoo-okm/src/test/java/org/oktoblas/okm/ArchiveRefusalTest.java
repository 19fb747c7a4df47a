package org.oktoblas.okm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.oktoblas.okm.ZipBytes.CENTRAL;
import static org.oktoblas.okm.ZipBytes.LOCAL;

import ai.djl.MalformedModelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.okm.OkmWriter.Form;

/** What a reader refuses in the archive form, each kind by itself. */
class ArchiveRefusalTest {
    private static final int END_LENGTH = 22;

    @TempDir Path temp;
    private Path model;
    private byte[] bytes;

    @BeforeEach
    void write() throws Exception {
        model = Samples.write(temp.resolve("model.okm"), Form.FILE);
        bytes = Files.readAllBytes(model);
    }

    private void refused(String... parts) throws Exception {
        Files.write(model, bytes);
        MalformedModelException e =
                assertThrows(MalformedModelException.class, () -> OkmFile.open(model));
        assertTrue(e.getMessage().contains(model.toString()), e.getMessage());
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
        assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    }

    private int central(String name) {
        return ZipBytes.header(bytes, CENTRAL, name);
    }

    private int local(String name) {
        return ZipBytes.header(bytes, LOCAL, name);
    }

    private int end() {
        return bytes.length - END_LENGTH;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 21, 22, 5000})
    void fileThatIsNoArchive(int length) throws Exception {
        bytes = new byte[length];
        refused("is not a whole zip archive");
    }

    @Test
    void truncatedArchive() throws Exception {
        for (int cut = 1; cut < bytes.length; cut += 13) {
            byte[] whole = bytes;
            bytes = Arrays.copyOf(whole, whole.length - cut);
            refused("is not a whole zip archive");
            bytes = whole;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "weights.bin", "tokenizer/tokenizer.json"})
    void missingEntry(String name) throws Exception {
        Map<String, byte[]> entries = ZipBytes.read(model);
        entries.remove(name);
        bytes = ZipBytes.write(entries, ZipEntry.STORED);
        refused(name, "is missing");
    }

    @Test
    void compressedEntry() throws Exception {
        bytes = ZipBytes.write(ZipBytes.read(model), ZipEntry.DEFLATED);
        refused("'weights.bin'", "is compressed (zip method 8)");
    }

    @Test
    void encryptedEntry() throws Exception {
        ZipBytes.put16(bytes, central("weights.bin") + 8, 1);
        refused("'weights.bin'", "is encrypted");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../evil.json", "a/../../b", "/etc/passwd", "C:x", "a\\..\\b", "a/.."})
    void entryThatPointsOutside(String name) throws Exception {
        Map<String, byte[]> entries = ZipBytes.read(model);
        entries.put(name, new byte[] {1});
        bytes = ZipBytes.write(entries, ZipEntry.STORED);
        refused(name, "points outside");
    }

    @Test
    void entryTwice() throws Exception {
        Map<String, byte[]> entries = ZipBytes.read(model);
        entries.put("config.jsoN", entries.get("config.json"));
        bytes = ZipBytes.write(entries, ZipEntry.STORED);
        bytes[local("config.jsoN") + 30 + 10] = 'n';
        bytes[central("config.jsoN") + 46 + 10] = 'n';
        refused("'config.json'", "twice");
    }

    @Test
    void entriesThatOverlap() throws Exception {
        // The inner archive's entry lies within the outer entry that holds it.
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("inner", new byte[] {7});
        byte[] inner = ZipBytes.write(entries, ZipEntry.STORED);
        entries = ZipBytes.read(model);
        entries.put("outer", Arrays.copyOf(inner, 36));
        entries.put("inner", new byte[] {7});
        bytes = ZipBytes.write(entries, ZipEntry.STORED);
        int first = local("inner");
        ZipBytes.put32(bytes, central("inner") + 42, first);
        refused("'inner'", "overlaps the entry 'outer'");
    }

    @ParameterizedTest
    @ValueSource(longs = {0xfffffffeL, 0x7fffffffL, 100_000})
    void absurdSize(long size) throws Exception {
        ZipBytes.put32(bytes, central("weights.bin") + 20, size);
        ZipBytes.put32(bytes, central("weights.bin") + 24, size);
        refused("'weights.bin'", "claims " + size + " bytes");
    }

    @Test
    void sizeThatReachesIntoTheDirectory() throws Exception {
        int size = bytes.length - 100;
        ZipBytes.put32(bytes, central("config.json") + 20, size);
        ZipBytes.put32(bytes, central("config.json") + 24, size);
        refused("'config.json'", "lies outside");
    }

    @Test
    void sizesThatDiffer() throws Exception {
        ZipBytes.put32(bytes, central("weights.bin") + 20, 5);
        refused("'weights.bin'", "two sizes differ");
    }

    @Test
    void zip64WithoutItsField() throws Exception {
        ZipBytes.put32(bytes, central("weights.bin") + 20, 0xffffffffL);
        refused("'weights.bin'", "damaged Zip64 field");
    }

    @Test
    void zip64RecordsThatAreNotThere() throws Exception {
        ZipBytes.put16(bytes, end() + 8, 0xffff);
        ZipBytes.put16(bytes, end() + 10, 0xffff);
        refused("Zip64 records are damaged");
    }

    @Test
    void absurdNumberOfEntries() throws Exception {
        ZipBytes.put16(bytes, end() + 8, 0xfffe);
        ZipBytes.put16(bytes, end() + 10, 0xfffe);
        refused("claims 65534 entries");
    }

    @Test
    void moreEntriesThanTheDirectoryHas() throws Exception {
        ZipBytes.put16(bytes, end() + 8, 4);
        ZipBytes.put16(bytes, end() + 10, 4);
        refused("directory is damaged");
        ZipBytes.put16(bytes, end() + 8, 2);
        ZipBytes.put16(bytes, end() + 10, 2);
        refused("longer than its entries");
    }

    @Test
    void severalDisks() throws Exception {
        ZipBytes.put16(bytes, end() + 4, 1);
        refused("several disks");
    }

    @ParameterizedTest
    @CsvSource({"12, -46", "12, 1000000000", "16, 7"})
    void directoryThatIsElsewhere(int field, int change) throws Exception {
        ZipBytes.put32(bytes, end() + field, 1000 + change);
        refused("directory");
    }

    @Test
    void headerThatContradictsTheDirectory() throws Exception {
        int header = local("config.json");
        bytes[header + 30] = 'k';
        refused("'config.json'", "contradicts");
        bytes[header + 30] = 'c';
        ZipBytes.put32(bytes, header + 22, 5);
        refused("'config.json'", "contradicts");
    }

    @Test
    void headerThatIsNone() throws Exception {
        ZipBytes.put32(bytes, central("config.json") + 42, 1);
        refused("'config.json'", "lies outside");
    }

    @Test
    void nameThatIsNotText() throws Exception {
        bytes[central("config.json") + 46] = (byte) 0xff;
        refused("name is not UTF-8");
    }

    @Test
    void damagedWeights() throws Exception {
        bytes[local("weights.bin") + 200] ^= 1;
        refused("weights.bin", "transformer.wte.weight", "does not match");
    }

    @Test
    void damagedConfig() throws Exception {
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("\"n_head\": 2");
        bytes[at + 10] = '4';
        refused("config.json", "checksum does not match");
    }
}
