package org.oktoblas.gpt2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.oktoblas.engine.backend.MathMode;

class PrecisionTest {

    @ParameterizedTest
    @CsvSource({
        "AUTO, FLOAT32,  FLOAT32",
        "FP32, FLOAT32,  FLOAT32",
        "FP16, FLOAT32,  FLOAT16",
        "BF16, BFLOAT16, BFLOAT16"
    })
    void arithmeticDependsOnTheDevice(Precision precision, MathMode cpu, MathMode gpu) {
        assertEquals(cpu, precision.mode(Device.cpu()));
        assertEquals(gpu, precision.mode(Device.gpu(0)));
        assertEquals(gpu, precision.mode(Device.gpu(3)));
    }

    @ParameterizedTest
    @EnumSource
    void namesAreReadAsWritten(Precision precision) {
        assertEquals(precision, Precision.parse(precision.toString()));
        assertEquals(precision, Precision.parse(precision.name()));
    }

    @Test
    void unknownNamesAreToldTheKnown() {
        String message =
                assertThrows(IllegalArgumentException.class, () -> Precision.parse("fp8"))
                        .getMessage();
        assertTrue(message.endsWith("choose one of [auto, fp32, fp16, bf16]"), message);
    }
}
