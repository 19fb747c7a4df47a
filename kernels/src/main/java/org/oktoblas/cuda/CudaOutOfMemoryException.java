package org.oktoblas.cuda;

/**
 * The device has no memory left for an array, or the driver none for its own needs. Nothing is
 * lost: free some and go on.
 */
public class CudaOutOfMemoryException extends CudaException {

    CudaOutOfMemoryException(String message, Throwable cause) {
        super(message, "CUDA_ERROR_OUT_OF_MEMORY", false, cause);
    }
}
