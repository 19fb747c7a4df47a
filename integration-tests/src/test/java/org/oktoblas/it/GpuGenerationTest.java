package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuGenerationTest extends GenerationLaws {

    GpuGenerationTest() {
        super(Target.GPU);
    }
}
