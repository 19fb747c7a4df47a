package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.RandomLaws;

class CpuRandomTest extends RandomLaws {

    @Override
    protected Backend backend() {
        return CpuBackend.get();
    }
}
