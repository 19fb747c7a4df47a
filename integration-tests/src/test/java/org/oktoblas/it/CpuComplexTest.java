package org.oktoblas.it;

class CpuComplexTest extends ComplexLaws {

    CpuComplexTest() {
        super(Target.CPU);
    }
}
