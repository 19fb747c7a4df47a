package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuLeakTest extends LeakLaws {

    GpuLeakTest() {
        super(Target.GPU);
    }
}
