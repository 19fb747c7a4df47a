package org.oktoblas.engine.cpu;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;

/** The integral data types, all of which compute as long and wrap when stored. */
final class IntegralElements {

    private IntegralElements() {}

    /** One byte an element: signed, unsigned, or a truth value. */
    static final class Bytes extends Elements<long[], ByteBuffer> {

        private final boolean signed;
        private final boolean truth;

        private Bytes(CpuStorage storage, boolean signed, boolean truth) {
            super(storage, 1, ByteBuffer::duplicate, new ByteBuffer[0]);
            this.signed = signed;
            this.truth = truth;
        }

        static Bytes signed(CpuStorage storage) {
            return new Bytes(storage, true, false);
        }

        static Bytes unsigned(CpuStorage storage) {
            return new Bytes(storage, false, false);
        }

        static Bytes truth(CpuStorage storage) {
            return new Bytes(storage, false, true);
        }

        @Override
        void load(ByteBuffer buffer, int index, int stride, long[] target, int at, int n) {
            int mask = signed ? -1 : 0xff;
            for (int i = 0; i < n; i++) {
                target[at + i] = buffer.get(index + i * stride) & mask;
            }
        }

        @Override
        void store(ByteBuffer buffer, int index, int stride, long[] source, int at, int n) {
            if (truth) {
                for (int i = 0; i < n; i++) {
                    buffer.put(index + i * stride, (byte) (source[at + i] != 0 ? 1 : 0));
                }
                return;
            }
            for (int i = 0; i < n; i++) {
                buffer.put(index + i * stride, (byte) source[at + i]);
            }
        }
    }

    /** Two bytes an element: 16-bit floats, when they are moved and not computed with. */
    static final class Shorts extends Elements<long[], ShortBuffer> {

        Shorts(CpuStorage storage) {
            super(storage, 2, ByteBuffer::asShortBuffer, new ShortBuffer[0]);
        }

        @Override
        void load(ShortBuffer buffer, int index, int stride, long[] target, int at, int n) {
            for (int i = 0; i < n; i++) {
                target[at + i] = buffer.get(index + i * stride);
            }
        }

        @Override
        void store(ShortBuffer buffer, int index, int stride, long[] source, int at, int n) {
            for (int i = 0; i < n; i++) {
                buffer.put(index + i * stride, (short) source[at + i]);
            }
        }
    }

    static final class Ints extends Elements<long[], IntBuffer> {

        Ints(CpuStorage storage) {
            super(storage, 4, ByteBuffer::asIntBuffer, new IntBuffer[0]);
        }

        @Override
        void load(IntBuffer buffer, int index, int stride, long[] target, int at, int n) {
            for (int i = 0; i < n; i++) {
                target[at + i] = buffer.get(index + i * stride);
            }
        }

        @Override
        void store(IntBuffer buffer, int index, int stride, long[] source, int at, int n) {
            for (int i = 0; i < n; i++) {
                buffer.put(index + i * stride, (int) source[at + i]);
            }
        }
    }

    static final class Longs extends Elements<long[], LongBuffer> {

        Longs(CpuStorage storage) {
            super(storage, 8, ByteBuffer::asLongBuffer, new LongBuffer[0]);
        }

        /** Returns n neighbours, the first at an index, where they are. */
        LongBuffer slice(long element, int n) {
            return bufferOf(element).slice(indexOf(element), n);
        }

        @Override
        void load(LongBuffer buffer, int index, int stride, long[] target, int at, int n) {
            if (stride == 1) {
                buffer.get(index, target, at, n);
                return;
            }
            for (int i = 0; i < n; i++) {
                target[at + i] = buffer.get(index + i * stride);
            }
        }

        @Override
        void store(LongBuffer buffer, int index, int stride, long[] source, int at, int n) {
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
