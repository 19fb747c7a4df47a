package org.oktoblas.kernels;

import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;

/**
 * Products of matrices, and batches of them, of all element types and layouts. Floats of up to 32
 * bits are summed in float32, integers in 64 bits and wrapped; of truth values, a result is whether
 * any pair is true. Results are the same from run to run.
 */
public final class Gemm {

    private final Products products;

    /** Makes the products of a device; each kernel is loaded when it is first used. */
    public Gemm(CudaDevice device) {
        products = new Products(device);
    }

    /**
     * Enqueues out (…, M, N) = a (…, M, K) · b (…, K, N). Leading axes are equal; strides may be
     * any.
     *
     * @param tf32 whether float32 factors may be rounded to TF32, 10 bits of fraction, which is
     *     several times as fast
     */
    public void matmul(
            CudaStream stream, DeviceTensor a, DeviceTensor b, DeviceTensor out, boolean tf32) {
        if (out.count() == 0) {
            return;
        }
        products.multiply(
                stream,
                Factor.left(a),
                Factor.right(b),
                Product.into(out, Product.Finish.NOTHING),
                tf32 && a.type() == ElementType.F32);
    }
}
