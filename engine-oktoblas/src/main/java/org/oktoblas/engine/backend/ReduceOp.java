package org.oktoblas.engine.backend;

/** Reductions. Input and output have the same data type, except that ANY and ALL write BOOLEAN. */
public enum ReduceOp {
    SUM,
    MEAN,
    PRODUCT,
    MAX,
    MIN,
    ANY,
    ALL
}
