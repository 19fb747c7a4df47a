package org.oktoblas.it;

import org.oktoblas.engine.RequiresGpu;

@RequiresGpu
class GpuStatisticsTest extends StatisticsLaws {

    GpuStatisticsTest() {
        super(Target.GPU);
    }
}
