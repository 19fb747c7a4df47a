package org.oktoblas.it;

class CpuFourierTest extends FourierLaws {

    CpuFourierTest() {
        super(Target.CPU);
    }
}
