package org.oktoblas.okm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An archive of more than 2 GiB, the most that one mapping can hold. It is a file of holes. */
@Tag("sources")
class LargeOkmTest {
    private static final int VOCAB = 280_000;
    private static final int HIDDEN = 2048;

    private long weightsSize;

    @Test
    void anArchiveOfMoreThanTwoGibibytesOpens() throws Exception {
        JsonObject config = Samples.config();
        config.addProperty("n_layer", 1);
        config.addProperty("n_embd", HIDDEN);
        config.addProperty("vocab_size", VOCAB);
        byte[] text = Samples.sealed(describe(config)).getBytes(StandardCharsets.UTF_8);
        // Below target and not in the temporary directory, which may be in memory.
        Path path = Files.createTempFile(Path.of("target"), "large", ".okm");
        try {
            write(path, text);
            assertTrue(Files.size(path) > Integer.MAX_VALUE);
            try (OkmFile file = OkmFile.open(path)) {
                ByteBuffer last = file.data("lm_head.weight");
                assertEquals((byte) 0x5a, last.get(last.limit() - 1));
                assertEquals(0, last.alignmentOffset(0, 64));
                assertTrue(file.tensors().get("lm_head.weight").offset() > 1L << 30);
            }
        } finally {
            Files.delete(path);
        }
    }

    /** Lists tensors of zeros, but for the very last byte. */
    private JsonObject describe(JsonObject config) throws MalformedModelException {
        JsonArray list = new JsonArray();
        Map<Long, String> checksums = new HashMap<>();
        long offset = 0;
        for (Map.Entry<String, Shape> entry :
                Gpt2Config.fromJson(config, "large").tensorShapes().entrySet()) {
            long length = TensorTable.byteLength(OkmType.F16, entry.getValue());
            boolean last = entry.getKey().equals("lm_head.weight");
            String checksum =
                    last
                            ? zeros(length, 0x5a)
                            : checksums.computeIfAbsent(length, n -> zeros(n, 0));
            list.add(
                    TensorTable.toJson(
                            new OkmTensor(
                                    entry.getKey(),
                                    OkmType.F16,
                                    entry.getValue(),
                                    offset,
                                    length,
                                    checksum)));
            weightsSize = offset + length;
            offset = TensorTable.align(weightsSize);
        }
        JsonObject okm = new JsonObject();
        okm.addProperty("format_version", 1);
        okm.add("tensors", list);
        config.add("okm", okm);
        return config;
    }

    private static String zeros(long length, int last) {
        CRC32C crc = new CRC32C();
        byte[] chunk = new byte[1 << 20];
        for (long rest = length - 1; rest > 0; rest -= chunk.length) {
            crc.update(chunk, 0, (int) Math.min(rest, chunk.length));
        }
        crc.update(last);
        return Checksum.format(crc);
    }

    /** A zip archive by hand: the weights' data begins at 64 and is a hole. */
    private void write(Path path, byte[] config) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            ByteBuffer first = header(ZipBytes.LOCAL, 30, "weights.bin", weightsSize, 23);
            assertEquals(64, first.limit());
            channel.write(first, 0);
            channel.write(ByteBuffer.wrap(new byte[] {0x5a}), 64 + weightsSize - 1);
            long second = 64 + weightsSize;
            channel.position(second);
            channel.write(header(ZipBytes.LOCAL, 30, "config.json", config.length, 0));
            channel.write(ByteBuffer.wrap(config));
            long directory = channel.position();
            channel.write(header(ZipBytes.CENTRAL, 46, "weights.bin", weightsSize, 0));
            ByteBuffer central = header(ZipBytes.CENTRAL, 46, "config.json", config.length, 0);
            channel.write(central.putInt(42, (int) second));
            ByteBuffer end = ByteBuffer.allocate(22).order(ByteOrder.LITTLE_ENDIAN);
            end.putInt(0, 0x06054b50).putShort(8, (short) 2).putShort(10, (short) 2);
            end.putInt(12, (int) (channel.position() - directory)).putInt(16, (int) directory);
            channel.write(end);
        }
    }

    private static ByteBuffer header(int signature, int length, String name, long size, int pad) {
        ByteBuffer header = ByteBuffer.allocate(length + name.length() + pad);
        int shift = signature == ZipBytes.CENTRAL ? 2 : 0; // it has one more version field
        header.order(ByteOrder.LITTLE_ENDIAN).putInt(0, signature);
        header.putInt(18 + shift, (int) size).putInt(22 + shift, (int) size);
        header.putShort(26 + shift, (short) name.length()).putShort(28 + shift, (short) pad);
        header.put(length, name.getBytes(StandardCharsets.US_ASCII));
        return header;
    }
}
