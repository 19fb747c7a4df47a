package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Copies between host and device through pinned memory. */
@RequiresGpu
class TransferTest {

    private CudaDevice device;
    private CudaStream stream;

    @BeforeEach
    void borrow() {
        device = CudaDevice.get(0);
        stream = device.borrowStream();
    }

    @AfterEach
    void giveBack() {
        device.giveBack(stream);
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                0, 1, 2, 3, 255, 256, 257, 4095, 65537, 4194303, 4194304, 4194305, 8388608, 8388613,
                50000003
            })
    void bytesComeBack(int bytes) {
        byte[] data = new byte[bytes];
        new Random(bytes).nextBytes(data);
        DeviceMemory block = stream.allocate(bytes);
        ByteBuffer source = ByteBuffer.wrap(data);
        stream.upload(source, block.address());
        assertEquals(0, source.position());
        byte[] heap = new byte[bytes];
        stream.download(block.address(), ByteBuffer.wrap(heap));
        assertArrayEquals(data, heap);

        ByteBuffer direct = ByteBuffer.allocateDirect(bytes);
        direct.put(data).flip();
        stream.fill(block.address(), 0, bytes);
        stream.upload(direct.asReadOnlyBuffer(), block.address());
        ByteBuffer back = ByteBuffer.allocateDirect(bytes);
        stream.download(block.address(), back);
        assertEquals(direct, back);
        block.free();
    }

    @Test
    void aPartOfABuffer() {
        DeviceMemory block = stream.allocate(16);
        stream.fill(block.address(), 7, 16);
        ByteBuffer source = ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6}).position(2).limit(5);
        stream.upload(source, block.address() + 1);
        byte[] result = new byte[8];
        stream.download(block.address(), ByteBuffer.wrap(result).position(1).limit(7));
        assertArrayEquals(new byte[] {0, 7, 3, 4, 5, 7, 7, 0}, result);
        block.free();
    }

    @Test
    void theSourceMayChangeAtOnce() {
        // More than the pinned memory holds, in pieces that do not divide it.
        int piece = 100_001;
        int pieces = 200;
        DeviceMemory block = stream.allocate((long) piece * pieces);
        byte[] source = new byte[piece];
        for (int i = 0; i < pieces; i++) {
            java.util.Arrays.fill(source, (byte) i);
            stream.upload(ByteBuffer.wrap(source), block.address() + (long) i * piece);
        }
        assertPieces(block, piece, pieces);
        block.free();
    }

    /** Checks that every byte is its piece's number. */
    private void assertPieces(DeviceMemory block, int piece, int pieces) {
        byte[] all = new byte[piece * pieces];
        stream.download(block.address(), ByteBuffer.wrap(all));
        for (int i = 0; i < all.length; i++) {
            if (all[i] != (byte) (i / piece)) {
                assertEquals((byte) (i / piece), all[i], "byte " + i);
            }
        }
    }

    @Test
    void anEmptyDownloadLeavesUploadsAlone() {
        int piece = 1 << 20;
        int pieces = 64;
        DeviceMemory block = stream.allocate((long) piece * pieces);
        byte[] source = new byte[piece];
        for (int i = 0; i < pieces; i++) {
            java.util.Arrays.fill(source, (byte) i);
            stream.upload(ByteBuffer.wrap(source), block.address() + (long) i * piece);
            stream.download(block.address(), ByteBuffer.allocate(0));
        }
        assertPieces(block, piece, pieces);
        block.free();
    }

    @Test
    void streamsTakeTurnsWithPinnedMemory() {
        for (int round = 0; round < 20; round++) {
            CudaStream other = device.borrowStream();
            DeviceMemory block = other.allocate(4 << 20);
            byte[] data = new byte[4 << 20];
            new Random(round).nextBytes(data);
            other.upload(ByteBuffer.wrap(data), block.address());
            byte[] back = new byte[data.length];
            other.download(block.address(), ByteBuffer.wrap(back));
            assertArrayEquals(data, back);
            other.upload(ByteBuffer.wrap(back), block.address());
            block.free();
            device.giveBack(other);
        }
    }

    @Test
    void copiesOnTheDevice() {
        DeviceMemory from = stream.allocate(1000);
        DeviceMemory to = stream.allocate(1000);
        stream.fill(to.address(), 1, 1000);
        stream.fill(from.address(), -1, 1000);
        stream.copy(from.address() + 3, to.address() + 500, 101);
        byte[] result = new byte[1000];
        stream.download(to.address(), ByteBuffer.wrap(result));
        for (int i = 0; i < 1000; i++) {
            assertEquals(i >= 500 && i < 601 ? -1 : 1, result[i], "byte " + i);
        }
        from.free();
        to.free();
    }
}
