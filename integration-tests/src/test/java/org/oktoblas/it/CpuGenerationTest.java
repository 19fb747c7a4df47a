package org.oktoblas.it;

class CpuGenerationTest extends GenerationLaws {

    CpuGenerationTest() {
        super(Target.CPU);
    }
}
