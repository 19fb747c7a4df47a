package org.oktoblas.it;

class CpuDistributionTest extends DistributionLaws {

    CpuDistributionTest() {
        super(Target.CPU);
    }
}
