package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuLifecycleParityTest extends LifecycleParityLaws {

    GpuLifecycleParityTest() {
        super(Target.GPU);
    }
}
