package org.oktoblas.it;

import java.util.stream.Stream;
import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuFaultTest extends FaultLaws {

    GpuFaultTest() {
        super(Target.GPU);
    }

    @Override
    Stream<Target> targets() {
        return Stream.of(Target.GPU);
    }
}
