package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuDistributionTest extends DistributionLaws {

    GpuDistributionTest() {
        super(Target.GPU);
    }
}
