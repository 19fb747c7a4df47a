package org.oktoblas.engine.backend;

import ai.djl.ndarray.types.DataType;

/**
 * A typed, strided view of a storage: the operand of all primitives. It owns nothing; whoever calls
 * a primitive keeps the storage alive.
 *
 * @param storage the memory
 * @param dataType the element type
 * @param layout shape, strides and offset, counted in elements
 */
public record Tensor(Storage storage, DataType dataType, Layout layout) implements Operand {

    /** Returns this tensor seen through another layout. */
    public Tensor with(Layout other) {
        return new Tensor(storage, dataType, other);
    }
}
