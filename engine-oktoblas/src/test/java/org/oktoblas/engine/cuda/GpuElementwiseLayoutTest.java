package org.oktoblas.engine.cuda;

import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.ElementwiseLayoutLaws;

@RequiresGpu
class GpuElementwiseLayoutTest extends ElementwiseLayoutLaws {

    @Override
    protected Backend backend() {
        return TestBackend.get();
    }
}
