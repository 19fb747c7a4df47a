package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls that the driver has no memory for: once more without reserves, then in words. */
@Tag("sources")
class OutOfMemoryTest {

    @TempDir static Path folder;

    @BeforeAll
    static void compile() throws Exception {
        FakeDriver.compile(folder);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cuLaunchKernel", "cuGraphInstantiate", "cuGraphLaunch"})
    void isTriedAgainWithoutReserves(String call) throws Exception {
        FakeDriver.run(folder, Retry.class, call);
    }

    @Test
    void isNotTriedAgainWithinACapture() throws Exception {
        FakeDriver.run(folder, Captured.class, "");
    }

    private static void makeCall(String call, CudaStream stream, CudaKernel kernel) {
        Runnable launch =
                () -> {
                    try (Workspace memory = stream.workspace(1000)) {
                        stream.launch(kernel, 1, Arguments.start().pointer(memory.address()));
                    }
                };
        switch (call) {
            case "cuLaunchKernel" -> launch.run();
            case "cuGraphInstantiate" -> stream.capture(launch).close();
            case "cuGraphLaunch" -> {
                try (CudaGraph graph = stream.capture(launch)) {
                    graph.launch(stream);
                }
            }
            default -> throw new IllegalArgumentException(call);
        }
    }

    /** The driver's own name for a function. */
    private static String symbol(String call) {
        return call.equals("cuGraphInstantiate") ? "cuGraphInstantiateWithFlags" : call;
    }

    /** Makes a call that helps itself, one that cannot, and one that fails for another reason. */
    static final class Retry {

        private Retry() {}

        public static void main(String[] args) {
            String call = args[0];
            CudaDevice device = FakeDriver.device();
            CudaStream stream = device.borrowStream();
            CudaKernel kernel = FakeDriver.kernel(device);
            makeCall(call, stream, kernel);
            assertEquals(0, FakeDriver.trims());

            FakeDriver.failUntilTrimmed(symbol(call), Driver.OUT_OF_MEMORY);
            makeCall(call, stream, kernel);
            assertEquals(1, FakeDriver.trims());

            FakeDriver.fail(symbol(call), Driver.OUT_OF_MEMORY);
            CudaOutOfMemoryException error =
                    assertThrows(
                            CudaOutOfMemoryException.class, () -> makeCall(call, stream, kernel));
            assertTrue(error.getMessage().contains(call + " failed on gpu0"), error.getMessage());
            assertEquals(2, FakeDriver.trims());

            FakeDriver.fail(symbol(call), 1);
            CudaException other =
                    assertThrows(CudaException.class, () -> makeCall(call, stream, kernel));
            assertFalse(other instanceof CudaOutOfMemoryException, other.getMessage());
            assertEquals(2, FakeDriver.trims());

            FakeDriver.recover();
            makeCall(call, stream, kernel);
            assertEquals(0, device.memory().blocks());
        }
    }

    /** Launches within a capture, which a failure may have ended. */
    static final class Captured {

        private Captured() {}

        public static void main(String[] args) {
            CudaDevice device = FakeDriver.device();
            CudaStream stream = device.borrowStream();
            CudaKernel kernel = FakeDriver.kernel(device);
            FakeDriver.failUntilTrimmed("cuLaunchKernel", Driver.OUT_OF_MEMORY);
            assertThrows(
                    CudaOutOfMemoryException.class,
                    () -> stream.capture(() -> makeCall("cuLaunchKernel", stream, kernel)));
            assertEquals(0, FakeDriver.trims());
            makeCall("cuLaunchKernel", stream, kernel);
            assertEquals(1, FakeDriver.trims());
        }
    }
}
