package org.oktoblas.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.types.DataType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.engine.backend.MathMode;
import org.oktoblas.engine.backend.PackedMatrix;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.TestTensors;

/** Packing weights where memory runs out. */
class PackingTest {

    @ParameterizedTest
    @ValueSource(strings = {"onednn", "java"})
    void runningOutOfMemoryWhilePackingLeavesNothingBehind(String matmul) {
        CpuBackend backend = new CpuBackend(matmul);
        Tensor w = TestTensors.normal(backend, DataType.FLOAT16, 1, 1200, 64);
        // Every second column, which oneDNN cannot describe: packing needs copies in between.
        Tensor gaps = w.with(w.layout().slice(1, 0, 32, 2));
        for (MathMode mode : MathMode.values()) {
            boolean failed = true;
            int allocations = 0;
            for (; failed; allocations++) {
                int left = allocations;
                CpuMemory memory = new Limited(left);
                try {
                    PackedMatrix packed =
                            matmul.equals("java")
                                    ? JavaMatrix.pack(memory, gaps, mode)
                                    : DnnlMatrix.pack(memory, gaps, mode);
                    packed.close();
                    failed = false;
                } catch (EngineException e) {
                    assertEquals("Out of memory", e.getMessage());
                }
                assertEquals(0, memory.outstandingBytes(), mode + ", allocation " + left);
                memory.trim();
            }
            assertTrue(allocations > 1);
        }
        w.storage().release();
    }

    /** Memory that runs out after a number of allocations. */
    private static final class Limited extends CpuMemory {

        private int left;

        Limited(int left) {
            this.left = left;
        }

        @Override
        CpuStorage allocate(long byteSize) {
            if (left-- == 0) {
                throw new EngineException("Out of memory");
            }
            return super.allocate(byteSize);
        }
    }
}
