package org.oktoblas.engine.cuda;

import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.ElementwiseLaws;

@RequiresGpu
class GpuElementwiseTest extends ElementwiseLaws {

    @Override
    protected Backend backend() {
        return TestBackend.get();
    }
}
