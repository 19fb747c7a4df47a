package org.oktoblas.gpt2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** Keys and values of the tokens before, layer by layer, that a forward pass adds to. */
interface KeyValues {

    /** How many tokens there were before this pass. */
    long length();

    /**
     * Adds a layer's new keys and values, (batch, heads, T, width), and returns all there are,
     * (batch, heads, length + T, width). The given arrays are not kept. What is returned stays
     * valid for the pass.
     *
     * @param scratch to which arrays that only this layer needs are attached
     */
    Pair append(NDManager scratch, int layer, NDArray keys, NDArray values);

    /** A layer's keys and values. */
    record Pair(NDArray keys, NDArray values) {}
}
