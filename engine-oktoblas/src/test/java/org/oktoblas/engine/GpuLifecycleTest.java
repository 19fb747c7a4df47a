package org.oktoblas.engine;

import ai.djl.Device;

@RequiresGpu
class GpuLifecycleTest extends LifecycleLaws {

    GpuLifecycleTest() {
        super(Device.gpu());
    }
}
