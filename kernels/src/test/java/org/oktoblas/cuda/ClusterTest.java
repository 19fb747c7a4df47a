package org.oktoblas.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.kernels.KernelLibrary;

/** Kernels whose blocks come in clusters, which some devices have. */
@RequiresGpu
class ClusterTest {

    private final CudaDevice device = CudaDevice.get(0);

    @Test
    void areThereWhereTheyAreCompiledForTheDevice() {
        DeviceProperties properties = device.properties();
        KernelLibrary.find().orElseThrow().kernels().stream()
                .filter(kernel -> kernel.cluster() > 1)
                .forEach(
                        kernel ->
                                assertEquals(
                                        kernel.runsOn(properties.major(), properties.minor()),
                                        device.kernelIfCompiled(kernel.symbol()).isPresent(),
                                        kernel.symbol()));
        assertEquals(Optional.empty(), device.kernelIfCompiled("no_such_kernel"));
    }

    /** Without this, another kernel would take over and nobody would notice. */
    @ParameterizedTest
    @ValueSource(strings = {"f32", "f16", "bf16"})
    void normaliseLongRowsOnHopper(String type) {
        assumeTrue(device.properties().arch() == 90, "a GPU of another architecture");
        CudaKernel kernel = device.kernelIfCompiled("layernorm_cluster_" + type).orElseThrow();
        assertTrue(kernel.clustersAtOnce(57_120) > 0);
        assertTrue(kernel.clustersAtOnce(0) >= kernel.clustersAtOnce(57_120));
        assertEquals(0, kernel.clustersAtOnce(1 << 20));
    }
}
