package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/** Work of several streams on the same memory gives what the same work in a row would give. */
@RequiresGpu
class OrderTest {

    private static final int COUNT = 20_000;
    private static final int SLOW = 200_000;

    private CudaDevice device;
    private Probes probes;
    private CudaStream[] streams;

    @BeforeEach
    void borrow() {
        device = CudaDevice.get(0);
        probes = new Probes(device);
        streams = new CudaStream[4];
        Arrays.setAll(streams, i -> device.borrowStream());
    }

    @AfterEach
    void giveBack() {
        for (CudaStream stream : streams) {
            stream.synchronize();
            device.giveBack(stream);
        }
    }

    private void add(CudaStream stream, DeviceMemory block, int value, int delay) {
        stream.lock().lock();
        try {
            block.writeOn(stream);
            probes.add(stream, block.address(), COUNT, value, delay);
        } finally {
            stream.lock().unlock();
        }
    }

    private void combine(CudaStream stream, DeviceMemory out, DeviceMemory in, int factor) {
        stream.lock().lock();
        try {
            in.readOn(stream);
            out.writeOn(stream);
            probes.combine(stream, out.address(), in.address(), COUNT, factor);
        } finally {
            stream.lock().unlock();
        }
    }

    private int[] download(CudaStream stream, DeviceMemory block) {
        stream.lock().lock();
        try {
            block.readOn(stream);
            return Probes.download(stream, block.address(), COUNT);
        } finally {
            stream.lock().unlock();
        }
    }

    private DeviceMemory zeros(CudaStream stream) {
        DeviceMemory block = stream.allocate(4L * COUNT);
        stream.lock().lock();
        try {
            block.writeOn(stream);
            stream.fill(block.address(), 0, 4L * COUNT);
        } finally {
            stream.lock().unlock();
        }
        return block;
    }

    @Test
    void pingPong() {
        DeviceMemory block = zeros(streams[0]);
        int expected = 0;
        DeviceMemory three = zeros(streams[1]);
        add(streams[1], three, 3, SLOW);
        for (int i = 0; i < 200; i++) {
            CudaStream stream = streams[i % 2];
            add(stream, block, i, i % 10 == 0 ? SLOW : 0);
            combine(streams[(i + 1) % 2], block, three, 5);
            expected = (expected + i) * 5 + 3;
        }
        int[] result = download(streams[2], block);
        for (int value : result) {
            assertEquals(expected, value);
        }
        block.free();
        three.free();
    }

    @Test
    void aWriterWaitsForReaders() {
        DeviceMemory source = zeros(streams[0]);
        DeviceMemory[] copies = new DeviceMemory[3];
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < 3; i++) {
                copies[i] = zeros(streams[i + 1]);
                // Slow work before the copy keeps the reader behind the writer.
                add(streams[i + 1], copies[i], 1, SLOW);
                combine(streams[i + 1], copies[i], source, 10);
            }
            add(streams[0], source, 1, 0);
            for (int i = 0; i < 3; i++) {
                int[] result = download(streams[0], copies[i]);
                assertEquals(10 + round, result[0]);
                assertEquals(10 + round, result[COUNT - 1]);
                copies[i].free();
            }
        }
        source.free();
    }

    @Test
    void freeingWaitsForOtherStreams() {
        for (int round = 0; round < 50; round++) {
            DeviceMemory source = zeros(streams[0]);
            add(streams[0], source, round, 0);
            DeviceMemory copy = zeros(streams[1]);
            add(streams[1], copy, 1, SLOW);
            combine(streams[1], copy, source, 100);
            source.free();
            // The same block again, overwritten at once.
            DeviceMemory next = streams[0].allocate(4L * COUNT);
            add(streams[0], next, 1_000_000, 0);
            int[] result = download(streams[1], copy);
            assertEquals(100 + round, result[0]);
            assertEquals(100 + round, result[COUNT - 1]);
            copy.free();
            next.free();
        }
    }

    @RepeatedTest(5)
    void anyWorkOnAnyStreams(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        int blocks = 5;
        DeviceMemory[] memory = new DeviceMemory[blocks];
        int[] expected = new int[blocks];
        for (int i = 0; i < blocks; i++) {
            memory[i] = zeros(streams[random.nextInt(streams.length)]);
        }
        for (int step = 0; step < 1500; step++) {
            CudaStream stream = streams[random.nextInt(streams.length)];
            int out = random.nextInt(blocks);
            int in = (out + 1 + random.nextInt(blocks - 1)) % blocks;
            switch (random.nextInt(8)) {
                case 0 -> {
                    int value = random.nextInt(100);
                    add(stream, memory[out], value, random.nextInt(4) == 0 ? SLOW : 0);
                    expected[out] += value;
                }
                case 1 -> {
                    memory[out].free();
                    memory[out] = zeros(stream);
                    expected[out] = 0;
                }
                default -> {
                    combine(stream, memory[out], memory[in], 3);
                    expected[out] = expected[out] * 3 + expected[in];
                }
            }
        }
        for (int i = 0; i < blocks; i++) {
            int[] all = new int[COUNT];
            Arrays.fill(all, expected[i]);
            assertArrayEquals(all, download(streams[i % streams.length], memory[i]), "block " + i);
            memory[i].free();
        }
    }

    @Test
    void oneStreamAsksForNoEvents() {
        DeviceMemory block = zeros(streams[0]);
        long before = streams[0].ticket();
        add(streams[0], block, 1, 0);
        assertEquals(before + 1, streams[0].ticket());
        streams[0].lock().lock();
        try {
            streams[0].lock().lock();
            streams[0].lock().unlock();
            assertEquals(before + 1, streams[0].ticket(), "an inner unlock ends nothing");
        } finally {
            streams[0].lock().unlock();
        }
        assertEquals(before + 2, streams[0].ticket());
        block.free();
    }

    @Test
    void eventsTellTime() {
        DeviceMemory block = zeros(streams[0]);
        try (CudaEvent start = streams[0].record()) {
            for (int i = 0; i < 10; i++) {
                add(streams[0], block, 1, SLOW);
            }
            try (CudaEvent end = streams[0].record()) {
                double milliseconds = end.millisecondsSince(start);
                assertTrue(
                        milliseconds > 0.1 && milliseconds < 10_000,
                        milliseconds + " ms for 10 kernels of " + SLOW + " ticks");
            }
        }
        block.free();
    }

    @Test
    void waitingForAStream() {
        DeviceMemory block = zeros(streams[0]);
        for (int i = 0; i < 20; i++) {
            probes.add(streams[0], block.address(), COUNT, 1, SLOW);
            streams[1].waitFor(streams[0]);
            probes.combine(streams[1], block.address(), block.address(), COUNT, 1);
            streams[0].waitFor(streams[1]);
        }
        int expected = 0;
        for (int i = 0; i < 20; i++) {
            expected = 2 * (expected + 1);
        }
        assertEquals(expected, Probes.download(streams[0], block.address(), 1)[0]);
        block.free();
    }
}
