package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuNDArrayTypeParityTest extends NDArrayTypeParityLaws {

    GpuNDArrayTypeParityTest() {
        super(Target.GPU);
    }
}
