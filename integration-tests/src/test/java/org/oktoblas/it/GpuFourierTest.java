package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuFourierTest extends FourierLaws {

    GpuFourierTest() {
        super(Target.GPU);
    }
}
