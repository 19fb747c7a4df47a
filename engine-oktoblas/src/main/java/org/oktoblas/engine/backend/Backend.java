package org.oktoblas.engine.backend;

import ai.djl.Device;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * What a device must be able to do: the narrow waist of this engine.
 *
 * <p>The caller has checked all arguments: shapes fit, dtypes are as documented, outputs are
 * allocated, indices are in range unless said otherwise, and the storages are retained until the
 * call returns. Layouts may be any: broadcast (stride 0), transposed, sliced or reversed (negative
 * strides), and tensors may have no elements; outputs never have stride 0. An output may be the
 * same view as an input (in place), but may not overlap one otherwise. Floats of 16 bits are
 * computed in float32. All methods are thread-safe, and every result is the same from run to run.
 */
public interface Backend {

    /** Returns the device. */
    Device device();

    /** Returns what computes, in words. */
    String description();

    /** Returns what is taken of the device's memory. */
    MemoryUse memoryUse();

    /**
     * Allocates memory; its content is undefined.
     *
     * @throws OutOfMemoryError never; if there is not enough memory, {@link
     *     ai.djl.engine.EngineException} says how much was asked for and how much is taken
     */
    Storage allocate(long byteSize);

    /**
     * Makes a direct buffer's content available as storage: on the CPU without a copy, keeping the
     * buffer reachable. The content must not change afterwards.
     */
    Storage wrap(ByteBuffer direct);

    /** Copies all remaining bytes of any buffer into the storage at a byte offset. */
    void write(ByteBuffer source, Storage target, long byteOffset);

    /** Fills the remaining bytes of any buffer from the storage at a byte offset. */
    void read(Storage source, long byteOffset, ByteBuffer target);

    /** Fills an array from a contiguous FLOAT32 tensor of as many elements. */
    default void read(Tensor source, float[] target) {
        long start = source.layout().offset();
        for (int done = 0; done < target.length; ) {
            int n = Math.min(1 << 22, target.length - done);
            ByteBuffer bytes = ByteBuffer.allocate(n * Float.BYTES).order(ByteOrder.nativeOrder());
            read(source.storage(), (start + done) * Float.BYTES, bytes);
            bytes.rewind();
            bytes.asFloatBuffer().get(target, done, n);
            done += n;
        }
    }

    /** Sets all elements. */
    void fill(Tensor out, Scalar value);

    /** Writes start, start + step, start + 2·step, … in row-major order. */
    void arange(Scalar start, Scalar step, Tensor out);

    /**
     * Copies elements between layouts of one shape, converting the data type as PyTorch's {@code
     * to} does.
     */
    void copy(Tensor in, Tensor out);

    /** out = op(in). */
    void unary(UnaryOp op, Tensor in, Tensor out);

    /**
     * out = op(a, b), both broadcast to out's shape by the caller. At most one is a {@link Scalar}.
     */
    void binary(BinaryOp op, Operand a, Operand b, Tensor out);

    /** out = condition ? a : b, elementwise; the condition is BOOLEAN. */
    void where(Tensor condition, Operand a, Operand b, Tensor out);

    /** Reduces the axes in which out has length 1 and in does not; ranks are equal. */
    void reduce(ReduceOp op, Tensor in, Tensor out);

    /**
     * Sums the squares of floats, reducing axes as {@link #reduce} does, if this device can do so
     * at once and without memory for the squares.
     *
     * @return whether it has; otherwise the caller squares and sums
     */
    default boolean sumSquares(Tensor in, Tensor out) {
        return false;
    }

    /**
     * Index (INT64) of the largest or smallest element along an axis, the first among equals; out
     * has length 1 there.
     */
    void argReduce(boolean largest, Tensor in, int axis, Tensor out);

    /** Inclusive cumulative sum or product along an axis. */
    void scan(ReduceOp op, Tensor in, int axis, Tensor out);

    /**
     * out[i0, …, ia, …] = in[i0, …, index[i0, …, ia, …], …]: index (INT64) and out have one shape,
     * and in has it too but for the axis. An index with stride 0 selects whole rows, as an
     * embedding does.
     *
     * @throws IndexOutOfBoundsException if an index is outside [-n, n); nothing is then defined
     *     about out
     */
    void gather(Tensor in, int axis, Tensor index, Tensor out);

    /**
     * The inverse of gather: out[i0, …, index[…], …] = (or, when accumulating, +=) source[i0, …,
     * ia, …]. Where one place is named twice, the last in row-major order wins.
     *
     * @throws IndexOutOfBoundsException as {@link #gather}
     */
    void scatter(boolean accumulate, Tensor source, int axis, Tensor index, Tensor out);

    /**
     * Sorts along an axis, stably, NaN as the largest, and keeps the first elements: out and
     * indices (INT64) have length k ≤ n there.
     */
    void sort(boolean descending, Tensor in, int axis, Tensor values, Tensor indices);

    /**
     * out (…, M, N) = a (…, M, K) · b (…, K, N); leading dimensions are broadcast by the caller.
     */
    void matmul(Tensor a, Tensor b, Tensor out);

    /**
     * Packs a FLOAT32, FLOAT16 or BFLOAT16 matrix (K, N) of any layout for repeated products. The
     * source is not needed afterwards.
     */
    PackedMatrix pack(Tensor matrix, MathMode mode);

    /**
     * out (M, N) = activation(a (M, K) · b + bias) [+ residual]. FLOAT32, a, residual and out with
     * contiguous rows.
     *
     * @param bias (N) or null
     * @param residual (M, N), possibly the same view as out, or null
     */
    void linear(
            Tensor a,
            PackedMatrix b,
            Tensor bias,
            Activation activation,
            Tensor residual,
            Tensor out);

    /** Softmax or log-softmax along an axis. */
    void softmax(boolean logarithm, Tensor in, int axis, Tensor out);

    /**
     * Normalises the last {@code axes} dimensions to mean 0 and variance 1 (biased, plus epsilon),
     * then scales and shifts.
     *
     * @param gamma scale in the shape of the normalised dimensions, or null; no part of out
     * @param beta shift, likewise, or null
     */
    void layerNorm(Tensor in, int axes, Tensor gamma, Tensor beta, double epsilon, Tensor out);

    /**
     * Causal attention, fused: out = softmax(scale · query · keysᵀ, masked) · values. With T
     * queries and S ≥ T keys, query t sees the keys 0 … S − T + t whose mask is not 0; a query that
     * sees none gets the mean over the keys it would see without mask.
     *
     * @param query (B, H, T, D) FLOAT32, FLOAT16 or BFLOAT16; keys, values and out have its type
     * @param keys (B, H, S, D)
     * @param values (B, H, S, D)
     * @param mask (B, S) INT64, 0 where a key is padding, or null
     * @param out (B, H, T, D), usually a transposed view of (B, T, H·D)
     */
    void attention(Tensor query, Tensor keys, Tensor values, Tensor mask, double scale, Tensor out);

    /** Draws as many numbers as out has elements, the first of them at the given counter. */
    void random(RandomOp op, double first, double second, long seed, long counter, Tensor out);

    /**
     * Prepares a whole GPT-2, if this device has more for it than the primitives.
     *
     * @param mode the arithmetic of the products
     * @return nothing if it has not, or not for such a network
     * @throws ai.djl.engine.EngineException if there is not enough memory
     */
    default Optional<Decoder> decoder(Decoder.Spec spec, Decoder.Weights weights, MathMode mode) {
        return Optional.empty();
    }
}
