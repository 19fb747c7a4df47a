package org.oktoblas.engine.cuda;

import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.LargeIndexLaws;

@RequiresGpu
class GpuLargeIndexTest extends LargeIndexLaws {

    @Override
    protected Backend backend() {
        return TestBackend.get();
    }
}
