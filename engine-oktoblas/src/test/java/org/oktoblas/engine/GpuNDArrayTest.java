package org.oktoblas.engine;

import ai.djl.Device;

@RequiresGpu
class GpuNDArrayTest extends NDArrayLaws {

    GpuNDArrayTest() {
        super(Device.gpu());
    }
}
