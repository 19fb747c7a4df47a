package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuLinearAlgebraTest extends LinearAlgebraLaws {

    GpuLinearAlgebraTest() {
        super(Target.GPU);
    }
}
