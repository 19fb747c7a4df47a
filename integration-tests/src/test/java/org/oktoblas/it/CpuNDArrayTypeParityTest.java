package org.oktoblas.it;

class CpuNDArrayTypeParityTest extends NDArrayTypeParityLaws {

    CpuNDArrayTypeParityTest() {
        super(Target.CPU);
    }
}
