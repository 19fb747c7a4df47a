package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuBlockTest extends BlockLaws {

    GpuBlockTest() {
        super(Target.GPU);
    }
}
