package org.oktoblas.engine.backend;

/** How a prepared matrix product multiplies. Sums are always float32. */
public enum MathMode {
    /** float32 products, whatever the type in which the weights are stored. */
    FLOAT32,
    /** Both factors rounded to bfloat16, twice to four times as fast where the processor has it. */
    BFLOAT16
}
