package org.oktoblas.engine.backend;

/** How a prepared matrix product multiplies. Sums are always float32. */
public enum MathMode {
    /** float32 products, whatever the type in which the weights are stored. */
    FLOAT32,
    /**
     * Both factors rounded to float16: the fast way on a GPU, where it runs on tensor cores. A
     * processor multiplies the rounded numbers in float32. Factors beyond 65,504 become infinite.
     */
    FLOAT16,
    /** Both factors rounded to bfloat16, twice to four times as fast where the processor has it. */
    BFLOAT16
}
