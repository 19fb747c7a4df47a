package org.oktoblas.engine.cuda;

import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.ElementwiseValueLaws;

@RequiresGpu
class GpuElementwiseValueTest extends ElementwiseValueLaws {

    @Override
    protected Backend backend() {
        return TestBackend.get();
    }
}
