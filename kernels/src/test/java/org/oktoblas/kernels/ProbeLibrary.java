package org.oktoblas.kernels;

import org.junit.jupiter.api.Assumptions;

/** The kernels of the tests. */
public final class ProbeLibrary {

    private ProbeLibrary() {}

    /** Returns the library, or skips the test that asks for it. */
    public static KernelLibrary open() {
        Assumptions.assumeTrue(
                KernelLibrary.find("cuda-tests").isPresent(), "no nvcc: there are no test kernels");
        return KernelLibrary.find("cuda-tests").get();
    }
}
