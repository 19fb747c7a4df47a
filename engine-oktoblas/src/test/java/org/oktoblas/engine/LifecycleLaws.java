package org.oktoblas.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who owns arrays, and when their memory is freed. */
abstract class LifecycleLaws {

    private final Device device;
    private final OktoNDManager manager;
    private long before;

    LifecycleLaws(Device device) {
        this.device = device;
        manager = OktoNDManager.system().newSubManager(device);
    }

    @BeforeEach
    void count() {
        before = OktoEngine.get().memoryUse(device).used();
    }

    @AfterEach
    void nothingIsLeft() {
        manager.close();
        assertEquals(before, OktoEngine.get().memoryUse(device).used(), "bytes outstanding");
    }

    @Test
    void closingAManagerClosesWhatIsAttached() {
        NDManager inner = manager.newSubManager();
        NDArray array = inner.ones(new Shape(100));
        NDArray view = array.get("1:3");
        inner.close();
        assertTrue(array.isReleased());
        assertTrue(view.isReleased());
        assertEquals(before, OktoEngine.get().memoryUse(device).used());
    }

    @Test
    void aViewKeepsTheMemory() {
        NDArray array = manager.create(new float[] {1, 2, 3});
        NDArray view = array.get("1:");
        array.close();
        assertArrayEquals(new float[] {2, 3}, view.toFloatArray());
        view.close();
        assertEquals(before, OktoEngine.get().memoryUse(device).used());
    }

    @Test
    void usingAClosedArraySaysSo() {
        NDArray array = manager.ones(new Shape(2));
        array.setName("weight");
        array.close();
        array.close();
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> array.add(1));
        assertTrue(e.getMessage().contains("\"weight\""), e.getMessage());
        assertTrue(e.getMessage().contains("closed"), e.getMessage());
        assertEquals("This array is already closed", array.toString());
        NDArray open = manager.ones(new Shape(2));
        assertThrows(IllegalStateException.class, () -> open.add(array));
        assertThrows(IllegalStateException.class, () -> open.addi(array));
        assertThrows(IllegalStateException.class, array::toFloatArray);
        assertThrows(IllegalStateException.class, () -> array.get(0));
    }

    @Test
    void resultsBelongToTheArraysManager() {
        OktoNDManager inner = manager.newSubManager();
        NDArray a = inner.ones(new Shape(2, 2));
        NDArray b = manager.ones(new Shape(2, 2));
        assertSame(inner, a.add(b).getManager());
        assertSame(manager, b.matMul(a).getManager());
        assertSame(inner, b.get(inner, new NDIndex("0")).getManager());
        assertSame(inner, b.get(inner, 0, 1).getManager());
        assertSame(inner, b.take(inner, manager.create(new long[] {0})).getManager());
        assertSame(
                inner,
                b.get(inner, new NDIndex("{}", manager.create(new long[] {0}))).getManager());
    }

    @Test
    void operationsOfManyStepsLeaveTheirResultsOnly() {
        NDArray square = manager.randomNormal(new Shape(6, 6)).add(manager.eye(6).mul(9));
        NDArray complex = square.reshape(6, 3, 2).complex();
        NDArray index = manager.create(new long[] {1, 2, 3});
        List<Function<NDArray, NDArray>> operations =
                List.of(
                        NDArray::inverse,
                        NDArray::trace,
                        NDArray::median,
                        NDArray::gammaln,
                        a -> a.percentile(30),
                        a -> a.diff(2, 0),
                        a -> a.rotate90(1, new int[] {0, 1}),
                        a -> a.sequenceMask(index.concat(index)),
                        a -> a.xlogy(a),
                        a -> a.tile(new Shape(12)),
                        a -> a.gatherNd(index.reshape(1, 3)),
                        a -> a.get(new NDIndex("3:").addPickDim(index)),
                        a -> a.fft(6).abs(),
                        a -> a.fft2(new long[] {70, 3}),
                        a -> a.fft(1009),
                        a -> a.flatten().stft(9, 2, true, null, true),
                        a -> complex.irfft(5, 0),
                        a -> complex.add(complex).mul(complex).div(complex),
                        a -> complex.matMul(complex.transpose()),
                        a -> complex.norm());
        for (Function<NDArray, NDArray> operation : operations) {
            long used = OktoEngine.get().memoryUse(device).used();
            int attached = manager.getManagedArrays().size();
            try (NDScope scope = new NDScope()) {
                scope.suppressNotUsedWarning();
                assertFalse(operation.apply(square).isReleased());
            }
            assertEquals(used, OktoEngine.get().memoryUse(device).used());
            assertEquals(attached, manager.getManagedArrays().size());
            try (NDArray result = operation.apply(square)) {
                assertSame(manager, result.getManager());
            }
        }
        long used = OktoEngine.get().memoryUse(device).used();
        int attached = manager.getManagedArrays().size();
        assertThrows(IllegalArgumentException.class, () -> complex.fft2(new long[] {3, 0}));
        assertThrows(UnsupportedOperationException.class, () -> complex.sqrt());
        assertThrows(UnsupportedOperationException.class, () -> complex.unique());
        assertEquals(used, OktoEngine.get().memoryUse(device).used());
        assertEquals(attached, manager.getManagedArrays().size());
    }

    @Test
    void inPlaceOperationsReturnTheArray() {
        NDArray array = manager.ones(new Shape(2));
        assertSame(array, array.addi(1));
        assertSame(array, array.subi(array));
        assertSame(array, array.muli(2).divi(3).modi(2).powi(2).negi().signi());
    }

    @Test
    void attachMovesAnArray() {
        NDManager inner = manager.newSubManager();
        NDArray array = inner.ones(new Shape(2));
        array.attach(manager);
        inner.close();
        assertArrayEquals(new float[] {1, 1}, array.toFloatArray());
        assertSame(manager, array.getManager());
    }

    @Test
    void detachedArraysOutliveTheirManager() {
        NDManager inner = manager.newSubManager();
        NDArray array = inner.ones(new Shape(2));
        array.detach();
        inner.close();
        assertArrayEquals(new float[] {1, 1}, array.toFloatArray());
        array.close();
    }

    @Test
    void temporaryAttachmentReturnsAnArray() {
        NDArray array = manager.ones(new Shape(2));
        NDManager inner = manager.newSubManager();
        array.tempAttach(inner);
        assertSame(inner, array.getManager());
        inner.close();
        assertFalse(array.isReleased());
        assertSame(manager, array.getManager());
    }

    @Test
    void aScopeClosesWhatIsNotUnregistered() {
        NDArray kept;
        NDArray lost;
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            lost = manager.ones(new Shape(2));
            kept = lost.add(1);
            NDScope.unregister(kept);
        }
        assertTrue(lost.isReleased());
        assertArrayEquals(new float[] {2, 2}, kept.toFloatArray());
    }

    @Test
    void aClosedManagerTakesNothing() {
        OktoNDManager inner = manager.newSubManager();
        NDArray array = manager.ones(new Shape(1000));
        inner.close();
        assertThrows(IllegalStateException.class, () -> inner.ones(new Shape(1000)));
        assertThrows(IllegalStateException.class, () -> array.get(inner, 0));
        manager.cap();
        assertThrows(IllegalStateException.class, () -> array.add(1));
    }

    @Test
    void failedOperationsLeaveNothingBehind() {
        NDArray array = manager.ones(new Shape(100, 10));
        long taken = OktoEngine.get().memoryUse(device).used();
        assertThrows(
                IndexOutOfBoundsException.class,
                () -> array.get(new NDIndex("{}", array.toType(DataType.INT64, false).mul(500L))));
        assertThrows(IllegalArgumentException.class, () -> array.matMul(array));
        assertThrows(IllegalArgumentException.class, () -> array.add(array.get(":, :3")));
        manager.getManagedArrays().stream().filter(a -> a != array).forEach(NDArray::close);
        assertEquals(taken, OktoEngine.get().memoryUse(device).used());
    }

    @Test
    void internTakesOverTheElements() {
        NDArray array = manager.ones(new Shape(2));
        NDArray other = manager.create(new long[] {5, 6, 7});
        array.intern(other);
        assertTrue(other.isReleased());
        assertArrayEquals(new long[] {5, 6, 7}, array.toLongArray());
        assertEquals(new Shape(3), array.getShape());
    }

    @Test
    void internOfItselfChangesNothing() {
        NDArray array = manager.create(new long[] {5, 6, 7});
        array.intern(array);
        assertArrayEquals(new long[] {5, 6, 7}, array.toLongArray());
        assertSame(manager, array.getManager());
    }

    @Test
    void wrappedBuffersAreNotCopied() {
        ByteBuffer direct = ByteBuffer.allocateDirect(12).order(ByteOrder.nativeOrder());
        direct.asFloatBuffer().put(new float[] {1, 2, 3});
        NDArray array = manager.wrap(direct, new Shape(3), DataType.FLOAT32);
        if (manager.getDevice().equals(Device.cpu())) {
            direct.putFloat(0, 10);
            assertArrayEquals(new float[] {10, 2, 3}, array.toFloatArray());
        }
        assertArrayEquals(
                new float[] {3},
                manager.wrap(direct.slice(8, 4), new Shape(1), DataType.FLOAT32).toFloatArray());
        IllegalStateException e =
                assertThrows(IllegalStateException.class, () -> array.get("1:").addi(1));
        assertTrue(e.getMessage().contains("wrapped"), e.getMessage());
        assertThrows(IllegalStateException.class, () -> array.set(new NDIndex("0"), 1));
        assertThrows(IllegalStateException.class, () -> array.set(new float[3]));
        assertArrayEquals(new float[] {3, 4}, array.get("1:").add(1).toFloatArray());
        assertThrows(
                IllegalArgumentException.class,
                () -> manager.wrap(direct, new Shape(4), DataType.FLOAT32));
        assertThrows(
                IllegalArgumentException.class,
                () -> manager.wrap(ByteBuffer.allocate(12), new Shape(3), DataType.FLOAT32));
    }

    @Test
    void twoHundredThousandOperationsLeaveNothingBehind() {
        NDArray weight = manager.ones(new Shape(8, 8));
        NDArray ids = manager.create(new long[] {3, 1});
        long taken = OktoEngine.get().memoryUse(device).used();
        for (int i = 0; i < 20_000; i++) {
            try (NDManager inner = manager.newSubManager()) {
                NDArray rows = weight.get(inner, new NDIndex("{}", ids));
                NDArray sums = rows.matMul(weight).addi(1).mul(2f).get("0").sum();
                sums.add(rows.transpose().reshape(16)).softmax(0).argMax(0);
            }
        }
        assertEquals(taken, OktoEngine.get().memoryUse(device).used());
        assertEquals(2, manager.getManagedArrays().size());
    }
}
