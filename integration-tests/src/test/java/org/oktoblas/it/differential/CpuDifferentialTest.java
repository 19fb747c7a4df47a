package org.oktoblas.it.differential;

import org.oktoblas.it.Target;

class CpuDifferentialTest extends DifferentialLaws {

    CpuDifferentialTest() {
        super(Target.CPU);
    }
}
