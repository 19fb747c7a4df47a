package org.oktoblas.gpt2;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import org.junit.jupiter.api.Test;

/** {@link Gpt2BlockLaws} on the CPU. */
class CpuGpt2BlockTest extends Gpt2BlockLaws {

    @Override
    Device device() {
        return Device.cpu();
    }

    /** The model's weights are numbers that float16 holds, and the arithmetic is float32. */
    @Test
    void float16PrecisionHoldsExactWeightsExactly() {
        double relative = relativeError(Precision.FP16);
        assertTrue(relative < 1e-5, "relative error " + relative);
    }
}
