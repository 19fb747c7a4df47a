package org.oktoblas.kernels;

/** How a linear layer multiplies. Sums are always float32. */
public enum Arithmetic {
    /** float32 products, whatever the type in which the weights are stored. */
    FLOAT32,
    /** Products on tensor cores, with both factors rounded to 10 bits of fraction. */
    TF32,
    /** Both factors rounded to float16. */
    FLOAT16,
    /** Both factors rounded to bfloat16. */
    BFLOAT16
}
