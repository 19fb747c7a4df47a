package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Memory of the host that kernels write to. */
@RequiresGpu
class PinnedMemoryTest {

    @Test
    void whatAKernelWritesIsSeen() {
        CudaDevice device = CudaDevice.get(0);
        CudaStream stream = device.borrowStream();
        PinnedMemory memory = new PinnedMemory(device, 48);
        assertEquals(48, memory.byteSize());
        memory.set(1, 5);
        assertEquals(5, memory.get(1));
        stream.launch(
                new Probes(device).kernel("probe_fields"),
                1,
                Arguments.start()
                        .pointer(0)
                        .int32(-7)
                        .float64(Math.PI)
                        .float32(1.5f)
                        .int64(9)
                        .float32(-0.25f)
                        .pointer(memory.address()));
        stream.synchronize();
        assertTrue(stream.isIdle());
        assertEquals(-7, Double.longBitsToDouble(memory.get(0)));
        assertEquals(Math.PI, Double.longBitsToDouble(memory.get(1)));
        memory.close();
        memory.close();
        assertThrows(IllegalStateException.class, () -> memory.get(0));
        device.giveBack(stream);
    }

    @Test
    void aBusyStreamIsNotIdle() {
        CudaDevice device = CudaDevice.get(0);
        CudaStream stream = device.borrowStream();
        Probes probes = new Probes(device);
        try (Workspace block = stream.workspace(4)) {
            stream.fill(block.address(), 0, 4);
            stream.synchronize();
            probes.add(stream, block.address(), 1, 1, 100_000_000);
            assertFalse(stream.isIdle());
            stream.synchronize();
            assertTrue(stream.isIdle());
        }
        device.giveBack(stream);
    }
}
