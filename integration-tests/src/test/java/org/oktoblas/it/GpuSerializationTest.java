package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuSerializationTest extends SerializationLaws {

    GpuSerializationTest() {
        super(Target.GPU);
    }
}
