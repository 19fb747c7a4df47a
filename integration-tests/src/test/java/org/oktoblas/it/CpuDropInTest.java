package org.oktoblas.it;

class CpuDropInTest extends DropInLaws {

    CpuDropInTest() {
        super(Target.CPU);
    }
}
