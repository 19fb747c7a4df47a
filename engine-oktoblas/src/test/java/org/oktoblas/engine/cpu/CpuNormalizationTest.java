package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.NormalizationLaws;

class CpuNormalizationTest extends NormalizationLaws {

    @Override
    protected Backend backend() {
        return CpuBackend.get();
    }
}
