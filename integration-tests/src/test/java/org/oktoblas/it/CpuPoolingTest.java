package org.oktoblas.it;

class CpuPoolingTest extends PoolingLaws {

    CpuPoolingTest() {
        super(Target.CPU);
    }
}
