package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Capture and replay. */
@RequiresGpu
class GraphTest {

    private static final int COUNT = 10_000;
    private static final long BYTES = 4L * COUNT;
    private static final int SLOW = 200_000;

    private CudaDevice device;
    private Probes probes;
    private CudaStream stream;
    private CudaStream other;
    private long blocksBefore;

    @BeforeEach
    void borrow() {
        device = CudaDevice.get(0);
        probes = new Probes(device);
        stream = device.borrowStream();
        other = device.borrowStream();
        blocksBefore = device.memory().blocks();
    }

    @AfterEach
    void giveBack() {
        stream.synchronize();
        other.synchronize();
        assertEquals(blocksBefore, device.memory().blocks(), "blocks that are left");
        device.giveBack(stream);
        device.giveBack(other);
    }

    private DeviceMemory filled(CudaStream on, int value) {
        DeviceMemory block = on.allocate(BYTES);
        block.writeOn(on);
        on.fill(block.address(), 0, BYTES);
        probes.add(on, block.address(), COUNT, value, 0);
        return block;
    }

    private void write(CudaStream on, DeviceMemory block, int value, int delay) {
        on.lock().lock();
        try {
            block.writeOn(on);
            probes.add(on, block.address(), COUNT, value, delay);
        } finally {
            on.lock().unlock();
        }
    }

    private int[] read(CudaStream on, DeviceMemory block) {
        on.lock().lock();
        try {
            block.readOn(on);
            return Probes.download(on, block.address(), COUNT);
        } finally {
            on.lock().unlock();
        }
    }

    private void assertAll(int expected, int[] values) {
        for (int i = 0; i < values.length; i++) {
            assertEquals(expected, values[i], "element " + i);
        }
    }

    /** Captures state = (state + 1) * 3 + input by way of memory of its own. */
    private CudaGraph step(DeviceMemory state, DeviceMemory input) {
        return stream.capture(
                () -> {
                    DeviceMemory scratch = stream.allocate(BYTES);
                    scratch.writeOn(stream);
                    state.readOn(stream);
                    input.readOn(stream);
                    stream.copy(state.address(), scratch.address(), BYTES);
                    probes.add(stream, scratch.address(), COUNT, 1, SLOW);
                    probes.combine(stream, scratch.address(), input.address(), COUNT, 3);
                    try (Workspace more = stream.workspace(BYTES)) {
                        stream.copy(scratch.address(), more.address(), BYTES);
                        stream.fill(scratch.address(), 0xff, BYTES);
                        state.writeOn(stream);
                        stream.copy(more.address(), state.address(), BYTES);
                    }
                    scratch.free();
                });
    }

    @Test
    void replaysRunInOrder() {
        DeviceMemory state = filled(stream, 0);
        DeviceMemory input = filled(stream, 7);
        try (CudaGraph graph = step(state, input)) {
            assertAll(0, read(stream, state));
            int expected = 0;
            for (int i = 0; i < 12; i++) {
                graph.launch(stream);
                expected = (expected + 1) * 3 + 7;
            }
            assertAll(expected, read(stream, state));
        }
        state.free();
        input.free();
    }

    @Test
    void replaysWaitForOtherStreams() {
        DeviceMemory state = filled(stream, 0);
        DeviceMemory input = filled(other, 1);
        try (CudaGraph graph = step(state, input)) {
            int expected = 0;
            int value = 1;
            for (int i = 0; i < 12; i++) {
                write(other, input, i, SLOW);
                value += i;
                CudaStream on = i % 3 == 2 ? other : stream;
                graph.launch(on);
                expected = (expected + 1) * 3 + value;
                if (i % 4 == 3) {
                    assertAll(expected, read(i % 2 == 0 ? stream : other, state));
                }
            }
            assertAll(expected, read(other, state));
        }
        state.free();
        input.free();
    }

    @Test
    void memoryOfACaptureBelongsToTheGraph() {
        DeviceMemory input = filled(stream, 5);
        AtomicReference<DeviceMemory> result = new AtomicReference<>();
        CudaGraph graph =
                stream.capture(
                        () -> {
                            DeviceMemory first = stream.allocate(BYTES);
                            first.free();
                            DeviceMemory second = stream.allocate(BYTES);
                            assertEquals(first.address(), second.address(), "used again");
                            second.writeOn(stream);
                            input.readOn(stream);
                            stream.fill(second.address(), 0, BYTES);
                            probes.combine(stream, second.address(), input.address(), COUNT, 1);
                            result.set(second);
                        });
        // What the stream allocates now is not what the graph writes.
        DeviceMemory outside = filled(stream, 1);
        graph.launch(stream);
        assertAll(5, read(other, result.get()));
        assertAll(1, read(stream, outside));
        write(other, input, 1, SLOW);
        graph.launch(stream);
        assertAll(6, read(other, result.get()));
        result.get().free();
        DeviceMemory another = filled(stream, 2);
        graph.launch(stream);
        assertAll(2, read(stream, another));
        graph.close();
        graph.close();
        assertThrows(IllegalStateException.class, () -> graph.launch(stream));
        input.free();
        outside.free();
        another.free();
    }

    /** A block that the stream was slow to free, and one that a replay elsewhere still needs. */
    @Test
    void memoryOfAGraphIsOrderedWithItsStream() {
        DeviceMemory out = filled(other, 0);
        for (int round = 0; round < 10; round++) {
            DeviceMemory before = filled(stream, 0);
            write(stream, before, 5, SLOW);
            before.free();
            CudaGraph graph =
                    stream.capture(
                            () -> {
                                DeviceMemory first = stream.allocate(BYTES);
                                DeviceMemory second = stream.allocate(BYTES);
                                first.free();
                                DeviceMemory third = stream.allocate(BYTES);
                                DeviceMemory fourth = stream.allocate(BYTES);
                                assertNotEquals(second.address(), third.address());
                                assertNotEquals(third.address(), fourth.address());
                                third.writeOn(stream);
                                stream.fill(third.address(), 0, BYTES);
                                probes.add(stream, third.address(), COUNT, 1, SLOW);
                                out.writeOn(stream);
                                stream.copy(third.address(), out.address(), BYTES);
                                second.free();
                                third.free();
                                fourth.free();
                            });
            graph.launch(other);
            graph.close();
            DeviceMemory[] after = new DeviceMemory[3];
            Arrays.setAll(after, i -> filled(stream, 50));
            assertAll(1, read(other, out));
            for (DeviceMemory block : after) {
                assertAll(50, read(stream, block));
                block.free();
            }
        }
        out.free();
    }

    @Test
    void freedMemoryLivesAsLongAsItsGraph() {
        DeviceMemory state = filled(stream, 0);
        DeviceMemory input = filled(other, 1);
        CudaGraph graph = step(state, input);
        input.free();
        DeviceMemory next = filled(other, 99);
        graph.launch(stream);
        assertAll(4, read(stream, state));
        state.free();
        graph.close();
        next.free();
    }

    @Test
    void whatFailsWhileCapturedLeavesNothing() {
        DeviceMemory state = filled(stream, 3);
        RuntimeException failure = new RuntimeException("work that fails");
        RuntimeException thrown =
                assertThrows(
                        RuntimeException.class,
                        () ->
                                stream.capture(
                                        () -> {
                                            state.writeOn(stream);
                                            DeviceMemory block = stream.allocate(BYTES);
                                            probes.add(stream, block.address(), COUNT, 1, 0);
                                            throw failure;
                                        }));
        assertEquals(failure, thrown);
        write(stream, state, 1, 0);
        assertAll(4, read(stream, state));
        state.free();
    }

    @Test
    void transfersAreNotCaptured() {
        DeviceMemory state = filled(stream, 3);
        for (Runnable work :
                new Runnable[] {
                    () -> stream.upload(ByteBuffer.allocate(4), state.address()),
                    () -> stream.download(state.address(), ByteBuffer.allocate(4)),
                    stream::synchronize,
                    () -> stream.waitFor(other),
                    () -> stream.record().close(),
                    () -> stream.capture(() -> {}).close()
                }) {
            IllegalStateException error =
                    assertThrows(IllegalStateException.class, () -> stream.capture(work));
            assertTrue(error.getMessage().contains("captured"), error.getMessage());
        }
        assertAll(3, read(stream, state));
        state.free();
    }

    @Test
    void manyNodes() {
        DeviceMemory state = filled(stream, 0);
        try (CudaGraph graph =
                stream.capture(
                        () -> {
                            for (int i = 0; i < 500; i++) {
                                state.writeOn(stream);
                                probes.add(stream, state.address(), COUNT, 1, 0);
                            }
                        })) {
            graph.launch(stream);
            graph.launch(other);
            graph.launch(stream);
            assertAll(1500, read(stream, state));
        }
        state.free();
    }
}
