package org.oktoblas.engine.backend;

/**
 * Distributions that a backend draws from. The generator is counter-based (Philox 4x32-10), so that
 * element {@code i} depends on seed and counter alone, and every backend gives the same numbers.
 */
public enum RandomOp {
    /** Uniform in [first, second). */
    UNIFORM,
    /** Normal with mean first and standard deviation second. */
    NORMAL,
    /** Uniform integers in [first, second). */
    INTEGER
}
