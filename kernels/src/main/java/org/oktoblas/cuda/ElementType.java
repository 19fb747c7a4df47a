package org.oktoblas.cuda;

import java.util.Locale;

/** The element types that kernels know. */
public enum ElementType {
    F32(4),
    F64(8),
    F16(2),
    BF16(2),
    I8(1),
    U8(1),
    I32(4),
    I64(8),
    /** One byte, 0 or 1. */
    BOOL(1);

    private final int bytes;

    ElementType(int bytes) {
        this.bytes = bytes;
    }

    /** Returns the size of an element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** Returns whether elements are floating point numbers. */
    public boolean isFloating() {
        return ordinal() <= BF16.ordinal();
    }

    /** Returns the name as kernels' symbols end: "f32", "bool". */
    public String suffix() {
        return name().toLowerCase(Locale.ROOT);
    }
}
