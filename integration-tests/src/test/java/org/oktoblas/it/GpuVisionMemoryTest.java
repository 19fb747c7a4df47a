package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuVisionMemoryTest extends VisionMemoryLaws {

    GpuVisionMemoryTest() {
        super(Target.GPU);
    }
}
