package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.LargeArgReductionLaws;

class CpuLargeArgReductionTest extends LargeArgReductionLaws {

    @Override
    protected Backend backend() {
        return CpuBackend.get();
    }
}
