package org.oktoblas.it;

class CpuUpdateTest extends UpdateLaws {

    CpuUpdateTest() {
        super(Target.CPU);
    }
}
