package org.oktoblas.engine;

import ai.djl.Device;

@RequiresGpu
class GpuTransformerOpsTest extends TransformerOpsLaws {

    GpuTransformerOpsTest() {
        super(Device.gpu());
    }
}
