package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuPoolingTest extends PoolingLaws {

    GpuPoolingTest() {
        super(Target.GPU);
    }
}
