package org.oktoblas.it;

class CpuLeakTest extends LeakLaws {

    CpuLeakTest() {
        super(Target.CPU);
    }
}
