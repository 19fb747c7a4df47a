package org.oktoblas.engine.cuda;

import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.LargeOrderLaws;

@RequiresGpu
class GpuLargeOrderTest extends LargeOrderLaws {

    @Override
    protected Backend backend() {
        return TestBackend.get();
    }
}
