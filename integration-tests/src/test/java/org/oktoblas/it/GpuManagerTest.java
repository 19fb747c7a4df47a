package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuManagerTest extends ManagerLaws {

    GpuManagerTest() {
        super(Target.GPU);
    }
}
