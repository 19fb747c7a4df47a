package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuEnduranceTest extends EnduranceLaws {

    GpuEnduranceTest() {
        super(Target.GPU);
    }
}
