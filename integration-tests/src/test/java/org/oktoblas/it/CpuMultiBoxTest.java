package org.oktoblas.it;

class CpuMultiBoxTest extends MultiBoxLaws {

    CpuMultiBoxTest() {
        super(Target.CPU);
    }
}
