package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuDropInTest extends DropInLaws {

    GpuDropInTest() {
        super(Target.GPU);
    }
}
