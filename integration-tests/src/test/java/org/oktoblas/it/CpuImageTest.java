package org.oktoblas.it;

class CpuImageTest extends ImageLaws {

    CpuImageTest() {
        super(Target.CPU);
    }
}
