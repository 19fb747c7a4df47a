package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.ProductLaws;

/** Through oneDNN. */
class CpuProductTest extends ProductLaws {

    @Override
    protected Backend backend() {
        return new CpuBackend("onednn");
    }
}
