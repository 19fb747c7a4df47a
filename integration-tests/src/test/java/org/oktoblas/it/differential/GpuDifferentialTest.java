package org.oktoblas.it.differential;

import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.it.Target;

@RequiresGpu
class GpuDifferentialTest extends DifferentialLaws {

    GpuDifferentialTest() {
        super(Target.GPU);
    }
}
