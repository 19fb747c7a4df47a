package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Backend;
import org.oktoblas.engine.backend.LinearLaws;

/** Through oneDNN. */
class CpuLinearTest extends LinearLaws {

    @Override
    protected Backend backend() {
        return new CpuBackend("onednn");
    }
}
