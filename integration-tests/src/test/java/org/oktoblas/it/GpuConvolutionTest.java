package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuConvolutionTest extends ConvolutionLaws {

    GpuConvolutionTest() {
        super(Target.GPU);
    }
}
