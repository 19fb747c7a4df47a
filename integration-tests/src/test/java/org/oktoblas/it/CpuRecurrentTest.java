package org.oktoblas.it;

class CpuRecurrentTest extends RecurrentLaws {

    CpuRecurrentTest() {
        super(Target.CPU);
    }
}
