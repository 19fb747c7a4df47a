package org.oktoblas.gpt2;

import ai.djl.Device;

/** {@link Gpt2SessionLaws} on the CPU. */
class CpuGpt2SessionTest extends Gpt2SessionLaws {

    @Override
    Device device() {
        return Device.cpu();
    }
}
