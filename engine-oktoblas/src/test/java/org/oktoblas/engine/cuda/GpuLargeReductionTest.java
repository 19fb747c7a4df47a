package org.oktoblas.engine.cuda;

import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.LargeReductionLaws;

@RequiresGpu
class GpuLargeReductionTest extends LargeReductionLaws {

    @Override
    protected Backend backend() {
        return TestBackend.get();
    }
}
