package org.oktoblas.engine.cuda;

import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.NormalizationLaws;

@RequiresGpu
class GpuNormalizationTest extends NormalizationLaws {

    @Override
    protected Backend backend() {
        return TestBackend.get();
    }
}
