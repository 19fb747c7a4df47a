package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class CpuPipelineTest extends PipelineLaws {

    CpuPipelineTest() {
        super(Target.CPU);
    }

    @Override
    Stream<Target> targets() {
        return Target.onCpu();
    }

    @Tag("sources")
    @Test
    void pyTorchStaysTheDefaultAndOktoBlasIsThere() {
        assumeTrue(
                getClass().getResource("/ai/djl/pytorch/engine/PtEngineProvider.class") != null,
                "no PyTorch on the class path");
        assertEquals("PyTorch", Engine.getDefaultEngineName());
        assertTrue(Engine.hasEngine("OktoBLAS"));
        assertEquals("OktoBLAS", Engine.getEngine("OktoBLAS").getEngineName());
    }
}
