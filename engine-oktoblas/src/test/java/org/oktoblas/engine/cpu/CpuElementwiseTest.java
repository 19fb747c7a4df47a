package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.ElementwiseLaws;

class CpuElementwiseTest extends ElementwiseLaws {

    @Override
    protected Backend backend() {
        return CpuBackend.get();
    }
}
