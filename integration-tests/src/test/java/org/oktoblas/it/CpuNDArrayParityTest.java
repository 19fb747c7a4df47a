package org.oktoblas.it;

class CpuNDArrayParityTest extends NDArrayParityLaws {

    CpuNDArrayParityTest() {
        super(Target.CPU);
    }
}
