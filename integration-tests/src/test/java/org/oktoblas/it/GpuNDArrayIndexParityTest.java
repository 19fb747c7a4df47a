package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuNDArrayIndexParityTest extends NDArrayIndexParityLaws {

    GpuNDArrayIndexParityTest() {
        super(Target.GPU);
    }
}
