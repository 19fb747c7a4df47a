package org.oktoblas.it;

class CpuBlockTest extends BlockLaws {

    CpuBlockTest() {
        super(Target.CPU);
    }
}
