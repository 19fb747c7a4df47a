package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Devices whose context is lost: the figures of their memory follow what is closed. */
@Tag("sources")
class LostDeviceTest {

    private static final int ILLEGAL_ADDRESS = 700;

    @TempDir static Path folder;

    @BeforeAll
    static void compile() throws Exception {
        FakeDriver.compile(folder);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "cuEventRecord", "cuMemFreeAsync"})
    void aGraphIsClosed(String call) throws Exception {
        FakeDriver.run(folder, ClosedGraph.class, call);
    }

    /** Closes a graph on a device that is lost before that, or as a call of the closing shows. */
    static final class ClosedGraph {

        private ClosedGraph() {}

        public static void main(String[] args) {
            CudaDevice device = FakeDriver.device();
            CudaStream stream = device.borrowStream();
            CudaStream other = device.borrowStream();
            DeviceMemory input = stream.allocate(1000);
            CudaGraph graph =
                    stream.capture(
                            () -> {
                                input.readOn(stream);
                                // Too large to be kept by the stream.
                                stream.allocate(BlockCache.LARGEST + 1);
                                stream.allocate(BlockCache.LARGEST + 2);
                            });
            graph.launch(other);
            input.free();
            assertEquals(3, device.memory().blocks());

            if (args[0].isEmpty()) {
                FakeDriver.fail("cuStreamSynchronize", ILLEGAL_ADDRESS);
                assertThrows(CudaException.class, stream::synchronize);
                graph.close();
            } else {
                FakeDriver.fail(args[0], ILLEGAL_ADDRESS);
                assertTrue(assertThrows(CudaException.class, graph::close).isFatal());
            }
            graph.close();
            assertEquals(0, device.memory().blocks());
            assertEquals(0, device.memory().used());
        }
    }
}
