package org.oktoblas.engine.cuda;

import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.RandomLaws;

@RequiresGpu
class GpuRandomTest extends RandomLaws {

    @Override
    protected Backend backend() {
        return TestBackend.get();
    }
}
