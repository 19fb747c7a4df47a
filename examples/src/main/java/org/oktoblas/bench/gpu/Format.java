package org.oktoblas.bench.gpu;

import org.oktoblas.cuda.ElementType;

/** How numbers are stored and multiplied, and how far from exact a sound result may be. */
enum Format {
    FP16(ElementType.F16, 1e-3),
    BF16(ElementType.BF16, 6e-3),
    FP32(ElementType.F32, 2e-5),
    /** float32 in memory, multiplied in 10 bits of mantissa. */
    TF32(ElementType.F32, 1e-3);

    private final ElementType type;
    private final double tolerance;

    Format(ElementType type, double tolerance) {
        this.type = type;
        this.tolerance = tolerance;
    }

    ElementType type() {
        return type;
    }

    int bytes() {
        return type.bytes();
    }

    /**
     * Returns the largest root mean square error over the root mean square of the exact results. It
     * is about three times what rounding gives: 2⁻¹² to 2⁻⁹ for the 16-bit types, which round the
     * result, and 10⁻³ · 2⁻² for TF32, which rounds the factors; float32 sums of thousands of
     * products stay under 5 · 10⁻⁶. A kernel that misses an element is off by far more.
     */
    double tolerance() {
        return tolerance;
    }

    /** Returns the name in tables and in the peer's requests. */
    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
