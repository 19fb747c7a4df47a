package org.oktoblas.it;

class CpuAugmentationTest extends AugmentationLaws {

    CpuAugmentationTest() {
        super(Target.CPU);
    }
}
