package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuNDArrayExTest extends NDArrayExLaws {

    GpuNDArrayExTest() {
        super(Target.GPU);
    }
}
