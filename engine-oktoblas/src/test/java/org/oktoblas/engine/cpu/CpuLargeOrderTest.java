package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.LargeOrderLaws;

class CpuLargeOrderTest extends LargeOrderLaws {

    @Override
    protected Backend backend() {
        return CpuBackend.get();
    }
}
