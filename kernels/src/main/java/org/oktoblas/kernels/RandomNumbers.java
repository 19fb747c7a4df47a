package org.oktoblas.kernels;

import java.util.Locale;
import org.oktoblas.cuda.Arguments;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Iteration;

/**
 * Random numbers of the counter-based generator Philox 4x32-10, in which an element depends on the
 * seed and its number alone: the same as the engine's on any other device.
 */
public final class RandomNumbers {

    /** The elements that a block of the generator gives. */
    private static final int PER_BLOCK = 2;

    private final CudaDevice device;
    private final CudaKernel[] kernels = new CudaKernel[ElementType.values().length];

    /** Makes the generator of a device; each kernel is loaded when it is first used. */
    public RandomNumbers(CudaDevice device) {
        this.device = device;
    }

    /**
     * Draws as many numbers as a tensor has elements, in row-major order.
     *
     * @param op {@code "uniform"} in [first, second), {@code "normal"} with mean first and standard
     *     deviation second, or {@code "integer"}, uniform in [first, second)
     * @param counter the number of the first element
     * @throws UnsupportedOperationException if integers are asked for other than by "integer"
     */
    public void draw(
            CudaStream stream,
            String op,
            double first,
            double second,
            long seed,
            long counter,
            DeviceTensor out) {
        ElementType type = out.type();
        if (out.count() == 0) {
            return;
        }
        boolean integer = op.equals("integer");
        if (!type.isFloating() && !integer) {
            throw Operation.unsupported(
                    "A " + op.toUpperCase(Locale.ROOT) + " distribution", "integer");
        }
        CudaKernel kernel = kernel(type);
        int code = kernel.constant("op" + Operation.capitalized(op));
        double below = integer ? 0 : ElementBits.below(type, second);
        long lowest = integer ? (long) first : 0;
        long range = integer ? (long) second - lowest : 0;
        long number = counter;
        for (Iteration walk : Iteration.inOrder(out.shape(), out.strides())) {
            long blocks = ((number & 1) + walk.count() + PER_BLOCK - 1) / PER_BLOCK;
            Arguments arguments =
                    Arguments.start()
                            .pointer(out.address() + walk.offset(0) * type.bytes())
                            .float64(first)
                            .float64(second)
                            .float64(below)
                            .int64(lowest)
                            .int64(range)
                            .int64(seed)
                            .int64(number)
                            .int32(code)
                            .int32(0);
            stream.launch(
                    kernel,
                    (int) ((blocks + kernel.threads() - 1) / kernel.threads()),
                    walk.write(arguments));
            number += walk.count();
        }
    }

    private CudaKernel kernel(ElementType type) {
        CudaKernel kernel = kernels[type.ordinal()];
        if (kernel == null) {
            kernel = device.kernel("random_" + type.suffix());
            kernels[type.ordinal()] = kernel;
        }
        return kernel;
    }
}
