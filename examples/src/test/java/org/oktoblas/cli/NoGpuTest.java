package org.oktoblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.cuda.CudaDevice;

/** What who asks for a GPU hears where there is none. */
class NoGpuTest {

    @ParameterizedTest
    @ValueSource(strings = {"gpu", "gpu0", "gpu:1", "cuda:0"})
    void theReasonIsSaid(String device) {
        assumeTrue(CudaDevice.count() == 0, "there is a GPU");
        Cli run = Cli.run("infer", "--input", "x", "--device", device);
        assertEquals(2, run.code());
        String expected =
                "okto: there is no device \"%s\" for engine OktoBLAS here, only cpu: %s"
                        .formatted(device, CudaDevice.whyUnavailable().orElseThrow());
        assertTrue(run.err().startsWith(expected), run.err());
    }
}
