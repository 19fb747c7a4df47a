package org.oktoblas.gpt2;

import ai.djl.Device;
import java.util.Arrays;
import java.util.Locale;
import org.oktoblas.engine.backend.MathMode;

/**
 * The arithmetic of a model's matrix products; everything between them is float32 always. Sums are
 * float32 always, too.
 */
public enum Precision {
    /** What gives the same tokens everywhere: {@link #FP32}. */
    AUTO,
    /** float32 products, however the weights are stored. Any engine, any device. */
    FP32,
    /**
     * Weights held as float16. On a GPU the products are of float16 numbers, on tensor cores: the
     * fast way there, with logits within about a hundredth of FP32's. On a CPU they stay float32
     * (the tokens are those of FP32 with the weights rounded, at half the memory). OktoBLAS only.
     */
    FP16,
    /** Products of bfloat16, of a wider range and less exact than float16. OktoBLAS only. */
    BF16;

    /** The engine's name for the arithmetic on a device. */
    MathMode mode(Device device) {
        return switch (this) {
            case AUTO, FP32 -> MathMode.FLOAT32;
            case FP16 -> device.isGpu() ? MathMode.FLOAT16 : MathMode.FLOAT32;
            case BF16 -> MathMode.BFLOAT16;
        };
    }

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
