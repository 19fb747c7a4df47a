package org.oktoblas.engine.cuda;

import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.engine.backend.AttentionLaws;
import org.oktoblas.engine.backend.Backend;

@RequiresGpu
class GpuAttentionTest extends AttentionLaws {

    @Override
    protected Backend backend() {
        return TestBackend.get();
    }
}
