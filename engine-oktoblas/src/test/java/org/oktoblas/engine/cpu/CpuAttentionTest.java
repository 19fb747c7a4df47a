package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.AttentionLaws;
import org.oktoblas.engine.backend.Backend;

/** Through oneDNN. */
class CpuAttentionTest extends AttentionLaws {

    @Override
    protected Backend backend() {
        return new CpuBackend("onednn");
    }
}
