package org.oktoblas.okm;

import ai.djl.ndarray.types.DataType;
import java.util.Optional;

/** The element types that an {@code .okm} holds, by their name in its {@code config.json}. */
public enum OkmType {
    F32(4, DataType.FLOAT32),
    F16(2, DataType.FLOAT16),
    BF16(2, DataType.BFLOAT16);

    private final int byteSize;
    private final DataType dataType;

    OkmType(int byteSize, DataType dataType) {
        this.byteSize = byteSize;
        this.dataType = dataType;
    }

    /** Bytes of one element. */
    public int byteSize() {
        return byteSize;
    }

    /** The type as DJL calls it. */
    public DataType dataType() {
        return dataType;
    }

    /** The type of that exact name, or nothing. */
    public static Optional<OkmType> of(String name) {
        for (OkmType type : values()) {
            if (type.name().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
