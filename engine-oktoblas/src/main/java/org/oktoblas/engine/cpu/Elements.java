package org.oktoblas.engine.cpu;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Function;

/**
 * The elements of a storage as one data type, copied from and to heap arrays.
 *
 * @param <A> the array: float[], double[] or long[]
 * @param <B> the kind of buffer through which the storage is seen
 */
abstract class Elements<A, B> {

    private final CpuStorage storage;
    private final int byteWidth;
    private final B[] buffers;

    Elements(CpuStorage storage, int byteWidth, Function<ByteBuffer, B> viewer, B[] empty) {
        this.storage = storage;
        this.byteWidth = byteWidth;
        buffers = Arrays.copyOf(empty, storage.windowCount());
        for (int i = 0; i < buffers.length; i++) {
            buffers[i] = viewer.apply(storage.window(i));
        }
    }

    /** Copies n elements, the first at an index and each a stride further, to an array. */
    final void load(long element, long stride, A target, int at, int n) {
        if (buffers.length == 1) {
            load(buffers[0], (int) element, (int) stride, target, at, n);
        } else if (stride == 1) {
            load(bufferOf(element), indexOf(element), 1, target, at, n);
        } else {
            for (int i = 0; i < n; i++) {
                long one = element + i * stride;
                load(bufferOf(one), indexOf(one), 1, target, at + i, 1);
            }
        }
    }

    /** Copies n elements of an array to where {@link #load} would find them. */
    final void store(long element, long stride, A source, int at, int n) {
        if (buffers.length == 1) {
            store(buffers[0], (int) element, (int) stride, source, at, n);
        } else if (stride == 1) {
            store(bufferOf(element), indexOf(element), 1, source, at, n);
        } else {
            for (int i = 0; i < n; i++) {
                long one = element + i * stride;
                store(bufferOf(one), indexOf(one), 1, source, at + i, 1);
            }
        }
    }

    /** Copies single elements, each at an index of its own, to the beginning of an array. */
    final void gather(long[] places, A target, int n) {
        if (buffers.length == 1) {
            gather(buffers[0], places, target, n);
        } else {
            for (int i = 0; i < n; i++) {
                load(places[i], 1, target, i, 1);
            }
        }
    }

    /** Returns the buffer in which a stretch lies that begins with an element. */
    final B bufferOf(long element) {
        return buffers[storage.windowAt(element * byteWidth)];
    }

    /** Returns the index of an element in its buffer. */
    final int indexOf(long element) {
        int window = storage.windowAt(element * byteWidth);
        return (int) (element - CpuStorage.windowStart(window) / byteWidth);
    }

    /** Kinds that are gathered often do it in a loop of their own. */
    void gather(B buffer, long[] places, A target, int n) {
        for (int i = 0; i < n; i++) {
            load(buffer, (int) places[i], 1, target, i, 1);
        }
    }

    abstract void load(B buffer, int index, int stride, A target, int at, int n);

    abstract void store(B buffer, int index, int stride, A source, int at, int n);
}
