package org.oktoblas.engine;

import ai.djl.Device;

@RequiresGpu
class GpuThreadsTest extends ThreadsLaws {

    GpuThreadsTest() {
        super(Device.gpu());
    }
}
