package org.oktoblas.zoo;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import org.junit.jupiter.api.Test;
import org.oktoblas.cuda.CudaDevice;

/** {@link LanguageModelLaws} on the CPU. */
class CpuLanguageModelTest extends LanguageModelLaws {

    @Override
    Device device() {
        return Device.cpu();
    }

    @Test
    void aGpuThatIsNotThereIsAClearError() {
        assumeTrue(CudaDevice.count() == 0, "there is a GPU");
        LanguageModel.Options options = new LanguageModel.Options(null, Device.gpu(0), null);
        Exception error =
                assertThrows(Exception.class, () -> LanguageModel.load(modelPath(), options));
        StringBuilder messages = new StringBuilder();
        for (Throwable each = error; each != null; each = each.getCause()) {
            messages.append(each.getMessage()).append('\n');
        }
        assertTrue(messages.toString().contains("cannot use device gpu(0): "), messages.toString());
    }
}
