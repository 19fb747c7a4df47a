package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Optional;
import org.oktoblas.engine.backend.Activation;
import org.oktoblas.engine.backend.Decoder;
import org.oktoblas.engine.backend.MathMode;

/**
 * The operations that a transformer wants in one call each, and this engine has: linear layers with
 * packed weights, bias and activation, layer norm, and causal attention. Arrays are FLOAT32 (16-bit
 * ones are converted) and on one device; results are attached to the manager of {@code x} (the
 * query for attention) and need not be contiguous.
 *
 * <p>A block asks {@link OktoNDManager#transformerOps()} once and keeps to plain NDArray operations
 * where its manager is another engine's.
 */
public interface TransformerOps {

    /**
     * Packs a linear layer's weights.
     *
     * @param owner the manager with which the packed weights are freed
     * @param weight (in, out), or (out, in) when transposed; FLOAT32, FLOAT16 or BFLOAT16; may be
     *     closed afterwards
     * @param transposed whether the weight is (out, in)
     * @param bias (out), or null; kept as float32
     * @param mode the arithmetic of the products
     */
    Linear linear(NDManager owner, NDArray weight, boolean transposed, NDArray bias, MathMode mode);

    /** activation(x · W + b): (…, in) to (…, out). */
    NDArray apply(Linear linear, NDArray x, Activation activation);

    /** residual + x · W + b, written into residual, which is returned. */
    NDArray addTo(NDArray residual, Linear linear, NDArray x);

    /** Layer norm over the last dimension. */
    NDArray layerNorm(NDArray x, NDArray gamma, NDArray beta, double epsilon);

    /**
     * Causal attention of T queries over S ≥ T keys, the last T of which are the queries' own.
     *
     * <p>Where query, keys and values are all FLOAT16 or all BFLOAT16, so is the result; sums are
     * float32 all the same.
     *
     * @param query (batch, heads, T, width), any layout
     * @param keys (batch, heads, S, width), any layout: usually a view of a cache
     * @param values as keys
     * @param mask (batch, S) INT64, 0 at padding, or null
     * @return (batch, T, heads · width)
     */
    NDArray attention(NDArray query, NDArray keys, NDArray values, NDArray mask, double scale);

    /**
     * Puts keys or values behind those of the time before. The result has room behind it, so that
     * it can be continued in place: where {@code past} is such a result, or the end of one, and has
     * not been continued yet, {@code added} is all that is copied, and the longer array shares its
     * memory. Otherwise both are copied. Either way no array changes, as long as nobody writes to
     * results. Threads may continue the same array at the same time.
     *
     * @param past (batch, heads, S, width), or null for none
     * @param added (batch, heads, T, width), of the same type, any layout
     * @return (batch, heads, S + T, width), attached to the manager of {@code added}
     */
    NDArray append(NDArray past, NDArray added);

    /**
     * Prepares a whole GPT-2 for the owner's device, if that has more for it than the operations.
     *
     * @param owner the manager with which it is freed
     * @return nothing if it has not, or not for such a network
     */
    Optional<Decoder> decoder(
            NDManager owner, Decoder.Spec spec, Decoder.Weights weights, MathMode mode);

    /** A linear layer's packed weights, usable by many threads. */
    interface Linear extends AutoCloseable {

        long inputSize();

        long outputSize();

        long byteSize();

        @Override
        void close();
    }
}
