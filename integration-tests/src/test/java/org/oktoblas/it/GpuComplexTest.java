package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuComplexTest extends ComplexLaws {

    GpuComplexTest() {
        super(Target.GPU);
    }
}
