package org.oktoblas.engine;

import ai.djl.Device;

@RequiresGpu
class GpuNDArrayPropertyTest extends NDArrayPropertyLaws {

    GpuNDArrayPropertyTest() {
        super(Device.gpu());
    }
}
