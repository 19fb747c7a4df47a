package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Devices as a whole: what they say of themselves, many threads, several GPUs, faults. */
@RequiresGpu
class DeviceTest {

    @Test
    void properties() {
        assertFalse(CudaDevice.whyUnavailable().isPresent());
        for (int i = 0; i < CudaDevice.count(); i++) {
            CudaDevice device = CudaDevice.get(i);
            assertSame(device, CudaDevice.get(i));
            assertEquals(i, device.ordinal());
            DeviceProperties properties = device.properties();
            assertFalse(properties.name().isBlank());
            assertTrue(device.toString().contains(properties.name()));
            assertTrue(properties.arch() >= 80 && properties.arch() < 1000);
            assertTrue(properties.multiprocessors() > 0);
            assertTrue(properties.sharedBytesPerBlock() >= 99 << 10);
            assertTrue(
                    properties.sharedBytesPerMultiprocessor() >= properties.sharedBytesPerBlock());
            assertEquals(65536, properties.registersPerMultiprocessor());
            assertTrue(properties.threadsPerMultiprocessor() >= 1024);
            assertTrue(properties.l2Bytes() > 1 << 20);
            assertTrue(properties.memoryBytes() > 1L << 30);
        }
        assertThrows(IndexOutOfBoundsException.class, () -> CudaDevice.get(-1));
        assertThrows(IndexOutOfBoundsException.class, () -> CudaDevice.get(CudaDevice.count()));
    }

    @Test
    void streamsArePooled() {
        CudaDevice device = CudaDevice.get(0);
        CudaStream first = device.borrowStream();
        CudaStream second = device.borrowStream();
        assertNotSame(first, second);
        device.giveBack(first);
        device.giveBack(first);
        CudaStream third = device.borrowStream();
        assertSame(first, third);
        CudaStream fourth = device.borrowStream();
        assertNotSame(third, fourth);
        device.giveBack(second);
        device.giveBack(third);
        device.giveBack(fourth);
    }

    @Test
    void manyThreads() throws Exception {
        CudaDevice device = CudaDevice.get(0);
        MemoryStatistics before = device.memory();
        int threads = 16;
        CyclicBarrier barrier = new CyclicBarrier(threads);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<Void>> results = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int seed = t;
                results.add(
                        pool.submit(
                                () -> {
                                    barrier.await();
                                    work(device, seed);
                                    return null;
                                }));
            }
            for (Future<Void> result : results) {
                result.get();
            }
        } finally {
            pool.shutdown();
        }
        assertEquals(before.blocks(), device.memory().blocks());
        assertEquals(before.used(), device.memory().used());
    }

    private static void work(CudaDevice device, int seed) {
        Probes probes = new Probes(device);
        CudaStream stream = device.borrowStream();
        Random random = new Random(seed);
        for (int round = 0; round < 50; round++) {
            int count = 1 + random.nextInt(50_000);
            DeviceMemory block = stream.allocate(4L * count);
            stream.fill(block.address(), 0, 4L * count);
            for (int i = 0; i < 10; i++) {
                probes.add(stream, block.address(), count, seed, 0);
            }
            int[] result = Probes.download(stream, block.address(), count);
            assertEquals(10 * seed, result[0]);
            assertEquals(10 * seed, result[count - 1]);
            block.free();
            if (round == 25) {
                device.trim();
            }
        }
        device.giveBack(stream);
    }

    @Test
    @RequiresGpu(count = 2)
    void copiesBetweenDevices() {
        CudaDevice one = CudaDevice.get(0);
        CudaDevice two = CudaDevice.get(1);
        CudaStream from = one.borrowStream();
        CudaStream to = two.borrowStream();
        Probes probes = new Probes(one);
        int count = 3_000_000;
        DeviceMemory source = from.allocate(4L * count);
        DeviceMemory target = to.allocate(4L * count);
        from.fill(source.address(), 0, 4L * count);
        for (int i = 1; i <= 20; i++) {
            probes.add(from, source.address(), count, 1, 100_000);
            to.copyFromPeer(from, source.address(), target.address(), 4L * count);
            probes.add(from, source.address(), count, 1, 0);
            int[] result = Probes.download(to, target.address(), count);
            assertEquals(2 * i - 1, result[0]);
            assertEquals(2 * i - 1, result[count - 1]);
        }
        assertEquals(one.reaches(two), one.reaches(two));
        assertTrue(one.reaches(one));
        // Memory of one device, used in the order of the other's stream.
        to.lock().lock();
        try {
            source.readOn(to);
        } finally {
            to.lock().unlock();
        }
        source.free();
        target.free();
        one.giveBack(from);
        two.giveBack(to);
        assertThrows(IllegalArgumentException.class, () -> one.giveBack(to));
    }

    @Test
    void tensorMapsAreEncoded() {
        org.junit.jupiter.api.Assumptions.assumeTrue(
                CudaDevice.get(0).properties().arch() >= 90, "needs compute capability 9.0");
        CudaStream stream = CudaDevice.get(0).borrowStream();
        DeviceMemory block = stream.allocate(64 * 128 * 2);
        ByteBuffer map =
                TensorMap.tiled(
                        ElementType.F16,
                        block.address(),
                        new long[] {128, 64},
                        new long[] {256},
                        new int[] {64, 32},
                        TensorMap.Swizzle.B128,
                        TensorMap.Promotion.B128);
        assertEquals(128, map.remaining());
        byte[] bytes = new byte[128];
        map.get(0, bytes);
        boolean any = false;
        for (byte b : bytes) {
            any |= b != 0;
        }
        assertTrue(any, "the map is not empty");
        block.free();
        CudaDevice.get(0).giveBack(stream);
    }

    /** A process of its own, as a fault takes the device away from it. */
    @Test
    void aFaultIsToldInWords() throws Exception {
        String path =
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path"));
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                path,
                                Fault.class.getName())
                        .redirectErrorStream(true)
                        .directory(new File("."))
                        .start();
        String printed =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), printed);
        for (String part :
                List.of(
                        "while testing: cuStreamSynchronize failed on gpu0",
                        "CUDA_ERROR_ILLEGAL_ADDRESS",
                        "last kernel was probe_fault",
                        "must restart",
                        "still fatal",
                        "closed quietly")) {
            assertTrue(printed.contains(part), part + " is missing in: " + printed);
        }
    }

    /** Writes to an address that does not exist. */
    static final class Fault {

        private Fault() {}

        public static void main(String[] args) {
            CudaDevice device = CudaDevice.get(0);
            CudaStream stream = device.borrowStream();
            DeviceMemory block = stream.allocate(100);
            stream.launch(
                    new Probes(device).kernel("probe_fault"), 1, Arguments.start().pointer(16));
            try {
                stream.synchronize();
            } catch (CudaException e) {
                System.out.println("while testing: " + e.getMessage());
            }
            try {
                stream.allocate(1 << 30);
                stream.synchronize();
            } catch (CudaException e) {
                System.out.println(e.isFatal() ? "still fatal" : e.getMessage());
            }
            block.free();
            device.giveBack(stream);
            System.out.println("closed quietly");
        }
    }
}
