package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.ElementwiseValueLaws;

class CpuElementwiseValueTest extends ElementwiseValueLaws {

    @Override
    protected Backend backend() {
        return CpuBackend.get();
    }
}
