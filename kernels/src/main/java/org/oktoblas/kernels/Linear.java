package org.oktoblas.kernels;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.oktoblas.cuda.Arguments;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceMemory;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Workspace;

/** Products with constant weights, with bias, activation and residual. */
public final class Linear {

    private static final int VECTOR_BYTES = 16;

    /** The rows up to which reading the weights is all that counts, on tensor cores and without. */
    private static final long FEW_ROWS = 8;

    private static final long FEW_ROWS_FLOAT32 = 16;

    private final CudaDevice device;
    private final Products products;
    private final Map<String, Integer> activations = new ConcurrentHashMap<>();

    /** Makes the products of a device; each kernel is loaded when it is first used. */
    public Linear(CudaDevice device) {
        this.device = device;
        products = new Products(device);
    }

    /**
     * Packs a matrix (K, N) of float32, float16 or bfloat16 in any layout. The matrix is not needed
     * once the stream's work so far is done.
     */
    public PackedWeights pack(CudaStream stream, DeviceTensor matrix, Arithmetic mode) {
        ElementType type =
                switch (mode) {
                    case FLOAT32, TF32 -> matrix.type();
                    case FLOAT16 -> ElementType.F16;
                    case BFLOAT16 -> ElementType.BF16;
                };
        long rows = matrix.shape()[0];
        long columns = matrix.shape()[1];
        int vector = VECTOR_BYTES / type.bytes();
        long pitch = GemmPlan.ceil(rows, vector) * vector;
        long bytes = Math.max(1, columns * pitch) * type.bytes();
        DeviceMemory memory = stream.allocate(bytes);
        try {
            if (pitch != rows) {
                stream.fill(memory.address(), 0, bytes);
            }
            if (matrix.count() > 0) {
                products.copies()
                        .copy(
                                stream,
                                matrix.with(
                                        0,
                                        new long[] {columns, rows},
                                        new long[] {matrix.strides()[1], matrix.strides()[0]}),
                                new DeviceTensor(
                                        memory.address(),
                                        type,
                                        new long[] {columns, rows},
                                        new long[] {pitch, 1}));
            }
        } catch (RuntimeException | Error e) {
            memory.free();
            throw e;
        }
        return new PackedWeights(memory, type, rows, columns, pitch, mode);
    }

    /**
     * Enqueues out (M, N) = activation(a (M, K) · weights + bias) [+ residual], all float32, rows
     * without gaps. Factors of 16 bits are rounded before they are multiplied, whatever M.
     *
     * @param bias (N) or null
     * @param activation "none", "relu", "gelu", "geluTanh", "silu", "tanh" or "sigmoid"
     * @param residual (M, N), possibly the same view as out, or null
     */
    public void apply(
            CudaStream stream,
            DeviceTensor a,
            PackedWeights weights,
            DeviceTensor bias,
            String activation,
            DeviceTensor residual,
            DeviceTensor out) {
        if (out.count() == 0) {
            return;
        }
        long denseBias = bias == null ? 0 : bias.address();
        if (bias != null && !bias.isDense()) {
            try (Workspace copy = stream.workspace(bias.count() * Float.BYTES)) {
                DeviceTensor dense =
                        DeviceTensor.dense(copy.address(), ElementType.F32, bias.shape());
                products.copies().copy(stream, bias, dense);
                apply(stream, a, weights, dense, activation, residual, out);
            }
            return;
        }
        Product product =
                Product.into(
                        out,
                        new Product.Finish(
                                denseBias,
                                residual == null ? 0 : residual.address(),
                                residual == null ? 0 : residual.strides()[0],
                                activationCode(activation)));
        Factor left = Factor.left(a);
        long rows = product.rows();
        boolean skinny =
                rows <= (weights.mode() == Arithmetic.FLOAT32 ? FEW_ROWS_FLOAT32 : FEW_ROWS);
        if (skinny && weights.rows() <= Integer.MAX_VALUE / 2) {
            skinny(stream, a, weights, product);
            return;
        }
        switch (weights.mode()) {
            case FLOAT32 -> products.multiply(stream, left, weights.factor(), product, false);
            case TF32 -> tf32(stream, left, weights.factor(), product);
            case FLOAT16, BFLOAT16 -> {
                try (Workspace rounded =
                        stream.workspace(left.packed(weights.type()).packedBytes())) {
                    Factor factor = products.convert(stream, left, weights.type(), rounded);
                    products.multiply(stream, factor, weights.factor(), product, false);
                }
            }
        }
    }

    /** Tensor cores take float32 in this mode, so 16-bit weights are widened first. */
    private void tf32(CudaStream stream, Factor left, Factor right, Product product) {
        if (right.type() == ElementType.F32) {
            products.multiply(stream, left, right, product, true);
            return;
        }
        try (Workspace wide = stream.workspace(right.packed(ElementType.F32).packedBytes())) {
            Factor factor = products.convert(stream, right, ElementType.F32, wide);
            products.multiply(stream, left, factor, product, true);
        }
    }

    private int activationCode(String activation) {
        return activations.computeIfAbsent(
                activation,
                name ->
                        device.kernel("skinny1_f32")
                                .constant(
                                        "activation"
                                                + Character.toUpperCase(name.charAt(0))
                                                + name.substring(1)));
    }

    private void skinny(CudaStream stream, DeviceTensor a, PackedWeights weights, Product product) {
        long rows = product.rows();
        int rowsAtOnce = rows == 1 ? 1 : rows <= 4 ? 4 : 8;
        CudaKernel kernel = device.kernel("skinny" + rowsAtOnce + "_" + weights.type().suffix());
        int columns = kernel.constant("skinnyColumns");
        int vector = VECTOR_BYTES / weights.type().bytes();
        int warps = kernel.threads() / 32;
        int chunk = kernel.constant("skinnyFloats") / rowsAtOnce;
        int share =
                GemmPlan.share(
                        weights.columns(),
                        Math.min(weights.rows(), chunk),
                        columns,
                        32 * vector,
                        warps,
                        device.properties());
        long turns = GemmPlan.ceil(weights.columns(), (long) warps / share * columns);
        long resident =
                (long) kernel.blocksPerMultiprocessor(0) * device.properties().multiprocessors();
        String round =
                switch (weights.mode()) {
                    case FLOAT16 -> "roundF16";
                    case BFLOAT16 -> "roundBf16";
                    default -> "roundNot";
                };
        Arguments arguments =
                Arguments.start().pointer(a.address()).pointer(weights.memory().address());
        product.write(arguments, 0, kernel.description(), false)
                .int64(a.strides()[0])
                .int64(rows)
                .int64(weights.columns())
                .int32((int) weights.rows())
                .int32((int) weights.pitch())
                .int32(share)
                .int32(kernel.constant(round));
        stream.launch(
                kernel,
                (int) Math.min(turns, resident),
                (int) GemmPlan.ceil(rows, rowsAtOnce),
                1,
                0,
                arguments);
    }
}
