package org.oktoblas.it;

class CpuConvolutionTest extends ConvolutionLaws {

    CpuConvolutionTest() {
        super(Target.CPU);
    }
}
