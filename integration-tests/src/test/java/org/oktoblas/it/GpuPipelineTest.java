package org.oktoblas.it;

import java.util.stream.Stream;
import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuPipelineTest extends PipelineLaws {

    GpuPipelineTest() {
        super(Target.GPU);
    }

    @Override
    Stream<Target> targets() {
        return Stream.of(Target.GPU);
    }
}
