package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.LargeElementwiseLaws;

class CpuLargeElementwiseTest extends LargeElementwiseLaws {

    @Override
    protected Backend backend() {
        return CpuBackend.get();
    }
}
