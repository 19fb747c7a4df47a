package org.oktoblas.it;

class CpuLinearAlgebraTest extends LinearAlgebraLaws {

    CpuLinearAlgebraTest() {
        super(Target.CPU);
    }
}
