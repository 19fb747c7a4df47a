package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Allocation in a stream's order, its figures, and its end. */
@RequiresGpu
class MemoryTest {

    private CudaDevice device;
    private CudaStream stream;

    @BeforeEach
    void borrow() {
        device = CudaDevice.get(0);
        stream = device.borrowStream();
    }

    @AfterEach
    void giveBack() {
        stream.synchronize();
        device.giveBack(stream);
    }

    @Test
    void blocksAreApartAndAligned() {
        Random random = new Random(1);
        List<DeviceMemory> blocks = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            int bytes = random.nextInt(1 << random.nextInt(20));
            blocks.add(stream.allocate(bytes));
            assertEquals(bytes, blocks.get(i).byteSize());
            assertEquals(0, blocks.get(i).address() % 256);
            stream.fill(blocks.get(i).address(), i, Math.min(bytes, 64));
        }
        for (int i = 0; i < blocks.size(); i++) {
            int bytes = (int) Math.min(blocks.get(i).byteSize(), 64) & -4;
            int expected = (i & 255) * 0x01010101;
            for (int word : Probes.download(stream, blocks.get(i).address(), bytes / 4)) {
                assertEquals(expected, word, "block " + i);
            }
        }
        blocks.forEach(DeviceMemory::free);
    }

    @Test
    void figuresFollowAllocations() {
        MemoryStatistics before = device.memory();
        DeviceMemory large = stream.allocate(100 << 20);
        DeviceMemory small = stream.allocate(0);
        MemoryStatistics during = device.memory();
        assertEquals(before.blocks() + 2, during.blocks());
        assertTrue(during.used() >= before.used() + (100 << 20));
        assertTrue(during.used() <= before.used() + (101 << 20));
        assertTrue(during.peak() >= during.used());
        assertTrue(during.reserved() >= during.used());
        assertTrue(during.free() < during.total());
        large.free();
        small.free();
        small.free();
        MemoryStatistics after = device.memory();
        assertEquals(before.blocks(), after.blocks());
        assertEquals(before.used(), after.used());
        assertTrue(after.peak() >= during.used());
    }

    @Test
    void freedBlocksAreUsedAgain() {
        Set<Long> addresses = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            DeviceMemory block = stream.allocate(5000);
            addresses.add(block.address());
            block.free();
        }
        assertTrue(addresses.size() <= 2, addresses.size() + " addresses");
        DeviceMemory first = stream.allocate(5000);
        DeviceMemory second = stream.allocate(5000);
        assertNotEquals(first.address(), second.address());
        first.free();
        second.free();
    }

    @Test
    void trimGivesTheReserveBack() {
        device.trim();
        long before = device.memory().reserved();
        DeviceMemory block = stream.allocate(512 << 20);
        block.free();
        assertTrue(device.memory().reserved() >= before + (512 << 20), "the reserve is kept");
        device.trim();
        assertTrue(device.memory().reserved() <= before + (64 << 20), "the reserve is gone");
    }

    @Test
    void outOfMemoryIsSurvivedTenTimes() {
        MemoryStatistics before = device.memory();
        long part = before.total() / 16;
        for (int round = 0; round < 10; round++) {
            List<DeviceMemory> blocks = new ArrayList<>();
            CudaOutOfMemoryException error =
                    assertThrows(
                            CudaOutOfMemoryException.class,
                            () -> {
                                while (blocks.size() < 17) {
                                    blocks.add(stream.allocate(part));
                                }
                            });
            assertTrue(error.getMessage().contains(part + " bytes"), error.getMessage());
            assertTrue(error.getMessage().contains("gpu0"), error.getMessage());
            blocks.forEach(DeviceMemory::free);
            try (Workspace workspace = stream.workspace(1024)) {
                stream.fill(workspace.address(), 1, 1024);
                assertEquals(0x01010101, Probes.download(stream, workspace.address(), 256)[255]);
            }
        }
        assertThrows(CudaOutOfMemoryException.class, () -> stream.allocate(Long.MAX_VALUE));
        assertEquals(before.blocks(), device.memory().blocks());
        device.trim();
    }

    @Test
    void memoryOfOneStreamServesAnotherInNeed() {
        // What one stream has freed and kept must not keep another from allocating.
        long part = device.memory().free() / 8 * 5;
        CudaStream other = device.borrowStream();
        for (int i = 0; i < 4; i++) {
            DeviceMemory block = (i % 2 == 0 ? stream : other).allocate(part);
            block.free();
        }
        device.giveBack(other);
        device.trim();
    }

    @Test
    void freedMemoryIsNotUsed() {
        DeviceMemory block = stream.allocate(100);
        block.free();
        assertThrows(IllegalStateException.class, () -> block.readOn(stream));
        assertThrows(IllegalStateException.class, () -> block.writeOn(stream));
        assertThrows(IllegalArgumentException.class, () -> stream.allocate(-1));
    }
}
