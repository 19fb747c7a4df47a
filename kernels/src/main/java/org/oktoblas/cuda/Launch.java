package org.oktoblas.cuda;

/** What a launch must be like, in words where it is not. */
final class Launch {

    private static final int MOST_GRID_YZ = 65535;

    private Launch() {}

    static boolean isPossible(
            CudaDevice device,
            CudaKernel kernel,
            int x,
            int y,
            int z,
            int dynamicSharedBytes,
            Arguments arguments) {
        return x > 0
                && y > 0
                && z > 0
                && y <= MOST_GRID_YZ
                && z <= MOST_GRID_YZ
                && dynamicSharedBytes >= 0
                && dynamicSharedBytes <= kernel.mostDynamicShared()
                && arguments.size() == kernel.parameterBytes()
                && kernel.device() == device;
    }

    static IllegalArgumentException refused(
            CudaDevice device,
            CudaKernel kernel,
            int x,
            int y,
            int z,
            int dynamicSharedBytes,
            Arguments arguments) {
        String why;
        if (kernel.device() != device) {
            why = "the kernel was loaded on " + kernel.device() + ", not on " + device;
        } else if (kernel.parameterBytes() < 0) {
            why =
                    "the kernel does not take one struct, but parameters of "
                            + kernel.description().parameterBytes()
                            + " bytes";
        } else if (arguments.size() != kernel.parameterBytes()) {
            why =
                    "its struct has "
                            + kernel.parameterBytes()
                            + " bytes, but "
                            + arguments.size()
                            + " were given";
        } else if (dynamicSharedBytes < 0 || dynamicSharedBytes > kernel.mostDynamicShared()) {
            why = "a block of it may ask for 0 to " + kernel.mostDynamicShared() + " bytes";
        } else {
            why = "a grid has 1 to 2^31 - 1 blocks along x, and 1 to 65,535 along y and z";
        }
        return new IllegalArgumentException(
                "Cannot launch " + describe(kernel, x, y, z, dynamicSharedBytes) + ": " + why);
    }

    static IllegalArgumentException tooManyAtOnce(
            CudaKernel kernel, int grid, int dynamicSharedBytes, long most) {
        return new IllegalArgumentException(
                "Cannot launch "
                        + describe(kernel, grid, 1, 1, dynamicSharedBytes)
                        + " that wait for each other: the device holds "
                        + most
                        + " of them at once");
    }

    static String describe(CudaKernel kernel, int x, int y, int z, int dynamicSharedBytes) {
        return "kernel "
                + kernel.symbol()
                + " with "
                + x
                + " x "
                + y
                + " x "
                + z
                + " blocks of "
                + kernel.threads()
                + " threads and "
                + dynamicSharedBytes
                + " bytes of dynamic shared memory";
    }
}
