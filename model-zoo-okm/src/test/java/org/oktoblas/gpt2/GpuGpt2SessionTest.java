package org.oktoblas.gpt2;

import ai.djl.Device;
import org.oktoblas.RequiresGpu;

/** {@link Gpt2SessionLaws} on a GPU. */
@RequiresGpu
class GpuGpt2SessionTest extends Gpt2SessionLaws {

    @Override
    Device device() {
        return Device.gpu(0);
    }
}
