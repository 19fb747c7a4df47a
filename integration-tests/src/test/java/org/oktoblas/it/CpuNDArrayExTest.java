package org.oktoblas.it;

class CpuNDArrayExTest extends NDArrayExLaws {

    CpuNDArrayExTest() {
        super(Target.CPU);
    }
}
