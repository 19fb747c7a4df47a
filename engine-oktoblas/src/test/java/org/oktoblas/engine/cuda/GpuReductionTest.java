package org.oktoblas.engine.cuda;

import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.ReductionLaws;

@RequiresGpu
class GpuReductionTest extends ReductionLaws {

    @Override
    protected Backend backend() {
        return TestBackend.get();
    }
}
