package org.oktoblas.engine.backend;

/**
 * Elementwise functions of one argument. Input and output have the same data type, except that the
 * predicates ({@link #IS_NAN}, {@link #IS_INFINITE}, {@link #LOGICAL_NOT}) write BOOLEAN. The
 * transcendental ones take floating point only.
 */
public enum UnaryOp {
    NEGATE,
    ABS,
    SIGN,
    SQUARE,
    SQRT,
    CBRT,
    RECIPROCAL,
    EXP,
    LOG,
    LOG10,
    LOG2,
    SIN,
    COS,
    TAN,
    ASIN,
    ACOS,
    ATAN,
    SINH,
    COSH,
    TANH,
    ASINH,
    ACOSH,
    ATANH,
    FLOOR,
    CEIL,
    /** To the nearest integer, halves to the even one, as PyTorch does. */
    ROUND,
    TRUNC,
    ERF,
    ERF_INV,
    SIGMOID,
    RELU,
    /** x · Φ(x) with the exact error function. */
    GELU,
    /** The tanh approximation of GELU, "gelu_new" in Hugging Face's configs. */
    GELU_TANH,
    SILU,
    LOGICAL_NOT,
    IS_NAN,
    IS_INFINITE
}
