package org.oktoblas.it;

class CpuStaticMethodsTest extends StaticMethodsLaws {

    CpuStaticMethodsTest() {
        super(Target.CPU);
    }
}
