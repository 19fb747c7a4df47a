package org.oktoblas.kernels;

import org.oktoblas.cuda.Arguments;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;

/** A kernel whose threads take the steps of a walk, and its twin that steps over groups. */
final class WalkKernel {

    private final CudaKernel any;
    private final CudaKernel vector;
    private final int width;
    private final int stepsPerBlock;
    private final int vectorStepsPerBlock;

    private WalkKernel(CudaKernel any, CudaKernel vector, int width, int groups, int vectorGroups) {
        this.any = any;
        this.vector = vector;
        this.width = width;
        stepsPerBlock = any.threads() * groups;
        vectorStepsPerBlock = any.threads() * vectorGroups;
    }

    /** Finds a kernel that has no twin. */
    static WalkKernel alone(CudaDevice device, String symbol, String groups) {
        CudaKernel kernel = device.kernel(symbol);
        return new WalkKernel(kernel, null, 1, kernel.constant(groups), 0);
    }

    /** Finds a kernel and the twin beside it, whose threads take as many groups each. */
    static WalkKernel pair(CudaDevice device, String symbol, String width) {
        CudaKernel kernel = device.kernel(symbol);
        int groups = kernel.constant("groups");
        return pair(device, kernel, kernel.constant(width), groups);
    }

    /**
     * Finds a kernel for elements of a type and the twin beside it, whose threads take {@code
     * kVectorBytes} of each operand.
     */
    static WalkKernel pair(CudaDevice device, String symbol, ElementType type) {
        CudaKernel kernel = device.kernel(symbol);
        int width = kernel.constant("vector" + type.bytes());
        int groups = kernel.constant("vectorBytes") / (width * type.bytes());
        return pair(device, kernel, width, groups);
    }

    private static WalkKernel pair(
            CudaDevice device, CudaKernel kernel, int width, int vectorGroups) {
        CudaKernel vector = device.kernel(kernel.symbol() + "_vector");
        return new WalkKernel(kernel, vector, width, kernel.constant("groups"), vectorGroups);
    }

    /** Returns the neighbours in a group of the twin; 1 if there is none. */
    int width() {
        return width;
    }

    /** Returns the width at which this kernel walks along dense memory of so many elements. */
    int widthOf(long count) {
        return width > 1 && count % width == 0 ? width : 1;
    }

    /** Returns a width, or 1 if groups of it in a dense tensor are not aligned to their size. */
    static int aligned(int width, DeviceTensor tensor) {
        return (tensor.address() & (long) width * tensor.type().bytes() - 1) == 0 ? width : 1;
    }

    /** Launches the kernel, or the twin if the width is more than 1. */
    void launch(CudaStream stream, int chosen, int steps, Arguments arguments) {
        int perBlock = chosen == 1 ? stepsPerBlock : vectorStepsPerBlock;
        int blocks = (int) ((steps + perBlock - 1L) / perBlock);
        stream.launch(chosen == 1 ? any : vector, blocks, arguments);
    }
}
