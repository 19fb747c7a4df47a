package org.oktoblas.it;

import java.util.stream.Stream;

class CpuReferenceTest extends ReferenceLaws {

    @Override
    Stream<Target> targets() {
        return Target.onCpu();
    }
}
