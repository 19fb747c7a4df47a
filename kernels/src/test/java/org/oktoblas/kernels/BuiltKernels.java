package org.oktoblas.kernels;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Optional;

/** The kernels that this build compiled. */
final class BuiltKernels {

    private BuiltKernels() {}

    /** Returns them, or skips the test that asks where no nvcc was there. */
    static KernelLibrary library() {
        Optional<KernelLibrary> found = KernelLibrary.find();
        assumeTrue(found.isPresent(), "no nvcc: this build has no CUDA kernels");
        return found.get();
    }
}
