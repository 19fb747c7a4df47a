package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
        assertEquals("PyTorch", Engine.getDefaultEngineName());
        assertTrue(Engine.hasEngine("OktoBLAS"));
        assertEquals("OktoBLAS", Engine.getEngine("OktoBLAS").getEngineName());
    }
}
