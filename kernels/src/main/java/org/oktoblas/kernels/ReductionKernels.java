package org.oktoblas.kernels;

import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.ElementType;

/** Kernels of one name in variants for each element type, looked up when they are first used. */
final class ReductionKernels {

    private final CudaDevice device;
    private final String name;
    private final String[] variants;
    private final CudaKernel[][] found;

    ReductionKernels(CudaDevice device, String name, String... variants) {
        this.device = device;
        this.name = name;
        this.variants = variants;
        found = new CudaKernel[ElementType.values().length][variants.length];
    }

    /** Returns the name of a kernel's constant: "opSum" for an operation named "sum". */
    static String constant(String kind, String name) {
        return kind + Character.toUpperCase(name.charAt(0)) + name.substring(1);
    }

    /** Returns a kernel; truth values are read as unsigned bytes. */
    CudaKernel get(ElementType type, int variant) {
        ElementType read = type == ElementType.BOOL ? ElementType.U8 : type;
        CudaKernel kernel = found[read.ordinal()][variant];
        if (kernel == null) {
            // Two threads may both get here, and find the same.
            kernel = device.kernel(name + "_" + read.suffix() + "_" + variants[variant]);
            found[read.ordinal()][variant] = kernel;
        }
        return kernel;
    }
}
