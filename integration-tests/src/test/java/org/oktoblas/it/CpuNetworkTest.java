package org.oktoblas.it;

class CpuNetworkTest extends NetworkLaws {

    CpuNetworkTest() {
        super(Target.CPU);
    }
}
