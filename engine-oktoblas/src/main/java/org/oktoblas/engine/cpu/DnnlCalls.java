package org.oktoblas.engine.cpu;

import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.Stream;

/**
 * One operation of oneDNN on any number of neighbouring floats, as it has to be compiled for each
 * number: so many large calls, and then so many small ones.
 */
final class DnnlCalls {

    static final int LARGEST = 1 << 17;

    /** Numbers of elements are multiples of this. */
    static final int SMALLEST = 1 << 12;

    private static final int[] SIZES = {LARGEST, 1 << 15, SMALLEST};

    private final DnnlPrimitive[] primitives = new DnnlPrimitive[SIZES.length];
    private final boolean fast;

    /** Compiles an operation by the number of its elements. */
    DnnlCalls(IntFunction<DnnlPrimitive> compiler) {
        for (int i = 0; i < SIZES.length; i++) {
            int size = SIZES[i];
            primitives[i] = DnnlPrimitive.ifFast(() -> compiler.apply(size));
        }
        fast = Stream.of(primitives).allMatch(Objects::nonNull);
    }

    /** A call for the elements from one on. */
    interface Call {
        void run(DnnlPrimitive primitive, long start);
    }

    /** Returns whether the library has more than its reference code. */
    boolean areFast() {
        return fast;
    }

    /** Makes the calls for a number of elements. */
    void run(long count, Call call) {
        long done = 0;
        for (int i = 0; i < SIZES.length; i++) {
            for (; done + SIZES[i] <= count; done += SIZES[i]) {
                call.run(primitives[i], done);
            }
        }
    }
}
