package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuUpdateTest extends UpdateLaws {

    GpuUpdateTest() {
        super(Target.GPU);
    }
}
