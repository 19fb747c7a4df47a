package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuNDArrayParityTest extends NDArrayParityLaws {

    GpuNDArrayParityTest() {
        super(Target.GPU);
    }
}
