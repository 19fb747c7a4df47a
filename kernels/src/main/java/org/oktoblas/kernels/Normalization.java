package org.oktoblas.kernels;

import java.util.Arrays;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;

/**
 * Softmax and layer norm of tensors of any layout. Float16 and bfloat16 are computed in float32.
 * Sums run in an order that depends on the device, on a row's length, and on how rows, results,
 * scales and shifts lie in memory.
 */
public final class Normalization {

    private final CudaDevice device;
    private final Elementwise elementwise;
    private final Softmax[] softmax = new Softmax[ElementType.values().length];
    private final LayerNorm[] layerNorm = new LayerNorm[ElementType.values().length];

    /** Makes the operations of a device. */
    public Normalization(CudaDevice device) {
        this.device = device;
        elementwise = new Elementwise(device);
    }

    /**
     * Writes softmax or log-softmax along an axis. Rows with NaN or infinity, or of nothing but
     * −infinity, become NaN.
     *
     * @param out of in's type and shape, possibly the same view
     * @throws UnsupportedOperationException for integers, and for rows of more than 2^28 elements
     */
    public void softmax(
            CudaStream stream, boolean logarithm, DeviceTensor in, int axis, DeviceTensor out) {
        requireLike("Softmax", in, out);
        if (in.count() == 0) {
            return;
        }
        RowKernels.requireFloating("Softmax", in.type());
        int type = in.type().ordinal();
        if (softmax[type] == null) {
            // Two threads may both get here, and find the same.
            softmax[type] = new Softmax(device, elementwise, in.type());
        }
        softmax[type].run(stream, logarithm, in, axis, out);
    }

    /**
     * Normalises the last {@code axes} dimensions to mean 0 and variance 1 (biased, plus epsilon),
     * then scales and shifts.
     *
     * @param gamma scale in the shape of the normalised dimensions, of any type, or null; no part
     *     of out
     * @param beta shift, likewise, or null
     * @param out of in's type and shape, possibly the same view
     * @throws UnsupportedOperationException for integers, and for rows of more than 2^28 elements
     */
    public void layerNorm(
            CudaStream stream,
            DeviceTensor in,
            int axes,
            DeviceTensor gamma,
            DeviceTensor beta,
            double epsilon,
            DeviceTensor out) {
        requireLike("Layer norm", in, out);
        if (in.count() == 0) {
            return;
        }
        RowKernels.requireFloating("Layer norm", in.type());
        int type = in.type().ordinal();
        if (layerNorm[type] == null) {
            layerNorm[type] = new LayerNorm(device, elementwise, in.type());
        }
        layerNorm[type].run(stream, in, axes, gamma, beta, epsilon, out);
    }

    private static void requireLike(String operation, DeviceTensor in, DeviceTensor out) {
        if (in.type() != out.type() || !Arrays.equals(in.shape(), out.shape())) {
            throw new IllegalArgumentException(
                    operation + " of " + in + " cannot be written to " + out + ".");
        }
    }
}
