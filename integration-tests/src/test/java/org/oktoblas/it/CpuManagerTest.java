package org.oktoblas.it;

class CpuManagerTest extends ManagerLaws {

    CpuManagerTest() {
        super(Target.CPU);
    }
}
