package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuStringsTest extends StringsLaws {

    GpuStringsTest() {
        super(Target.GPU);
    }
}
