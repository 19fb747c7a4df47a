package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuStaticMethodsTest extends StaticMethodsLaws {

    GpuStaticMethodsTest() {
        super(Target.GPU);
    }
}
