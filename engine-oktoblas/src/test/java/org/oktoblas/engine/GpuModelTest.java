package org.oktoblas.engine;

import ai.djl.Device;

@RequiresGpu
class GpuModelTest extends ModelLaws {

    GpuModelTest() {
        super(Device.gpu());
    }
}
