package org.oktoblas.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Two GPUs in one process. */
@RequiresGpu(count = 2)
class GpuPeerTest {

    private final OktoNDManager first = OktoNDManager.system().newSubManager(Device.gpu(0));
    private final OktoNDManager second = OktoNDManager.system().newSubManager(Device.gpu(1));

    @AfterEach
    void close() {
        first.close();
        second.close();
    }

    @Test
    void eachComputesByItself() {
        NDArray a = first.arange(12f).reshape(3, 4);
        NDArray b = second.arange(12f).reshape(3, 4);
        assertEquals(Device.gpu(1), b.getDevice());
        assertArrayEquals(
                a.matMul(a.transpose()).softmax(1).toFloatArray(),
                b.matMul(b.transpose()).softmax(1).toFloatArray());
    }

    @Test
    void arraysTravelBetweenThem() {
        Shape shape = new Shape(3000, 1001);
        for (int i = 0; i < 20; i++) {
            NDArray here = first.full(shape, (float) i).addi(1);
            NDArray there = here.toDevice(Device.gpu(1), false);
            // The source may be overwritten at once.
            here.muli(-1);
            assertEquals(Device.gpu(1), there.getDevice());
            assertEquals(i + 1, there.min().getFloat());
            assertEquals(i + 1, there.max().getFloat());
            NDArray back = second.zeros(new Shape(1001, 3000));
            here.transpose().copyTo(back);
            here.close();
            assertEquals(-i - 1, back.min().getFloat());
            assertEquals(-i - 1, back.max().getFloat());
            there.close();
            back.close();
        }
    }

    @Test
    void operandsOnBothAreRefused() {
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> first.ones(new Shape(2)).add(second.ones(new Shape(2))));
        assertTrue(e.getMessage().contains("gpu(0)"), e.getMessage());
        assertTrue(e.getMessage().contains("gpu(1)"), e.getMessage());
    }

    @Test
    void memoryIsCountedApart() {
        long there = OktoEngine.get().memoryUse(Device.gpu(1)).used();
        long here = OktoEngine.get().memoryUse(Device.gpu(0)).used();
        first.zeros(new Shape(1000));
        assertEquals(there, OktoEngine.get().memoryUse(Device.gpu(1)).used());
        assertTrue(OktoEngine.get().memoryUse(Device.gpu(0)).used() > here);
    }
}
