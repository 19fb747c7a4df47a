package org.oktoblas.cuda;

/**
 * What a device is.
 *
 * @param name its name, such as "NVIDIA H100 80GB HBM3"
 * @param major its compute capability before the point
 * @param minor its compute capability after the point
 * @param multiprocessors its multiprocessors
 * @param sharedBytesPerBlock the shared memory that a block may ask for
 * @param sharedBytesPerMultiprocessor the shared memory of a multiprocessor
 * @param registersPerMultiprocessor the registers of a multiprocessor
 * @param threadsPerMultiprocessor the threads that a multiprocessor holds
 * @param cooperativeLaunch whether a launch's blocks may wait for each other
 * @param l2Bytes its second-level cache
 * @param memoryBytes its memory
 */
public record DeviceProperties(
        String name,
        int major,
        int minor,
        int multiprocessors,
        int sharedBytesPerBlock,
        int sharedBytesPerMultiprocessor,
        int registersPerMultiprocessor,
        int threadsPerMultiprocessor,
        boolean cooperativeLaunch,
        long l2Bytes,
        long memoryBytes) {

    /** Returns the compute capability as a number: 90 for 9.0. */
    public int arch() {
        return major * 10 + minor;
    }
}
