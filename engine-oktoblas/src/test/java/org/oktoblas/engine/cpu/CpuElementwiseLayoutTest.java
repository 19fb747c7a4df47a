package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.ElementwiseLayoutLaws;

class CpuElementwiseLayoutTest extends ElementwiseLayoutLaws {

    @Override
    protected Backend backend() {
        return CpuBackend.get();
    }
}
