package org.oktoblas.engine.cpu;

import java.nio.ByteBuffer;
import java.nio.ShortBuffer;
import org.oktoblas.engine.backend.Tensor;

/** 16-bit numbers by their bits. */
final class Shorts extends Elements<short[], ShortBuffer> {

    private Shorts(CpuStorage storage) {
        super(storage, 2, ByteBuffer::asShortBuffer, new ShortBuffer[0]);
    }

    /** Returns a FLOAT16 or BFLOAT16 tensor as a sequence. */
    static View<short[]> view(Tensor tensor) {
        return new View<>(new Shorts((CpuStorage) tensor.storage()), tensor.layout());
    }

    @Override
    void load(ShortBuffer buffer, int index, int stride, short[] target, int at, int n) {
        if (stride == 1) {
            buffer.get(index, target, at, n);
        } else {
            for (int i = 0; i < n; i++) {
                target[at + i] = buffer.get(index + i * stride);
            }
        }
    }

    @Override
    void store(ShortBuffer buffer, int index, int stride, short[] source, int at, int n) {
        if (stride == 1) {
            buffer.put(index, source, at, n);
        } else {
            for (int i = 0; i < n; i++) {
                buffer.put(index + i * stride, source[at + i]);
            }
        }
    }
}
