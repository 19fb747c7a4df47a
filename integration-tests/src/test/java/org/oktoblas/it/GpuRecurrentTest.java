package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuRecurrentTest extends RecurrentLaws {

    GpuRecurrentTest() {
        super(Target.GPU);
    }
}
