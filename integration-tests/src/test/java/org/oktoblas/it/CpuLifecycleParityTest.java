package org.oktoblas.it;

class CpuLifecycleParityTest extends LifecycleParityLaws {

    CpuLifecycleParityTest() {
        super(Target.CPU);
    }
}
