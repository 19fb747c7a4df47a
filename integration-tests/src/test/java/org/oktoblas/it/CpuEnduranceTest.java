package org.oktoblas.it;

class CpuEnduranceTest extends EnduranceLaws {

    CpuEnduranceTest() {
        super(Target.CPU);
    }
}
