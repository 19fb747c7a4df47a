package org.oktoblas.it;

class CpuVisionTranslatorTest extends VisionTranslatorLaws {

    CpuVisionTranslatorTest() {
        super(Target.CPU);
    }
}
