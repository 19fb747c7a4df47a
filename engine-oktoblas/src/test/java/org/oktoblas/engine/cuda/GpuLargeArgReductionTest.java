package org.oktoblas.engine.cuda;

import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.LargeArgReductionLaws;

@RequiresGpu
class GpuLargeArgReductionTest extends LargeArgReductionLaws {

    @Override
    protected Backend backend() {
        return TestBackend.get();
    }
}
