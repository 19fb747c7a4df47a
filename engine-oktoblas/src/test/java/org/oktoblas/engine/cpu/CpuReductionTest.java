package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.ReductionLaws;

class CpuReductionTest extends ReductionLaws {

    @Override
    protected Backend backend() {
        return CpuBackend.get();
    }
}
