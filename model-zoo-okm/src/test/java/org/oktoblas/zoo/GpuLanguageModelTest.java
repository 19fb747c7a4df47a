package org.oktoblas.zoo;

import ai.djl.Device;
import org.oktoblas.RequiresGpu;

/** {@link LanguageModelLaws} on a GPU. */
@RequiresGpu
class GpuLanguageModelTest extends LanguageModelLaws {

    @Override
    Device device() {
        return Device.gpu(0);
    }
}
