package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuInPlaceTest extends InPlaceLaws {

    GpuInPlaceTest() {
        super(Target.GPU);
    }
}
