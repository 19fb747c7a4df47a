package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuLossTest extends LossLaws {

    GpuLossTest() {
        super(Target.GPU);
    }
}
