package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.loss.Loss;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

/** What managers make arrays of, and what they and the engine refuse. */
abstract class ManagerLaws extends EngineParity {

    private final Target ours;

    ManagerLaws(Target ours) {
        super(ours);
        this.ours = ours;
    }

    @TestFactory
    List<DynamicTest> regularArrays() {
        for (DataType type : TYPES) {
            String name = " " + type;
            test("zeros" + name, m -> m.zeros(new Shape(2, 3), type));
            test("ones" + name, m -> m.ones(new Shape(2, 3), type));
            test("zeros on a device" + name, m -> m.zeros(new Shape(2), type, m.getDevice()));
            test("ones on a device" + name, m -> m.ones(new Shape(2), type, null));
            test("full" + name, m -> m.full(new Shape(2, 2), 2.7f, type));
            test("full on a device" + name, m -> m.full(new Shape(), 1f, type, m.getDevice()));
            test("no elements" + name, m -> m.zeros(new Shape(0, 3), type));
            test("no axes" + name, m -> m.ones(new Shape(), type));
            test("eye" + name, m -> m.eye(2, 3, 0, type));
            test("eye on a device" + name, m -> m.eye(3, 2, 0, type, m.getDevice()));
            if (type == DataType.BOOLEAN) {
                continue;
            }
            test("arange of ints" + name, m -> m.arange(3, 9, 4, type));
            test("arange of floats" + name, m -> m.arange(1.5f, 4.2f, 1.5f, type));
            test("arange down" + name, m -> m.arange(5f, 1f, -1.5f, type));
            test("arange of nothing" + name, m -> m.arange(5, 1, 1, type));
            test("arange of no steps" + name, m -> m.arange(1f, 2f, 0f, type));
            test("arange at" + name, m -> m.arange(1f, 4f, 1f, type, m.getDevice()));
        }
        for (DataType type : new DataType[] {DataType.INT8, DataType.INT32, DataType.INT64}) {
            test("arange through 0 " + type, m -> m.arange(-1.5f, 2f, 1f, type));
            test("arange down through 0 " + type, m -> m.arange(5f, -5f, -2.5f, type));
            test("full below 0 " + type, m -> m.full(new Shape(2), -1.5f, type));
        }
        test("zeros, full, ones", m -> m.zeros(new Shape(2)).add(m.ones(new Shape(2))));
        test("full of ints", m -> m.full(new Shape(2), 7));
        test("full of floats", m -> m.full(new Shape(), 7f));
        test("full of NaN", m -> m.full(new Shape(2), Float.NaN));
        test("full of true", m -> m.full(new Shape(2), 300f, DataType.BOOLEAN));
        test("arange(stop)", m -> m.arange(7));
        test("arange(-3)", m -> m.arange(-3));
        test("arange(0)", m -> m.arange(0));
        test("arange(float)", m -> m.arange(2.5f));
        test("arange(start, stop)", m -> m.arange(-2, 5));
        test("arange(floats)", m -> m.arange(-2.25f, 5f));
        test("arange(start, stop, step)", m -> m.arange(10, -10, -7));
        test("arange of tenths", m -> m.arange(0f, 100f, 0.1f));
        test("arange whose last rounds", m -> m.arange(0f, 1f, 0.1f));
        test("eye(n)", m -> m.eye(3));
        test("eye(0)", m -> m.eye(0));
        test("eye without columns", m -> m.eye(2, 0, 0));
        for (int n : new int[] {0, 1, 2, 3, 5, 50}) {
            test("linspace " + n, m -> m.linspace(-1f, 2f, n));
            test("linspace of ints " + n, m -> m.linspace(5, 1, n));
            test("linspace of one number " + n, m -> m.linspace(3f, 3f, n, true, m.getDevice()));
            test("hanningWindow " + n, m -> m.hanningWindow(n));
        }
        return tests;
    }

    @TestFactory
    List<DynamicTest> givenElements() {
        test("int", m -> m.create(3));
        test("float", m -> m.create(3.5f));
        test("double", m -> m.create(3.5));
        test("long", m -> m.create(1L << 40));
        test("byte", m -> m.create((byte) -3));
        test("boolean", m -> m.create(true));
        for (Number number : new Number[] {1, 1f, 1d, 1L, (byte) 1}) {
            test("number " + number.getClass(), m -> m.create(number));
        }
        test("floats", m -> m.create(new float[] {1, 2}));
        test("ints", m -> m.create(new int[] {1, 2}, new Shape(2, 1)));
        test("doubles", m -> m.create(new double[] {1, 2}, new Shape(1, 2)));
        test("longs", m -> m.create(new long[] {1, -2}));
        test("bytes", m -> m.create(new byte[] {1, -2}));
        test("booleans", m -> m.create(new boolean[] {true, false, true}, new Shape(3)));
        test("no floats", m -> m.create(new float[0]));
        test("no booleans", m -> m.create(new boolean[0], new Shape(2, 0)));
        test("rows of floats", m -> m.create(new float[][] {{1, 2}, {3, 4}}));
        test("rows of ints", m -> m.create(new int[][] {{1}, {3}}));
        test("rows of doubles", m -> m.create(new double[][] {{1, 2, 3}}));
        test("rows of longs", m -> m.create(new long[][] {{1, 2}, {3, 4}}));
        test("rows of bytes", m -> m.create(new byte[][] {{1, -2}}));
        test("rows of booleans", m -> m.create(new boolean[][] {{true, false}}));
        test("empty rows", m -> m.create(new int[][] {{}, {}}));
        test("unset", m -> m.create(new Shape(0, 2)));
        test("unset of a type", m -> m.create(new Shape(2, 0), DataType.INT64, m.getDevice()));
        short[] halves = {0x3c00, (short) 0xc000, 0x7bff};
        test("float buffer", m -> m.create(FloatBuffer.wrap(new float[] {1, 2}), new Shape(2)));
        test("double buffer", m -> m.create(DoubleBuffer.wrap(new double[] {1}), new Shape(1)));
        test("int buffer", m -> m.create(IntBuffer.wrap(new int[] {1, 2}), new Shape(1, 2)));
        test("long buffer", m -> m.create(LongBuffer.wrap(new long[] {1}), new Shape()));
        test("short buffer", m -> m.create(ShortBuffer.wrap(halves), new Shape(3)));
        test("byte buffer", m -> m.create(ByteBuffer.wrap(new byte[] {1, -1}), new Shape(2)));
        for (DataType type : TYPES) {
            for (boolean direct : new boolean[] {true, false}) {
                int size = 2 * type.getNumOfBytes();
                test(
                        (direct ? "direct" : "heap") + " bytes of " + type,
                        m -> m.create(bytes(direct, size), new Shape(2), type));
                test(
                        (direct ? "direct" : "heap") + " bytes set into " + type,
                        m -> {
                            NDArray array = m.zeros(new Shape(1, 2), type);
                            array.set(bytes(direct, size));
                            return array;
                        });
            }
        }
        test("longer than asked", m -> m.create(new float[] {1, 2, 3}, new Shape(2)));
        return tests;
    }

    /** Bytes that are small numbers in every type. */
    private static ByteBuffer bytes(boolean direct, int size) {
        ByteBuffer bytes = direct ? ByteBuffer.allocateDirect(size) : ByteBuffer.allocate(size);
        for (int i = 0; i < size; i++) {
            bytes.put(i, (byte) (i % 2));
        }
        return bytes.order(ByteOrder.nativeOrder());
    }

    /** Runs a body with a manager of this engine alone. */
    private void own(Consumer<NDManager> body) {
        try (NDManager manager = ours.newManager()) {
            body.accept(manager);
        }
    }

    /** What DJL's PyTorch engine refuses, or reads wrongly. */
    @Test
    void moreThanPyTorchMakes() {
        own(
                m -> {
                    assertArrayEquals(
                            new float[] {0, 1, 0, 0, 0, 1}, m.eye(2, 3, 1).toFloatArray());
                    assertArrayEquals(
                            new float[] {0, 0, 1, 0, 0, 1}, m.eye(3, 2, -1).toFloatArray());
                    assertArrayEquals(new float[4], m.eye(2, 5).toFloatArray());
                    assertArrayEquals(new float[4], m.eye(2, Integer.MIN_VALUE).toFloatArray());
                    assertArrayEquals(
                            new float[] {10, 8, 6, 4, 2},
                            m.linspace(10, 0, 5, false).toFloatArray());
                    assertEquals(new Shape(0), m.linspace(0f, 1f, 0, false).getShape());
                    assertArrayEquals(
                            new int[] {16777217, 16777218},
                            m.arange(16777217, 16777219).toIntArray());
                    assertArrayEquals(
                            new int[] {16777217}, m.full(new Shape(1), 16777217).toIntArray());
                    assertEquals(new Shape(0), m.arange(1f, 1f, 0f).getShape());
                    // From a buffer's position on, which stays where it is.
                    for (boolean direct : new boolean[] {true, false}) {
                        ByteBuffer bytes = bytes(direct, 12);
                        bytes.asFloatBuffer().put(new float[] {9, 1, 2});
                        bytes.position(4);
                        assertArrayEquals(
                                new float[] {1, 2},
                                m.create(bytes, new Shape(2), DataType.FLOAT32).toFloatArray());
                        assertEquals(4, bytes.position());
                    }
                    FloatBuffer floats = FloatBuffer.wrap(new float[] {9, 1, 2, 3});
                    floats.position(1);
                    NDArray array = m.create(floats, new Shape(2));
                    assertArrayEquals(new float[] {1, 2}, array.toFloatArray());
                    assertEquals(4, floats.limit());
                    NDArray brain =
                            m.create(
                                    ShortBuffer.wrap(new short[] {0x3f80, (short) 0xc000}),
                                    new Shape(2),
                                    DataType.BFLOAT16);
                    assertArrayEquals(new float[] {1, -2}, brain.toFloatArray());
                    assertArrayEquals(
                            new float[] {0, 1, 2},
                            m.arange(0, 3, 1, DataType.BFLOAT16).toFloatArray());
                });
    }

    @Test
    void whatCannotBeMadeIsRefused() {
        own(
                m -> {
                    Shape two = new Shape(2);
                    refused(() -> m.zeros(new Shape(-1, 2)), "negative length");
                    refused(() -> m.create(new Shape(-1)), "negative length");
                    refused(() -> m.eye(-1), "negative length");
                    refused(() -> m.linspace(0f, 1f, -1), "-1");
                    refused(() -> m.hanningWindow(-1), "-1");
                    refused(() -> m.full(two, 300f, DataType.UINT8), "300.0", "uint8");
                    refused(() -> m.full(two, -1f, DataType.UINT8), "-1.0");
                    refused(() -> m.full(two, -129f, DataType.INT8), "int8");
                    refused(() -> m.full(two, 0x1p31f, DataType.INT32), "int32");
                    refused(() -> m.full(two, Float.NaN, DataType.INT64), "NaN");
                    refused(() -> m.full(two, 70000f, DataType.FLOAT16), "float16");
                    refused(() -> m.arange(0.5f, 3f, 0.5f, DataType.INT32), "int32", "0.5");
                    refused(() -> m.arange(0f, Float.POSITIVE_INFINITY, 1f), "Infinity");
                    refused(() -> m.arange(0f, 1e20f, 1f), "elements");
                    refused(() -> m.randomInteger(0, 300, two, DataType.INT8), "300", "int8");
                    refused(() -> m.randomInteger(-1, 2, two, DataType.UINT8), "-1", "uint8");
                    refused(() -> m.create(new float[] {1, 2}, new Shape(3)), "3", "2");
                    refused(() -> m.create(bytes(true, 7), two, DataType.FLOAT32), "8", "7");
                    Buffer doubles = DoubleBuffer.allocate(2);
                    refused(() -> m.create(doubles, two, DataType.FLOAT32), "DoubleBuffer");
                    refused(() -> m.create(IntBuffer.allocate(2), two, DataType.INT64), "int64");
                    refused(() -> m.create(CharBuffer.allocate(2), two), "CharBuffer");
                    refused(() -> m.create((Number) (short) 1), "Short");
                    for (DataType type :
                            new DataType[] {
                                DataType.INT16,
                                DataType.UINT16,
                                DataType.UINT32,
                                DataType.UINT64,
                                DataType.UNKNOWN
                            }) {
                        lacks(() -> m.zeros(two, type), "data type " + type);
                    }
                });
    }

    @Test
    void sparseArraysAndNamedOperationsAreRefused() {
        own(
                m -> {
                    FloatBuffer one = FloatBuffer.wrap(new float[] {1});
                    long[] zero = {0};
                    Shape shape = new Shape(1, 1);
                    lacks(
                            () -> m.createCSR(one, new long[] {0, 1}, zero, shape),
                            "createCSR",
                            "dense",
                            "zeros(shape)");
                    lacks(
                            () -> m.createCSR(one.array(), zero, zero, shape, m.getDevice()),
                            "createCSR");
                    lacks(() -> m.createRowSparse(one, shape, zero, shape), "createRowSparse");
                    lacks(
                            () -> m.createRowSparse(one, shape, zero, shape, m.getDevice()),
                            "createRowSparse");
                    lacks(() -> m.createCoo(one, new long[][] {zero, zero}, shape), "createCoo");
                    lacks(() -> m.invoke("relu", new NDList(), null), "relu", "by a name");
                    lacks(() -> m.invoke("relu", new NDArray[0], new NDArray[0], null), "relu");
                });
    }

    @Test
    void whatNeedsGradientsIsRefused() {
        Engine engine = Engine.getEngine(ours.engine());
        String[] sentence = {"computes no gradients", "PyTorch engine", "Model.save"};
        lacks(engine::newGradientCollector, "Engine.newGradientCollector");
        lacks(engine::newGradientCollector, sentence);
        lacks(() -> engine.newSymbolBlock(null), "Engine.newSymbolBlock", "Block");
        own(
                m -> {
                    NDArray array = m.create(1f);
                    array.setRequiresGradient(true);
                    assertTrue(array.hasGradient());
                    lacks(array::getGradient, sentence);
                    array.setRequiresGradient(false);
                    assertTrue(!array.hasGradient());
                    lacks(array::getGradient, "NDArray.getGradient");
                    NDArray stopped = array.stopGradient();
                    assertEquals(array, stopped);
                    assertTrue(!stopped.hasGradient());
                });
        try (Model model = Model.newInstance("x", ours.device(), ours.engine())) {
            lacks(() -> model.newTrainer(new DefaultTrainingConfig(Loss.l2Loss())), sentence);
        }
    }

    @Test
    void managersKnowWhereTheyAre() {
        own(
                m -> {
                    assertEquals(ours.device(), m.getDevice());
                    assertEquals(m.getEngine().defaultDevice(), m.defaultDevice());
                    assertSame(Engine.getEngine(ours.engine()), m.getEngine());
                    assertNull(m.from(null));
                    NDArray array = m.create(1f);
                    assertSame(array, m.from(array));
                    ByteBuffer buffer = m.allocateDirect(10);
                    assertTrue(buffer.isDirect());
                    assertEquals(10, buffer.remaining());
                    assertEquals(ByteOrder.nativeOrder(), buffer.order());
                    // Arrays on another device stay the manager's, to be freed with it.
                    NDArray there = m.zeros(new Shape(2), DataType.INT32, Device.cpu());
                    assertEquals(Device.cpu(), there.getDevice());
                    assertTrue(m.getManagedArrays().contains(there));
                });
        try (NDManager byName = NDManager.newBaseManager(ours.device(), ours.engine());
                NDManager byDefault = NDManager.newBaseManager(ours.engine())) {
            assertEquals(ours.device(), byName.getDevice());
            assertEquals(byDefault.defaultDevice(), byDefault.getDevice());
        }
    }

    /** An array of the peer's engine is brought over with its name. */
    @Test
    void arraysOfOtherEnginesAreTakenOver() {
        assumeFalse(ours.peer().engine().equals(ours.engine()), "no other engine is here");
        try (NDManager theirs = ours.peer().newManager();
                NDManager m = ours.newManager()) {
            for (DataType type : TYPES) {
                NDArray array = typed(theirs, type, 2, 3);
                array.setName("name");
                NDArray own = m.from(array);
                assertEquals("name", own.getName());
                assertEquals(type, own.getDataType());
                assertEquals(m, own.getManager());
                assertArrayEquals(array.toByteArray(), own.toByteArray(), type.toString());
                NDArray back = theirs.from(own);
                assertArrayEquals(array.toByteArray(), back.toByteArray(), type.toString());
            }
        }
    }

    private static void refused(Executable call, String... words) {
        says(assertThrows(IllegalArgumentException.class, call), words);
    }

    private static void lacks(Executable call, String... words) {
        says(assertThrows(UnsupportedOperationException.class, call), words);
    }

    private static void says(Exception e, String... words) {
        for (String word : words) {
            assertTrue(e.getMessage().contains(word), e.getMessage());
        }
    }
}
