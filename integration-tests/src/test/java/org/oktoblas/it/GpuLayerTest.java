package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuLayerTest extends LayerLaws {

    GpuLayerTest() {
        super(Target.GPU);
    }
}
