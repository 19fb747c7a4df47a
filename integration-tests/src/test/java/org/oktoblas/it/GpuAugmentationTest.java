package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuAugmentationTest extends AugmentationLaws {

    GpuAugmentationTest() {
        super(Target.GPU);
    }
}
