package org.oktoblas.engine.cpu;

import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;

/** The floating point data types: three that compute as float, and double. */
final class FloatingElements {

    private FloatingElements() {}

    static class Float32 extends Elements<float[], FloatBuffer> {

        /** Of fewer elements it costs more to make a buffer that begins with them. */
        private static final int FEW_SECOND = 16;

        Float32(CpuStorage storage) {
            super(storage, 4, ByteBuffer::asFloatBuffer, new FloatBuffer[0]);
        }

        @Override
        void load(FloatBuffer buffer, int index, int stride, float[] target, int at, int n) {
            if (stride == 1) {
                buffer.get(index, target, at, n);
                return;
            }
            if (stride == 0) {
                Arrays.fill(target, at, at + n, buffer.get(index));
            } else {
                loadStrided(buffer, index, stride, target, at, n);
            }
        }

        private static void loadStrided(
                FloatBuffer buffer, int index, int stride, float[] target, int at, int n) {
            if (stride == 2 && n >= FEW_SECOND) {
                loadSecond(buffer.slice(index, 2 * n - 1), target, at, n);
                return;
            }
            for (int i = 0; i < n; i++) {
                target[at + i] = buffer.get(index + i * stride);
            }
        }

        /** A constant step from the buffer's beginning is one that the JIT need not check. */
        private static void loadSecond(FloatBuffer buffer, float[] target, int at, int n) {
            for (int i = 0; i < n; i++) {
                target[at + i] = buffer.get(2 * i);
            }
        }

        private static void storeSecond(FloatBuffer buffer, float[] source, int at, int n) {
            for (int i = 0; i < n; i++) {
                buffer.put(2 * i, source[at + i]);
            }
        }

        @Override
        void gather(FloatBuffer buffer, long[] places, float[] target, int n) {
            for (int i = 0; i < n; i++) {
                target[i] = buffer.get((int) places[i]);
            }
        }

        @Override
        void store(FloatBuffer buffer, int index, int stride, float[] source, int at, int n) {
            if (stride == 1) {
                buffer.put(index, source, at, n);
                return;
            }
            if (stride == 2 && n >= FEW_SECOND) {
                storeSecond(buffer.slice(index, 2 * n - 1), source, at, n);
                return;
            }
            for (int i = 0; i < n; i++) {
                buffer.put(index + i * stride, source[at + i]);
            }
        }
    }

    /** Floats that are loaded squared. */
    static final class Squares extends Float32 {

        Squares(CpuStorage storage) {
            super(storage);
        }

        @Override
        void load(FloatBuffer buffer, int index, int stride, float[] target, int at, int n) {
            super.load(buffer, index, stride, target, at, n);
            for (int i = at; i < at + n; i++) {
                target[i] *= target[i];
            }
        }
    }

    static final class Float16 extends Elements<float[], ShortBuffer> {

        Float16(CpuStorage storage) {
            super(storage, 2, ByteBuffer::asShortBuffer, new ShortBuffer[0]);
        }

        @Override
        void load(ShortBuffer buffer, int index, int stride, float[] target, int at, int n) {
            if (stride == 1 && n > 1 && JavaFloat16.isThere()) {
                JavaFloat16.load(buffer, index, target, at, n);
                return;
            }
            if (stride == 1 && n > 1) {
                HalfArrays.load(HalfArrays::fromFloat16, buffer, index, target, at, n);
                return;
            }
            for (int i = 0; i < n; i++) {
                target[at + i] = Half.fromFloat16(buffer.get(index + i * stride));
            }
        }

        @Override
        void store(ShortBuffer buffer, int index, int stride, float[] source, int at, int n) {
            if (stride == 1 && n > 1 && JavaFloat16.isThere()) {
                JavaFloat16.store(buffer, index, source, at, n);
                return;
            }
            if (stride == 1 && n > 1) {
                HalfArrays.store(HalfArrays::toFloat16, buffer, index, source, at, n);
                return;
            }
            for (int i = 0; i < n; i++) {
                buffer.put(index + i * stride, Half.toFloat16(source[at + i]));
            }
        }
    }

    static final class Bfloat16 extends Elements<float[], ShortBuffer> {

        Bfloat16(CpuStorage storage) {
            super(storage, 2, ByteBuffer::asShortBuffer, new ShortBuffer[0]);
        }

        @Override
        void load(ShortBuffer buffer, int index, int stride, float[] target, int at, int n) {
            if (stride == 1 && n > 1) {
                HalfArrays.load(HalfArrays::fromBfloat16, buffer, index, target, at, n);
                return;
            }
            for (int i = 0; i < n; i++) {
                target[at + i] = Half.fromBfloat16(buffer.get(index + i * stride));
            }
        }

        @Override
        void store(ShortBuffer buffer, int index, int stride, float[] source, int at, int n) {
            if (stride == 1 && n > 1) {
                HalfArrays.store(HalfArrays::toBfloat16, buffer, index, source, at, n);
                return;
            }
            for (int i = 0; i < n; i++) {
                buffer.put(index + i * stride, Half.toBfloat16(source[at + i]));
            }
        }
    }

    static final class Float64 extends Elements<double[], DoubleBuffer> {

        Float64(CpuStorage storage) {
            super(storage, 8, ByteBuffer::asDoubleBuffer, new DoubleBuffer[0]);
        }

        @Override
        void load(DoubleBuffer buffer, int index, int stride, double[] target, int at, int n) {
            if (stride == 1) {
                buffer.get(index, target, at, n);
                return;
            }
            for (int i = 0; i < n; i++) {
                target[at + i] = buffer.get(index + i * stride);
            }
        }

        @Override
        void store(DoubleBuffer buffer, int index, int stride, double[] source, int at, int n) {
            if (stride == 1) {
                buffer.put(index, source, at, n);
                return;
            }
            for (int i = 0; i < n; i++) {
                buffer.put(index + i * stride, source[at + i]);
            }
        }
    }
}
