package org.oktoblas.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Array operations on values that are known by hand, and what they refuse. */
abstract class NDArrayLaws {

    private final OktoNDManager manager;

    NDArrayLaws(Device device) {
        manager = OktoNDManager.system().newSubManager(device);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private static void refuses(String part, Executable body) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, body);
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }

    @Test
    void buffersOfEveryTypeAreTaken() {
        Shape two = new Shape(2);
        assertArrayEquals(
                new float[] {1, 2},
                manager.create(FloatBuffer.wrap(new float[] {1, 2}), two).toFloatArray());
        ByteBuffer bytes = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
        bytes.putFloat(3).putFloat(4).rewind();
        NDArray array = manager.create(bytes, two, DataType.FLOAT32);
        assertEquals(0, bytes.position());
        assertArrayEquals(new float[] {3, 4}, array.toFloatArray());
        // Big-endian buffers of floats hold the same floats.
        FloatBuffer swapped =
                ByteBuffer.allocate(8)
                        .order(ByteOrder.BIG_ENDIAN)
                        .putFloat(5)
                        .putFloat(6)
                        .rewind()
                        .asFloatBuffer();
        assertArrayEquals(new float[] {5, 6}, manager.create(swapped, two).toFloatArray());
        // bfloat16 is the upper half of a float32
        ShortBuffer halves = ShortBuffer.wrap(new short[] {0x3f80, (short) 0xc000});
        NDArray brain = manager.create(halves, two, DataType.BFLOAT16);
        assertArrayEquals(new float[] {1, -2}, brain.toFloatArray());
        assertArrayEquals(new Number[] {1f, -2f}, brain.toArray());
        assertTrue(brain.toString().contains("-2"), brain.toString());
        assertArrayEquals(
                new int[] {255, 1},
                manager.create(ByteBuffer.wrap(new byte[] {-1, 1}), two, DataType.UINT8)
                        .toUint8Array());
        assertArrayEquals(
                new boolean[] {true, false},
                manager.create(new boolean[] {true, false}).toBooleanArray());
        refuses("LongBuffer", () -> manager.create(LongBuffer.allocate(2), two, DataType.FLOAT32));
        refuses("only 1", () -> manager.create(FloatBuffer.allocate(1), two));
        assertThrows(
                UnsupportedOperationException.class, () -> manager.create(two, DataType.INT16));
    }

    @Test
    void manyElementsPassThroughInChunks() {
        double[] values = new double[100_001];
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.sqrt(i);
        }
        assertArrayEquals(values, manager.create(values).toDoubleArray());
    }

    @Test
    void settingABufferWritesThroughAView() {
        NDArray array = manager.zeros(new Shape(2, 3));
        array.get(":, 1").set(new float[] {7, 8});
        assertArrayEquals(new float[] {0, 7, 0, 0, 8, 0}, array.toFloatArray());
        assertThrows(
                IllegalStateException.class,
                () -> manager.zeros(new Shape(1)).broadcast(3).set(new float[] {1, 2, 3}));
        refuses("IntBuffer", () -> array.set(new int[6]));
    }

    @Test
    void aBufferOfAnArrayIsACopy() {
        NDArray array = manager.ones(new Shape(2));
        ByteBuffer buffer = array.toByteBuffer(true);
        array.addi(1);
        array.close();
        assertEquals(1, buffer.getFloat());
        assertEquals(4, buffer.remaining());
    }

    @Test
    void fullAndEyeAndRange() {
        assertArrayEquals(new int[] {7, 7}, manager.full(new Shape(2), 7).toIntArray());
        assertArrayEquals(new float[] {0, 1, 0, 0, 0, 1}, manager.eye(2, 3, 1).toFloatArray());
        assertArrayEquals(new float[] {0, 0, 1, 0, 0, 1}, manager.eye(3, 2, -1).toFloatArray());
        assertArrayEquals(
                new long[] {16_777_217, 16_777_218},
                manager.arange(16_777_217, 16_777_219, 1, DataType.INT64).toLongArray());
        assertArrayEquals(
                new float[] {0, 0.25f, 0.5f, 0.75f},
                manager.linspace(0f, 1f, 4, false).toFloatArray());
        assertArrayEquals(new float[] {3}, manager.linspace(3f, 9f, 1).toFloatArray());
    }

    @Test
    void negativeStepsWalkBackwards() {
        NDArray array = manager.arange(6);
        assertArrayEquals(new int[] {5, 4, 3, 2, 1, 0}, array.get("::-1").toIntArray());
        assertArrayEquals(new int[] {4, 2}, array.get("4:0:-2").toIntArray());
        assertArrayEquals(new int[] {}, array.get("0:4:-1").toIntArray());
        array.set(new NDIndex("::-2"), -1);
        assertArrayEquals(new int[] {0, -1, 2, -1, 4, -1}, array.toIntArray());
    }

    @Test
    void anEmptySliceIsSetToNothing() {
        NDArray array = manager.ones(new Shape(2, 3), DataType.INT64);
        array.set(new NDIndex("{},{}:{}", 0, 0, 0), 0);
        array.set(new NDIndex("1, 3:"), manager.create(9L));
        assertArrayEquals(new long[] {1, 1, 1, 1, 1, 1}, array.toLongArray());
        array.set(new NDIndex("{},{}:{}", 0, 0, 2), 0);
        assertArrayEquals(new long[] {0, 0, 1, 1, 1, 1}, array.toLongArray());
    }

    @Test
    void indicesAreChecked() {
        NDArray array = manager.ones(new Shape(2, 3));
        assertThrows(IndexOutOfBoundsException.class, () -> array.get(2));
        assertThrows(IndexOutOfBoundsException.class, () -> array.get("0, -4"));
        NDArray three = manager.create(new long[] {3});
        assertThrows(IndexOutOfBoundsException.class, () -> array.get(three));
        assertThrows(IndexOutOfBoundsException.class, () -> array.get("{}, {}", three, three));
        assertThrows(
                IndexOutOfBoundsException.class, () -> array.set(new NDIndex("{}", three), 1f));
        refuses("(2, 3)", () -> array.get(0, 0, 0));
        refuses("[2, 3]", () -> array.get("0, 0, 0"));
        refuses("boolean", () -> array.get(manager.create(new boolean[] {true, false, true})));
        refuses("one element", () -> array.setScalar(new NDIndex("0"), 1));
    }

    @Test
    void operationsSayWhatDoesNotFit() {
        NDArray array = manager.ones(new Shape(2, 3));
        refuses("[2, 3]", () -> array.add(manager.ones(new Shape(2))));
        refuses("matMul", () -> array.matMul(array));
        refuses("number of elements", () -> array.reshape(7));
        refuses("-1", () -> array.reshape(-1, 4));
        refuses("Axis 2", () -> array.sum(new int[] {2}));
        refuses("Axis -3", () -> array.softmax(-3));
        refuses("concat", () -> array.concat(manager.ones(new Shape(2, 4))));
        refuses("stack", () -> array.stack(manager.ones(new Shape(2, 4))));
        refuses("topK", () -> array.topK(4, 1));
        refuses("floating point", () -> array.toType(DataType.INT64, false).mean());
        refuses("float64", () -> array.toType(DataType.INT32, false).addi(1.5));
        refuses("transpose", () -> array.transpose(0, 0));
        refuses("split", () -> array.split(2, 1));
        IllegalStateException e =
                assertThrows(
                        IllegalStateException.class,
                        () -> manager.ones(new Shape(1)).broadcast(3).addi(1));
        assertTrue(e.getMessage().contains("duplicate()"), e.getMessage());
    }

    @Test
    void whatIsNotOfferedSaysSo() {
        NDArray array = manager.ones(new Shape(4));
        UnsupportedOperationException e =
                assertThrows(
                        UnsupportedOperationException.class,
                        () -> array.toSparse(SparseFormat.COO));
        assertTrue(e.getMessage().contains("its arrays are dense"), e.getMessage());
        assertThrows(UnsupportedOperationException.class, () -> array.getGradient());
    }

    @Test
    void typesMeetAsInPyTorch() {
        NDArray ints = manager.create(new long[] {1, 2});
        assertEquals(DataType.FLOAT32, ints.div(2).getDataType());
        assertEquals(DataType.INT64, ints.add(2).getDataType());
        assertEquals(DataType.FLOAT64, ints.add(2.0).getDataType());
        NDArray half = ints.toType(DataType.FLOAT16, false);
        assertEquals(DataType.FLOAT16, half.add(2.0).getDataType());
        assertEquals(DataType.FLOAT16, half.add(ints).getDataType());
        assertEquals(
                DataType.FLOAT32, half.add(ints.toType(DataType.BFLOAT16, false)).getDataType());
        assertEquals(DataType.FLOAT32, half.matMul(manager.ones(new Shape(2, 2))).getDataType());
        assertEquals(DataType.INT64, ints.gt(1).sum().getDataType());
        assertEquals(DataType.FLOAT32, ints.exp().getDataType());
    }

    @Test
    void inPlaceOperationsOnOverlappingViews() {
        NDArray array = manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 2));
        array.addi(array.transpose());
        assertArrayEquals(new float[] {2, 5, 5, 8}, array.toFloatArray());
        array.subi(array.get("0:1"));
        assertArrayEquals(new float[] {0, 0, 3, 3}, array.toFloatArray());
        array.set(new NDIndex("0"), array.get("1"));
        assertArrayEquals(new float[] {3, 3, 3, 3}, array.toFloatArray());
        NDArray row = manager.create(new float[] {1, 2, 3});
        row.set(new NDIndex("1:"), row.get(":2"));
        assertArrayEquals(new float[] {1, 1, 2}, row.toFloatArray());
    }

    @Test
    void equality() {
        NDArray a = manager.create(new float[] {1, 2});
        assertEquals(a, manager.create(new float[] {1, 2}));
        assertNotEquals(a, manager.create(new float[] {1, 3}));
        assertNotEquals(a, manager.create(new double[] {1, 2}));
        assertNotEquals(a, manager.create(new float[] {1, 2}, new Shape(1, 2)));
        assertFalse(a.contentEquals((NDArray) null));
        assertTrue(manager.create(3f).contentEquals(3f));
        assertFalse(manager.create(3f).contentEquals(3));
        NDArray nan = manager.create(Float.NaN);
        assertFalse(nan.contentEquals(nan));
    }

    @Test
    void theSameSeedGivesTheSameNumbers() {
        OktoEngine.get().setRandomSeed(42);
        NDArray first = manager.randomNormal(new Shape(1000));
        NDArray second = manager.randomNormal(new Shape(1000));
        assertNotEquals(first, second);
        OktoEngine.get().setRandomSeed(42);
        assertEquals(first, manager.randomNormal(new Shape(1000)));
        assertEquals(0, first.mean().getFloat(), 0.15);
        NDArray uniform = manager.randomUniform(2, 3, new Shape(1000), DataType.FLOAT16);
        assertTrue(uniform.gte(2).all().getBoolean());
        assertTrue(uniform.lte(3).all().getBoolean());
        NDArray whole = manager.randomInteger(-2, 3, new Shape(1000), DataType.INT32);
        assertEquals(-2, whole.min().getInt());
        assertEquals(2, whole.max().getInt());
        assertArrayEquals(
                manager.arange(0, 50, 1, DataType.INT64).toLongArray(),
                manager.randomPermutation(50).sort().toLongArray());
        assertTrue(manager.truncatedNormal(new Shape(500)).abs().max().getFloat() <= 2);
    }

    @Test
    void lengthsOfZero() {
        NDArray empty = manager.zeros(new Shape(0, 3));
        assertEquals(new Shape(0, 3), empty.add(1).getShape());
        assertEquals(new Shape(3), empty.sum(new int[] {0}).getShape());
        assertEquals(new Shape(0, 2), empty.matMul(manager.ones(new Shape(3, 2))).getShape());
        assertEquals(new Shape(0, 3), empty.softmax(1).getShape());
        assertEquals(new Shape(0, 6), empty.repeat(1, 2).getShape());
        assertEquals(new Shape(2, 3), empty.concat(manager.ones(new Shape(2, 3))).getShape());
        assertEquals(new Shape(0, 3), empty.sort(1).getShape());
        assertEquals(new Shape(0), empty.argMax(1).getShape());
        assertEquals(new Shape(0, 2), empty.nonzero().getShape());
        assertEquals(
                new Shape(0, 3),
                manager.ones(new Shape(2, 3)).get(manager.create(new long[0])).getShape());
        assertEquals(0, empty.toFloatArray().length);
        assertEquals(0, empty.sum().getFloat());
        refuses("has no max", empty::max);
    }

    @Test
    void encodingRoundTrips() {
        NDArray array = manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 2));
        array.setName("x");
        NDArray decoded = manager.decode(array.transpose().encode());
        assertArrayEquals(new float[] {1, 3, 2, 4}, decoded.toFloatArray());
        NDList list = NDList.decode(manager, new NDList(array, array.get(0)).encode());
        assertEquals(array, list.get(0));
        assertEquals("x", list.get(0).getName());
    }

    @Test
    void copyToBetweenOverlappingViews() {
        int n = 300;
        NDArray matrix = manager.arange((float) n * n).reshape(n, n);
        matrix.transpose().copyTo(matrix);
        float[] transposed = matrix.toFloatArray();
        for (int i = 0; i < n * n; i++) {
            assertEquals(i % n * n + i / n, transposed[i]);
        }
        NDArray row = manager.arange((float) n * n);
        row.get(":-1").copyTo(row.get("1:"));
        row.copyTo(row);
        float[] shifted = row.toFloatArray();
        for (int i = 1; i < n * n; i++) {
            assertEquals(i - 1, shifted[i]);
        }
    }

    @Test
    void unknownLengthsAreRefused() {
        Shape unknown = new Shape(-1, 3);
        NDArray row = manager.ones(new Shape(3));
        refuses("negative length", () -> manager.create(unknown));
        refuses("negative length", () -> manager.zeros(unknown));
        refuses("negative length", () -> row.broadcast(unknown));
    }

    @Test
    void padWithNegativeLengthsTakesAway() {
        NDArray array = manager.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(2, 3));
        NDArray cut = array.pad(new Shape(-1, 2, 1, -1), 9);
        assertEquals(new Shape(2, 4), cut.getShape());
        assertArrayEquals(new float[] {9, 9, 9, 9, 2, 3, 9, 9}, cut.toFloatArray());
        assertArrayEquals(new float[] {2, 5}, array.pad(new Shape(-1, -1), 9).toFloatArray());
        refuses("axis 1", () -> array.get(":, :1").pad(new Shape(-1, -1), 9));
    }
}
