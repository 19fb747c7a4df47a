package org.oktoblas.it;

import java.util.stream.Stream;
import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuReferenceTest extends ReferenceLaws {

    @Override
    Stream<Target> targets() {
        return Stream.of(Target.GPU);
    }
}
