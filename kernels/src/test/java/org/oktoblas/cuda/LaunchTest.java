package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.oktoblas.kernels.Kernel;
import org.oktoblas.kernels.KernelLibrary;

/** Launches, right and wrong ones. */
@RequiresGpu
class LaunchTest {

    private CudaDevice device;
    private Probes probes;
    private CudaStream stream;

    @BeforeEach
    void borrow() {
        device = CudaDevice.get(0);
        probes = new Probes(device);
        stream = device.borrowStream();
    }

    @AfterEach
    void giveBack() {
        stream.synchronize();
        device.giveBack(stream);
    }

    private void refuses(String why, Runnable launch) {
        String message = assertThrows(IllegalArgumentException.class, launch::run).getMessage();
        assertTrue(message.contains(why), message);
    }

    @Test
    void fieldsArriveAsWritten() {
        try (Workspace out = stream.workspace(48)) {
            stream.launch(
                    probes.kernel("probe_fields"),
                    1,
                    Arguments.start()
                            .pointer(0)
                            .int32(-7)
                            .float64(Math.PI)
                            .float32(1.5f)
                            .int64(-(1L << 40))
                            .float32(-0.25f)
                            .pointer(out.address()));
            ByteBuffer result = ByteBuffer.allocate(48).order(ByteOrder.nativeOrder());
            stream.download(out.address(), result);
            double[] values = new double[6];
            result.asDoubleBuffer().get(values);
            assertArrayEquals(new double[] {-7, Math.PI, 1.5, -(1L << 40), -0.25, 1}, values);
        }
    }

    @Test
    void gridsOfThreeDimensions() {
        int x = 7;
        int y = 5;
        int z = 3;
        try (Workspace out = stream.workspace(4L * x * y * z)) {
            stream.launch(
                    probes.kernel("probe_places"),
                    x,
                    y,
                    z,
                    0,
                    Arguments.start().pointer(out.address()).int32(x).int32(y));
            int[] result = Probes.download(stream, out.address(), x * y * z);
            for (int i = 0; i < result.length; i++) {
                assertEquals(i % x + 10 * (i / x % y) + 100 * (i / x / y), result[i]);
            }
        }
    }

    @Test
    void largeSharedMemory() {
        CudaKernel kernel = probes.kernel("probe_shared");
        // The kernel declares 1 KB itself.
        int most = device.properties().sharedBytesPerBlock() - 1024;
        for (int bytes : new int[] {4, 1 << 10, 40 << 10, 60 << 10, 96 << 10, most & -4}) {
            try (Workspace out = stream.workspace(8)) {
                int words = bytes / 4;
                stream.launch(
                        kernel,
                        2,
                        1,
                        1,
                        bytes,
                        Arguments.start().pointer(out.address()).int32(words));
                int sum = (int) ((long) words * (words - 1) / 2);
                assertArrayEquals(new int[] {sum, sum}, Probes.download(stream, out.address(), 2));
            }
        }
        refuses(
                "may ask for 0 to " + most,
                () ->
                        stream.launch(
                                kernel, 1, 1, 1, most + 4, Arguments.start().pointer(0).int32(0)));
        assertTrue(kernel.blocksPerMultiprocessor(0) >= 4);
        assertEquals(1, kernel.blocksPerMultiprocessor(most & -4));
    }

    @Test
    void wrongLaunchesAreRefused() {
        Arguments right = Arguments.start().pointer(0).int32(0).int32(0).int32(0);
        refuses("1 to 2^31 - 1 blocks", () -> stream.launch(probes.add, 0, right));
        refuses("1 to 2^31 - 1 blocks", () -> stream.launch(probes.add, -1, right));
        refuses("1 to 65,535", () -> stream.launch(probes.add, 1, 65536, 1, 0, right));
        refuses("1 to 65,535", () -> stream.launch(probes.add, 1, 1, 65536, 0, right));
        refuses("1 to 65,535", () -> stream.launch(probes.add, 1, 0, 1, 0, right));
        refuses("probe_add", () -> stream.launch(probes.add, 1, 1, 1, -1, right));
        refuses(
                "its struct has 24 bytes, but 16 were given",
                () -> stream.launch(probes.add, 1, Arguments.start().pointer(0).int32(0)));
        refuses(
                "its struct has 24 bytes, but 32 were given",
                () ->
                        stream.launch(
                                probes.add,
                                1,
                                Arguments.start().pointer(0).pointer(0).pointer(0).int32(0)));
        refuses(
                "does not take one struct",
                () -> stream.launch(probes.kernel("probe_two"), 1, Arguments.start().pointer(0)));
    }

    @Test
    void blocksThatWaitForEachOtherMustFit() {
        CudaKernel kernel = probes.kernel("probe_fields");
        try (Workspace out = stream.workspace(48)) {
            Arguments arguments =
                    Arguments.start()
                            .pointer(0)
                            .int32(3)
                            .float64(1)
                            .float32(2)
                            .int64(4)
                            .float32(5)
                            .pointer(out.address());
            stream.launchCooperative(kernel, 1, 0, arguments);
            ByteBuffer result = ByteBuffer.allocate(8).order(ByteOrder.nativeOrder());
            stream.download(out.address(), result);
            assertEquals(3, result.getDouble(0));
            int most = kernel.blocksPerMultiprocessor(0) * device.properties().multiprocessors();
            refuses(
                    "the device holds " + most + " of them",
                    () -> stream.launchCooperative(kernel, most + 1, 0, arguments));
            refuses(
                    "1 to 2^31 - 1 blocks",
                    () -> stream.launchCooperative(kernel, 0, 0, arguments));
        }
    }

    @Test
    void kernelsOfTheLibraryLoad() {
        String symbol = KernelLibrary.find().orElseThrow().kernels().get(0).symbol();
        assertSame(device.kernel(symbol), device.kernel(symbol));
        assertEquals(symbol, device.kernel(symbol).symbol());
        assertThrows(NoSuchElementException.class, () -> device.kernel("nothing"));
        assertThrows(NoSuchElementException.class, () -> probes.add.constant("nothing"));
        assertEquals(42, probes.add.constant("answer"));
        assertEquals(256, probes.add.threads());
    }

    @Test
    void allKernelsOfTheLibraryLoad() {
        DeviceProperties properties = device.properties();
        for (Kernel kernel : KernelLibrary.find().orElseThrow().kernels()) {
            if (kernel.runsOn(properties.major(), properties.minor())) {
                CudaKernel loaded = device.kernel(kernel.symbol());
                assertTrue(loaded.blocksPerMultiprocessor(0) > 0, kernel.symbol());
            }
        }
    }
}
