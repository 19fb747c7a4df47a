package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.LargeReductionLaws;

class CpuLargeReductionTest extends LargeReductionLaws {

    @Override
    protected Backend backend() {
        return CpuBackend.get();
    }
}
