package org.oktoblas.engine.backend;

/**
 * A constant right-hand side of matrix products, brought into the layout its backend multiplies
 * fastest by. It may be used by many threads at once; closing it frees its memory.
 */
public interface PackedMatrix extends AutoCloseable {

    /** Returns the number of rows, K. */
    long rows();

    /** Returns the number of columns, N. */
    long columns();

    /** Returns the bytes that the packed form takes. */
    long byteSize();

    @Override
    void close();
}
