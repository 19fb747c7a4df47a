package org.oktoblas.gpt2;

import java.util.Arrays;
import java.util.Locale;

/** The arithmetic in which a model runs. */
public enum Precision {
    /** What suits the device: float32 on a CPU. */
    AUTO,
    /** float32 products and sums, however the weights are stored. Any engine. */
    FP32,
    /**
     * Weights held as float16. On a CPU the arithmetic stays float32 (under OktoBLAS the tokens are
     * those of FP32 with the weights rounded, at half the memory); other engines refuse it there.
     */
    FP16,
    /** Products of bfloat16, sums in float32: twice to four times as fast. OktoBLAS only. */
    BF16;

    /**
     * Reads a name as the command line and model arguments spell it: auto, fp32, fp16, bf16.
     *
     * @throws IllegalArgumentException naming the choices
     */
    public static Precision parse(String name) {
        try {
            return valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "Unknown precision \""
                            + name
                            + "\"; choose one of "
                            + Arrays.toString(values()).toLowerCase(Locale.ROOT),
                    e);
        }
    }

    /** The name as {@link #parse} reads it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
