package org.oktoblas.it;

class CpuLayerTest extends LayerLaws {

    CpuLayerTest() {
        super(Target.CPU);
    }
}
