package org.oktoblas.kernels;

import org.oktoblas.cuda.DeviceMemory;

/**
 * A GPT-2's weights on a device, packed for its kernels. Many streams may read them at once.
 *
 * @param memory holds all of them, in the order of the streams that use it
 * @param layout where in it they lie
 */
record Gpt2Weights(DeviceMemory memory, Gpt2Layout layout) implements AutoCloseable {

    /** Returns the addresses that kernels take. */
    Gpt2Structs.Weights addresses() {
        return layout.at(memory.address());
    }

    /** Returns the address of a layer's part. */
    long address(int layer, Gpt2Layout.Part part) {
        return memory.address() + layout.of(layer, part);
    }

    /** Frees the memory once what was enqueued before is done. */
    @Override
    public void close() {
        memory.free();
    }
}
