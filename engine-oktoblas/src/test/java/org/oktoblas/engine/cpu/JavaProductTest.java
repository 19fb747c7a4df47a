package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.ProductLaws;

/** Through plain Java. */
class JavaProductTest extends ProductLaws {

    @Override
    protected Backend backend() {
        return new CpuBackend("java");
    }
}
