package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class CudaExceptionTest {

    @Test
    void saysWhatWasBeingDone() {
        CudaException error = new CudaException("it failed", "CUDA_ERROR_ASSERT", true, null);
        CudaException told = error.during("matmul of float32[2, 3] and float32[3, 4]");
        assertEquals("matmul of float32[2, 3] and float32[3, 4]: it failed", told.getMessage());
        assertEquals("CUDA_ERROR_ASSERT", told.error());
        assertTrue(told.isFatal());
        assertSame(error, told.getCause());
    }

    @Test
    void runningOutOfMemoryStaysThat() {
        CudaException error = new CudaOutOfMemoryException("no memory", null);
        CudaException told = error.during("softmax of float32[9]");
        assertInstanceOf(CudaOutOfMemoryException.class, told);
        assertEquals("softmax of float32[9]: no memory", told.getMessage());
        assertEquals("CUDA_ERROR_OUT_OF_MEMORY", told.error());
        assertSame(error, told.getCause());
    }
}
