package org.oktoblas.engine.backend;

/** The activation that a matrix product applies before it writes. */
public enum Activation {
    NONE,
    RELU,
    /** Exact GELU, through the error function. */
    GELU,
    /** GELU's tanh approximation ("gelu_new"). */
    GELU_TANH,
    SILU,
    TANH,
    SIGMOID
}
