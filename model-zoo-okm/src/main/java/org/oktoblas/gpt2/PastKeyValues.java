package org.oktoblas.gpt2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;

/**
 * Keys and values as DJL's generators hand them about: given as arrays with one call and returned
 * as longer ones, each (batch, heads, time, width), a layer's keys before its values.
 */
final class PastKeyValues implements KeyValues {

    private final Gpt2Ops ops;
    private final NDList past;
    private final NDManager manager;
    private final NDList present = new NDList();

    /**
     * Starts from two arrays a layer, or from an empty list.
     *
     * @param manager to which the longer arrays are attached, which outlive the pass
     */
    PastKeyValues(Gpt2Ops ops, NDList past, NDManager manager) {
        this.ops = ops;
        this.past = past;
        this.manager = manager;
    }

    @Override
    public long length() {
        return past.isEmpty() ? 0 : past.head().getShape().get(2);
    }

    @Override
    public Pair append(NDManager scratch, int layer, NDArray keys, NDArray values) {
        NDArray allKeys = longer(2 * layer, keys);
        NDArray allValues = longer(2 * layer + 1, values);
        present.add(allKeys);
        present.add(allValues);
        return new Pair(allKeys, allValues);
    }

    private NDArray longer(int index, NDArray added) {
        NDArray all = ops.append(past.isEmpty() ? null : past.get(index), added);
        all.attach(manager);
        return all;
    }

    /** Returns all keys and values, after a pass. */
    NDList present() {
        return present;
    }
}
