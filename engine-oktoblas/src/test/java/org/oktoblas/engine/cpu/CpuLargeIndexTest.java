package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.LargeIndexLaws;

class CpuLargeIndexTest extends LargeIndexLaws {

    @Override
    protected Backend backend() {
        return CpuBackend.get();
    }
}
