package org.oktoblas.it;

class CpuSerializationTest extends SerializationLaws {

    CpuSerializationTest() {
        super(Target.CPU);
    }
}
