package org.oktoblas.it;

class CpuVisionMemoryTest extends VisionMemoryLaws {

    CpuVisionMemoryTest() {
        super(Target.CPU);
    }
}
