package org.oktoblas.engine.cuda;

import ai.djl.Device;
import org.oktoblas.cuda.CudaException;
import org.oktoblas.cuda.DeviceMemory;
import org.oktoblas.engine.backend.Storage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A block of a GPU's memory. It is freed in the order of the streams that use it. */
final class CudaStorage extends Storage {

    private static final Logger LOGGER = LoggerFactory.getLogger(CudaStorage.class);

    private final DeviceMemory memory;

    CudaStorage(Device device, long byteSize, DeviceMemory memory) {
        super(device, byteSize);
        this.memory = memory;
    }

    DeviceMemory memory() {
        return memory;
    }

    /**
     * Returns the address of a byte.
     *
     * @throws IndexOutOfBoundsException if the bytes from there on are not all in this storage
     */
    long address(long offset, long size) {
        requireBytes(offset, size);
        return memory.address() + offset;
    }

    @Override
    protected void free() {
        free(memory);
    }

    /** Frees memory. A device that fails says so to those who compute, not to those who close. */
    static void free(DeviceMemory memory) {
        try {
            memory.free();
        } catch (CudaException e) {
            // Once a device is lost, it is not asked again: this is logged where that first shows.
            LOGGER.warn(
                    "Memory of {} could not be freed: {}", memory.home().device(), e.getMessage());
        }
    }
}
