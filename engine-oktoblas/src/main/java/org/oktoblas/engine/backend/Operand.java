package org.oktoblas.engine.backend;

/** What an elementwise primitive reads: a tensor, or one number for all elements. */
public sealed interface Operand permits Tensor, Scalar {}
