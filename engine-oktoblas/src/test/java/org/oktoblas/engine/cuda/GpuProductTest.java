package org.oktoblas.engine.cuda;

import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.ProductLaws;

@RequiresGpu
class GpuProductTest extends ProductLaws {

    @Override
    protected Backend backend() {
        return TestBackend.get();
    }
}
