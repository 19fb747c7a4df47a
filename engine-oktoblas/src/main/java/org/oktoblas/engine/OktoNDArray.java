package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import org.oktoblas.engine.backend.Tensor;

/**
 * An array of engine OktoBLAS. Its elements lie outside the Java heap, shared with the views of it,
 * and are freed when the array and all its views are closed, themselves or by their managers.
 *
 * <p>Results belong to the manager of the array that an operation was called on. Any number of
 * threads may read an array; closing it while another thread reads is safe, and makes later uses
 * throw {@link IllegalStateException}.
 *
 * <p>Elements are numbers, complex numbers of two floats, or Java strings. Complex numbers are
 * moved and taken in parts, added, multiplied, compared for equality and transformed; strings are
 * viewed, compared and read. Any other operation refuses them.
 *
 * <p>What operations do is split over the classes that this one extends, by kind.
 */
public final class OktoNDArray extends ArrayFourier {

    /**
     * Makes an array that owns one reference of the tensor's storage, whether or not this throws.
     */
    OktoNDArray(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
        register();
    }

    @Override
    public OktoNDArrayEx getNDArrayInternal() {
        return new OktoNDArrayEx(this);
    }

    @Override
    public String toString() {
        return isReleased() ? "This array is already closed" : toDebugString();
    }

    /** Returns whether the other is an array of the same shape, type and content. */
    @Override
    public boolean equals(Object other) {
        return other instanceof NDArray && contentEquals((NDArray) other);
    }

    /** Returns a constant, as the content may change. */
    @Override
    public int hashCode() {
        return 0;
    }
}
