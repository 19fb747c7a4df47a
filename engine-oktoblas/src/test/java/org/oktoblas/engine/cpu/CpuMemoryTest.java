package org.oktoblas.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.types.DataType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Storage;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.TestTensors;

/** Memory outside the heap: counted, aligned, reused within bounds, and beyond two gigabytes. */
class CpuMemoryTest {

    @Test
    void countsWhatIsOutstanding() {
        CpuMemory memory = new CpuMemory();
        List<CpuStorage> storages = new ArrayList<>();
        Random random = new Random(1);
        long asked = 0;
        for (int i = 0; i < 500; i++) {
            long size = (long) Math.exp(random.nextDouble() * 14);
            CpuStorage storage = memory.allocate(size);
            assertEquals(0, storage.address() % 64);
            assertEquals(size, storage.byteSize());
            storages.add(storage);
            asked += size;
        }
        assertTrue(memory.outstandingBytes() >= asked);
        assertTrue(memory.outstandingBytes() <= asked * 1.2 + 500 * 64);
        storages.forEach(CpuStorage::release);
        assertEquals(0, memory.outstandingBytes());
        assertTrue(memory.keptBytes() <= 128L << 20);
        memory.trim();
        assertEquals(0, memory.keptBytes());
    }

    @Test
    void reusesBlocks() {
        CpuMemory memory = new CpuMemory();
        CpuStorage first = memory.allocate(1_000_000);
        long address = first.address();
        first.release();
        CpuStorage second = memory.allocate(1_000_001);
        assertEquals(address, second.address());
        second.release();
        memory.trim();
    }

    @Test
    void runningOutSaysHowMuchWasAskedFor() {
        CpuMemory memory = new CpuMemory();
        EngineException e = assertThrows(EngineException.class, () -> memory.allocate(1L << 60));
        assertTrue(e.getMessage().contains(Long.toString(1L << 60)), e.getMessage());
        assertTrue(e.getMessage().contains("0 bytes"), e.getMessage());
        assertEquals(0, memory.outstandingBytes());
    }

    @Test
    void wrapsADirectBufferWithoutACopy() {
        CpuBackend backend = CpuBackend.get();
        ByteBuffer buffer = ByteBuffer.allocateDirect(44).order(ByteOrder.nativeOrder());
        for (int i = 0; i < 11; i++) {
            buffer.putFloat(4 * i, i);
        }
        buffer.position(4);
        Storage storage = backend.wrap(buffer.asReadOnlyBuffer());
        assertEquals(40, storage.byteSize());
        Tensor x = new Tensor(storage, DataType.FLOAT32, Layout.contiguous(10));
        Tensor y = TestTensors.empty(backend, DataType.FLOAT32, 10);
        backend.copy(x, y);
        assertArrayEquals(
                new double[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, TestTensors.read(backend, y));
        buffer.putFloat(4, 100);
        assertEquals(100, TestTensors.read(backend, x)[0]);
        storage.release();
        y.storage().release();
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class, () -> backend.wrap(ByteBuffer.allocate(8)));
        assertTrue(e.getMessage().contains("direct buffer"), e.getMessage());
    }

    @Test
    void writingBeyondTheEndIsRefused() {
        CpuBackend backend = CpuBackend.get();
        Storage storage = backend.allocate(16);
        assertThrows(
                IndexOutOfBoundsException.class,
                () -> backend.write(ByteBuffer.allocate(8), storage, 12));
        storage.release();
    }

    @Test
    void storagesOfMoreThanTwoGigabytes() {
        CpuBackend backend = CpuBackend.get();
        long count = 2_400_000_000L;
        Storage storage = backend.allocate(count);
        Tensor bytes = new Tensor(storage, DataType.UINT8, Layout.contiguous(count));
        // A stripe across the whole, and its end: little of the memory is ever touched.
        long stride = 48_000_000;
        Tensor stripe = bytes.with(new Layout(new long[] {50}, new long[] {stride}, stride - 1));
        backend.arange(Scalar.of(0), Scalar.of(1), stripe);
        Tensor last = bytes.with(new Layout(new long[] {4}, new long[] {-stride}, count - 1));
        Tensor copy = TestTensors.empty(backend, DataType.UINT8, 4);
        backend.copy(last, copy);
        assertArrayEquals(new double[] {49, 48, 47, 46}, TestTensors.read(backend, copy));
        Tensor end = bytes.with(new Layout(new long[] {4}, new long[] {1}, count - 4));
        backend.fill(end, Scalar.of(9));
        backend.copy(end, copy);
        assertArrayEquals(new double[] {9, 9, 9, 9}, TestTensors.read(backend, copy));
        storage.release();
        copy.storage().release();
    }

    @Test
    void wrapsAMappedFileOfMoreThanAGigabyte(@TempDir Path directory) throws IOException {
        CpuBackend backend = CpuBackend.get();
        long count = 5L << 28;
        ByteBuffer mapped;
        Set<OpenOption> options =
                Set.of(
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.SPARSE);
        try (FileChannel file = FileChannel.open(directory.resolve("sparse"), options)) {
            file.write(ByteBuffer.wrap(new byte[] {1, 2}), (1L << 30) - 1);
            file.write(ByteBuffer.wrap(new byte[] {3, 4}), count - 2);
            mapped = file.map(FileChannel.MapMode.READ_ONLY, 0, count);
        }
        Storage storage = backend.wrap(mapped);
        Tensor bytes = new Tensor(storage, DataType.UINT8, Layout.contiguous(count));
        Tensor copy = TestTensors.empty(backend, DataType.UINT8, 2);
        for (long start : new long[] {(1L << 30) - 1, count - 2}) {
            backend.copy(bytes.with(new Layout(new long[] {2}, new long[] {1}, start)), copy);
            assertArrayEquals(
                    start == count - 2 ? new double[] {3, 4} : new double[] {1, 2},
                    TestTensors.read(backend, copy));
        }
        storage.release();
        copy.storage().release();
    }
}
