package org.oktoblas.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.oktoblas.engine.backend.Activation;
import org.oktoblas.engine.backend.MathMode;
import org.oktoblas.engine.backend.TestTensors;

/** Arrays between the CPU and a GPU, and what is refused across them. */
@RequiresGpu
class GpuTransferTest {

    private final OktoNDManager cpu = OktoNDManager.system().newSubManager(Device.cpu());
    private final OktoNDManager gpu = OktoNDManager.system().newSubManager(Device.gpu());

    @AfterEach
    void close() {
        cpu.close();
        gpu.close();
    }

    @Test
    void everyTypeComesBackAsItWent() {
        for (DataType type : TestTensors.ALL) {
            NDArray here = cpu.arange(24f).reshape(2, 3, 4).toType(type, false);
            here.setName("x");
            NDArray there = here.toDevice(Device.gpu(), false);
            assertEquals(Device.gpu(), there.getDevice());
            assertEquals(type, there.getDataType());
            assertEquals("x", there.getName());
            assertSame(cpu, there.getManager());
            assertArrayEquals(here.toByteArray(), there.toByteArray(), type.toString());
            NDArray back = there.toDevice(Device.cpu(), false);
            assertEquals(Device.cpu(), back.getDevice());
            assertEquals(here, back);
            assertSame(there, there.toDevice(Device.gpu(), false));
            NDArray copy = there.toDevice(Device.gpu(), true);
            assertEquals(there, copy);
            copy.set(here.zerosLike().toByteBuffer());
            assertEquals(here, back);
        }
    }

    @Test
    void viewsArriveDense() {
        for (OktoNDManager from : new OktoNDManager[] {cpu, gpu}) {
            Device to = from == cpu ? Device.gpu() : Device.cpu();
            NDArray base = from.arange(60f).reshape(3, 4, 5);
            NDArray[] views = {
                base.transpose(2, 0, 1),
                base.get(":, 1:3, ::2"),
                base.get("1"),
                base.get("0, 0, 0"),
                base.get("::-1"),
                base.get("2:2"),
                base.get("0").broadcast(2, 4, 5)
            };
            for (NDArray view : views) {
                NDArray moved = view.toDevice(to, false);
                assertEquals(view.getShape(), moved.getShape());
                assertArrayEquals(view.toFloatArray(), moved.toFloatArray());
            }
        }
    }

    @Test
    void largeArraysTravelWhole() {
        // More than the pinned buffer of transfers, and no multiple of it.
        int n = (9 << 20) + 12_345;
        NDArray here = cpu.arange(n).toType(DataType.INT32, false);
        NDArray there = here.toDevice(Device.gpu(), false);
        NDArray same = gpu.arange(n).eq(there).all();
        assertTrue(same.getBoolean());
        assertEquals(here, there.toDevice(Device.cpu(), false));
        assertEquals(n - 1, there.toIntArray()[n - 1]);
    }

    @Test
    void copiesIntoArraysOfAnotherDevice() {
        NDArray here = cpu.arange(12f).reshape(3, 4);
        NDArray there = gpu.zeros(new Shape(3, 4));
        here.copyTo(there);
        assertArrayEquals(here.toFloatArray(), there.toFloatArray());
        NDArray turned = gpu.zeros(new Shape(4, 3));
        here.copyTo(turned.transpose());
        assertArrayEquals(here.transpose().toFloatArray(), turned.toFloatArray());
        there.muli(2);
        there.get("1:").copyTo(here.get(":2"));
        assertArrayEquals(
                new float[] {8, 10, 12, 14, 16, 18, 20, 22, 8, 9, 10, 11}, here.toFloatArray());
    }

    @Test
    void resultsStayWhereTheirOperandsAre() {
        NDArray there = cpu.ones(new Shape(2, 3)).toDevice(Device.gpu(), false);
        NDArray[] results = {
            there.add(1),
            there.matMul(there.transpose()),
            there.get("1"),
            there.get(cpu, 0),
            there.get("{}", gpu.create(new long[] {1})),
            there.zerosLike(),
            there.onesLike(),
            there.like(),
            there.reshape(6).cumSum(),
            there.get("0, 0").argMax(0),
            there.sum(),
            there.duplicate(),
            there.toType(DataType.INT32, false),
            there.concat(there)
        };
        for (NDArray result : results) {
            assertEquals(Device.gpu(), result.getDevice());
            assertSame(cpu, result.getManager());
        }
        there.detach();
        assertEquals(Device.gpu(), there.getDevice());
        assertEquals(6, there.sum().getFloat());
        there.close();
        assertTrue(cpu.create(1f).contentEquals(1f));
    }

    private static void refuses(Executable body) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, body);
        assertTrue(e.getMessage().contains("cpu()"), e.getMessage());
        assertTrue(e.getMessage().contains("gpu(0)"), e.getMessage());
        assertTrue(e.getMessage().contains("toDevice"), e.getMessage());
    }

    @Test
    void operandsOnTwoDevicesAreRefused() {
        NDArray here = cpu.ones(new Shape(2, 2));
        NDArray there = gpu.ones(new Shape(2, 2));
        refuses(() -> here.add(there));
        refuses(() -> there.add(here));
        refuses(() -> there.addi(here));
        refuses(() -> there.matMul(here));
        refuses(() -> there.concat(here));
        refuses(() -> there.get("{}", cpu.create(new long[] {0})));
        refuses(() -> there.gather(here.toType(DataType.INT64, false), 0));
        refuses(() -> there.contentEquals(here));
        refuses(() -> there.getNDArrayInternal().where(here.gt(0), there));
        TransformerOps ops = gpu.transformerOps();
        TransformerOps.Linear linear = ops.linear(gpu, there, false, null, MathMode.FLOAT32);
        refuses(() -> ops.apply(linear, here, Activation.NONE));
        assertEquals(2, ops.apply(linear, there, Activation.NONE).toFloatArray()[0]);
    }

    @Test
    void wrappedBuffersAreCopied() {
        ByteBuffer direct = ByteBuffer.allocateDirect(12).order(ByteOrder.nativeOrder());
        direct.asFloatBuffer().put(new float[] {1, 2, 3});
        NDArray array = gpu.wrap(direct, new Shape(3), DataType.FLOAT32);
        direct.putFloat(0, 9);
        assertArrayEquals(new float[] {1, 2, 3}, array.toFloatArray());
        assertThrows(IllegalStateException.class, () -> array.addi(1));
        assertEquals(
                new Shape(0),
                gpu.wrap(ByteBuffer.allocateDirect(0), new Shape(0), DataType.FLOAT32).getShape());
    }

    @Test
    void subManagersOfAnotherDevice() {
        NDManager inner = cpu.newSubManager(Device.gpu());
        NDArray array = inner.ones(new Shape(3));
        assertEquals(Device.gpu(), array.getDevice());
        assertEquals(3, array.sum().getFloat());
        NDArray kept = array.add(1);
        kept.attach(cpu);
        inner.close();
        assertEquals(6, kept.sum().getFloat());
    }

    @Test
    void listsAreEncodedAndDecodedAcrossDevices() {
        NDList list = new NDList(gpu.arange(6f).reshape(2, 3), gpu.create(new long[] {1, 2}));
        NDList decoded = NDList.decode(cpu, list.encode());
        assertArrayEquals(list.get(0).toFloatArray(), decoded.get(0).toFloatArray());
        assertEquals(Device.cpu(), decoded.get(0).getDevice());
        assertArrayEquals(list.get(1).toLongArray(), decoded.get(1).toLongArray());
        NDArray text = gpu.arange(6f);
        assertTrue(text.toString().contains("gpu(0)"), text.toString());
    }

    @Test
    void theSameSeedGivesTheSameNumbers() {
        Shape shape = new Shape(100_003);
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
            OktoEngine.get().setRandomSeed(11);
            NDArray uniform = cpu.randomUniform(-2, 3, shape, type);
            NDArray whole = cpu.randomInteger(-5, 1L << 40, shape, DataType.INT64);
            NDArray normal = cpu.randomNormal(1, 2, shape, type);
            OktoEngine.get().setRandomSeed(11);
            assertEquals(
                    uniform, gpu.randomUniform(-2, 3, shape, type).toDevice(Device.cpu(), false));
            NDArray integers = gpu.randomInteger(-5, 1L << 40, shape, DataType.INT64);
            assertEquals(whole, integers.toDevice(Device.cpu(), false));
            NDArray there = gpu.randomNormal(1, 2, shape, type).toDevice(Device.cpu(), false);
            // Logarithm and cosine may differ in the last place of a double; numbers reach 13.
            double tolerance = type == DataType.FLOAT64 ? 1e-14 : 1e-6;
            assertTrue(
                    normal.sub(there).abs().max().toType(DataType.FLOAT64, false).getDouble()
                            < tolerance);
        }
    }
}
