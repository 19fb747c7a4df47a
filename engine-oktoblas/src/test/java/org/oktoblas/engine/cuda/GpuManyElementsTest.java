package org.oktoblas.engine.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.RandomOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.TestTensors;

/** Elementwise operations on more elements than an {@code int} can number. */
@RequiresGpu
class GpuManyElementsTest {

    /** The kernels run more than once. */
    @Test
    void moreElementsThanAnIndexCanCount() {
        Backend backend = TestBackend.get();
        long count = (1L << 31) + 1003;
        Tensor t = TestTensors.empty(backend, DataType.INT8, count);
        long[] places = {0, (1L << 30) - 1, 1L << 30, (1L << 31) - 2, 1L << 31, count - 1};
        try {
            backend.arange(Scalar.of(5), Scalar.of(1), t);
            backend.binary(BinaryOp.MULTIPLY, t, Scalar.of(3), t);
            for (long place : places) {
                assertEquals((byte) (3 * (place + 5)), at(backend, t, place), "at " + place);
            }
            backend.random(RandomOp.INTEGER, -100, 100, 11, 4, t);
            Tensor one = TestTensors.empty(backend, DataType.INT8, 1);
            for (long place : places) {
                backend.random(RandomOp.INTEGER, -100, 100, 11, 4 + place, one);
                assertEquals(at(backend, one, 0), at(backend, t, place), "at " + place);
            }
            backend.copy(one.with(new Layout(new long[] {count}, new long[] {0}, 0)), t);
            assertArrayEquals(
                    new byte[] {at(backend, one, 0), at(backend, one, 0)},
                    new byte[] {at(backend, t, 1L << 31), at(backend, t, count - 1)});
            one.storage().release();
        } finally {
            t.storage().release();
        }
    }

    private static byte at(Backend backend, Tensor tensor, long place) {
        ByteBuffer one = ByteBuffer.allocate(1);
        backend.read(tensor.storage(), place, one);
        return one.get(0);
    }
}
