package org.oktoblas.it;

class CpuInPlaceTest extends InPlaceLaws {

    CpuInPlaceTest() {
        super(Target.CPU);
    }
}
