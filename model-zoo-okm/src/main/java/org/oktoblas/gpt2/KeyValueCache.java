package org.oktoblas.gpt2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.oktoblas.okm.Gpt2Config;

/**
 * Keys and values in arrays longer than they need to be yet, written in place: a new token costs
 * the copy of its own keys and values, not of all before it.
 */
final class KeyValueCache implements KeyValues {

    /** Capacity grows by halves of itself, but to no less than a multiple of this many tokens. */
    private static final long BLOCK = 64;

    private final NDManager manager;
    private final NDArray[] keys;
    private final NDArray[] values;
    private final Gpt2Config config;
    private long capacity;
    private long length;

    /**
     * Makes an empty cache.
     *
     * @param manager with which the cache is freed
     */
    KeyValueCache(NDManager manager, Gpt2Config config) {
        this.manager = manager;
        this.config = config;
        keys = new NDArray[config.numLayers()];
        values = new NDArray[config.numLayers()];
    }

    @Override
    public long length() {
        return length;
    }

    /** How many tokens the cache can hold before it has to grow. */
    long capacity() {
        return capacity;
    }

    /** Makes room for that many tokens in all. */
    void reserve(long batch, long tokens) {
        if (tokens <= capacity) {
            return;
        }
        long wanted = Math.max(tokens, capacity + capacity / 2);
        capacity = (wanted + BLOCK - 1) / BLOCK * BLOCK;
        Shape shape = new Shape(batch, config.numHeads(), capacity, config.headSize());
        for (int i = 0; i < keys.length; i++) {
            keys[i] = grown(keys[i], shape);
            values[i] = grown(values[i], shape);
        }
    }

    private NDArray grown(NDArray old, Shape shape) {
        // Zeros, though each is written before it is read: 0 · NaN of a masked one would be NaN.
        NDArray larger = manager.zeros(shape, DataType.FLOAT32);
        if (old != null) {
            try (old;
                    NDArray used = old.get(times(0, length))) {
                larger.set(times(0, length), used);
            }
        }
        return larger;
    }

    @Override
    public Pair append(NDManager scratch, int layer, NDArray newKeys, NDArray newValues) {
        long total = length + newKeys.getShape().get(2);
        keys[layer].set(times(length, total), newKeys);
        values[layer].set(times(length, total), newValues);
        return new Pair(
                keys[layer].get(scratch, times(0, total)),
                values[layer].get(scratch, times(0, total)));
    }

    /** Counts the tokens of a pass that has added them to every layer. */
    void advance(long tokens) {
        length += tokens;
    }

    private static NDIndex times(long from, long to) {
        return new NDIndex().addAllDim(2).addSliceDim(from, to);
    }
}
