package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuImageTest extends ImageLaws {

    GpuImageTest() {
        super(Target.GPU);
    }
}
