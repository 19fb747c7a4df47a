package org.oktoblas.gpt2;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import org.junit.jupiter.api.Test;
import org.oktoblas.RequiresGpu;

/** {@link Gpt2BlockLaws} on a GPU. */
@RequiresGpu
class GpuGpt2BlockTest extends Gpt2BlockLaws {

    @Override
    Device device() {
        return Device.gpu(0);
    }

    /** float16 has three bits more than bfloat16, and the factors are rounded to it. */
    @Test
    void float16PrecisionIsCloserThanBfloat16AndDifferent() {
        double relative = relativeError(Precision.FP16);
        assertTrue(relative > 1e-6 && relative < 2.5e-3, "relative error " + relative);
    }
}
