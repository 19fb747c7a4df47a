package org.oktoblas.it;

class CpuStringsTest extends StringsLaws {

    CpuStringsTest() {
        super(Target.CPU);
    }
}
