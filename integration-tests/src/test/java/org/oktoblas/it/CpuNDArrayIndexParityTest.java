package org.oktoblas.it;

class CpuNDArrayIndexParityTest extends NDArrayIndexParityLaws {

    CpuNDArrayIndexParityTest() {
        super(Target.CPU);
    }
}
