package org.oktoblas.engine.cuda;

import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.LargeElementwiseLaws;

@RequiresGpu
class GpuLargeElementwiseTest extends LargeElementwiseLaws {

    @Override
    protected Backend backend() {
        return TestBackend.get();
    }
}
