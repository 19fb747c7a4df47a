package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuMultiBoxTest extends MultiBoxLaws {

    GpuMultiBoxTest() {
        super(Target.GPU);
    }
}
