package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuNetworkTest extends NetworkLaws {

    GpuNetworkTest() {
        super(Target.GPU);
    }
}
