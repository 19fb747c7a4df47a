package org.oktoblas.it;

import java.util.stream.Stream;

class CpuFaultTest extends FaultLaws {

    CpuFaultTest() {
        super(Target.CPU);
    }

    @Override
    Stream<Target> targets() {
        return Target.onCpu();
    }
}
