package org.oktoblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the doctor makes of what the driver says. */
class GpuDoctorTest {

    @ParameterizedTest
    @CsvSource({
        "80, code for sm_80",
        "86, code for sm_86",
        "87, code for sm_86",
        "89, code for sm_89",
        "90, code for sm_90a",
        "100, code for sm_100",
        "103, code for sm_100",
        "121, code for sm_120",
        "110, 'code that the driver compiles, the first time slowly'"
    })
    void codeIsOfTheSameGeneration(int arch, String expected) {
        Set<String> compiled = Set.of("80", "86", "89", "90a", "100", "120");
        assertEquals(expected, GpuDoctor.code(arch, compiled));
    }

    @Test
    void codeForOneArchitectureAloneServesNoOther() {
        assertTrue(GpuDoctor.code(101, Set.of("100a")).contains("driver compiles"));
    }

    @Test
    void withoutADriverNothingIsWrong() {
        Finding finding = GpuDoctor.obstacle("no NVIDIA driver is installed");
        assertEquals(Finding.Level.INFO, finding.level());
        assertEquals("no GPU is used: no NVIDIA driver is installed", finding.text());
        assertNull(finding.remedy());
    }

    @Test
    void aDriverWithoutUseIsAWarningWithARemedy() {
        Finding old = GpuDoctor.obstacle("the NVIDIA driver is too old: it supports");
        assertEquals(Finding.Level.WARNING, old.level());
        assertTrue(old.remedy().contains("newer driver"), old.remedy());
        Finding asleep = GpuDoctor.obstacle("the NVIDIA driver does not start: NO_DEVICE");
        assertEquals(Finding.Level.WARNING, asleep.level());
        Finding none = GpuDoctor.obstacle("the NVIDIA driver finds no GPU");
        assertEquals(Finding.Level.WARNING, none.level());
        assertTrue(none.remedy().contains("nvidia-smi"), none.remedy());
    }
}
