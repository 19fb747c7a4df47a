package org.oktoblas.gpt2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.oktoblas.engine.OktoNDManager;
import org.oktoblas.engine.backend.Activation;

/**
 * What GPT-2 is built from, on one engine. The makers load weights by name, once; what they make
 * may be used by many threads, and is freed with the model's manager. Arrays are FLOAT32, and
 * results are attached to the manager of the (first) input unless a manager is given.
 */
interface Gpt2Ops {

    /**
     * Chooses the operations for a manager's engine.
     *
     * @throws IllegalArgumentException if the engine cannot run in that precision
     */
    static Gpt2Ops of(NDManager manager, TensorSource weights, Precision precision) {
        if (manager instanceof OktoNDManager okto) {
            return new FusedOps(okto, weights, precision);
        }
        if (precision != Precision.AUTO && precision != Precision.FP32) {
            throw new IllegalArgumentException(
                    "Precision "
                            + precision
                            + " needs engine OktoBLAS; engine "
                            + manager.getEngine().getEngineName()
                            + " runs .okm models in fp32");
        }
        return new PortableOps(manager, weights);
    }

    /** Loads a table (rows, width). */
    Table table(String name);

    /** Loads a layer norm's {@code .weight} and {@code .bias}. */
    Norm norm(String name, double epsilon);

    /** Loads a linear layer's {@code .weight} (in, out) and {@code .bias}. */
    Dense dense(String name, Activation activation);

    /** Loads a linear layer without bias from a weight (out, in). */
    Dense head(String name);

    /**
     * Prepares what {@link #attention} wants to know about visibility, once for all layers.
     *
     * @param visible (batch, keys) INT64, 0 at padding, or null if there is none
     * @param queries how many of the last keys ask
     * @return null if every query sees every key
     */
    NDArray mask(NDManager manager, NDArray visible, long queries, long keys);

    /**
     * Puts a layer's keys, or its values, behind those of the time before. No array changes, but
     * the result may share its memory with {@code past}.
     *
     * @param past (batch, heads, S, width), or null for none
     * @param added (batch, heads, T, width), not kept
     * @return (batch, heads, S + T, width)
     */
    NDArray append(NDArray past, NDArray added);

    /**
     * Causal attention.
     *
     * @param query (batch, heads, T, width)
     * @param keys (batch, heads, S, width), S ≥ T
     * @param values as keys
     * @param mask what {@link #mask} gave
     * @return (batch, T, heads · width)
     */
    NDArray attention(NDArray query, NDArray keys, NDArray values, NDArray mask, double scale);

    /** Rows to look up. */
    interface Table {

        /** Returns the rows (batch, time, width) for INT64 indices (batch, time). */
        NDArray rows(NDManager manager, NDArray indices);
    }

    /** A layer norm. */
    interface Norm {

        NDArray apply(NDArray x);
    }

    /** A linear layer with its activation. */
    interface Dense {

        /** activation(x · W + b). */
        NDArray apply(NDArray x);

        /** residual + x · W + b, which may or may not overwrite residual. No activation. */
        NDArray addTo(NDArray residual, NDArray x);
    }
}
