package org.oktoblas.engine;

import ai.djl.Device;

@RequiresGpu
class GpuAppendTest extends AppendLaws {

    GpuAppendTest() {
        super(Device.gpu());
    }
}
