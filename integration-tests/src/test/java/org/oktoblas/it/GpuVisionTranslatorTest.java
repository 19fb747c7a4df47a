package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuVisionTranslatorTest extends VisionTranslatorLaws {

    GpuVisionTranslatorTest() {
        super(Target.GPU);
    }
}
