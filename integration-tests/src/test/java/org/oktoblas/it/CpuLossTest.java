package org.oktoblas.it;

class CpuLossTest extends LossLaws {

    CpuLossTest() {
        super(Target.CPU);
    }
}
