package org.oktoblas.engine.cuda;

import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.LinearLaws;

@RequiresGpu
class GpuLinearTest extends LinearLaws {

    @Override
    protected Backend backend() {
        return TestBackend.get();
    }
}
