package org.oktoblas.engine.cpu;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ShortBuffer;

/**
 * Conversions of many binary16 numbers at a time by Java's own methods, which it has from version
 * 20 on: the JIT makes the processor's vector instructions of them, two to three times as fast as
 * {@link HalfArrays}. The results are those of {@link Half}, but for the bits of NaN.
 */
final class JavaFloat16 {

    // Constants, so that calls are compiled as if they were written in Java.
    private static final MethodHandle TO_FLOAT16 =
            find("floatToFloat16", MethodType.methodType(short.class, float.class));
    private static final MethodHandle TO_FLOAT =
            find("float16ToFloat", MethodType.methodType(float.class, short.class));

    private JavaFloat16() {}

    private static MethodHandle find(String name, MethodType type) {
        try {
            return MethodHandles.publicLookup().findStatic(Float.class, name, type);
        } catch (NoSuchMethodException | IllegalAccessException e) {
            return null;
        }
    }

    /** Returns whether this Java has the methods; without them nothing else here can be called. */
    static boolean isThere() {
        return TO_FLOAT16 != null && TO_FLOAT != null;
    }

    /** Reads n neighbouring numbers as floats. */
    static void load(ShortBuffer buffer, int index, float[] target, int at, int n) {
        short[] halves = Bits.get().shorts;
        for (int done = 0; done < n; done += Scratch.CHUNK) {
            int m = Math.min(Scratch.CHUNK, n - done);
            buffer.get(index + done, halves, 0, m);
            toFloats(halves, target, at + done, m);
        }
    }

    /** Writes n floats as neighbouring numbers. */
    static void store(ShortBuffer buffer, int index, float[] source, int at, int n) {
        short[] halves = Bits.get().shorts;
        for (int done = 0; done < n; done += Scratch.CHUNK) {
            int m = Math.min(Scratch.CHUNK, n - done);
            toHalves(source, at + done, halves, m);
            buffer.put(index + done, halves, 0, m);
        }
    }

    private static void toFloats(short[] halves, float[] floats, int at, int n) {
        try {
            for (int i = 0; i < n; i++) {
                floats[at + i] = (float) TO_FLOAT.invokeExact(halves[i]);
            }
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static void toHalves(float[] floats, int at, short[] halves, int n) {
        try {
            for (int i = 0; i < n; i++) {
                halves[i] = (short) TO_FLOAT16.invokeExact(floats[at + i]);
            }
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** The methods declare no exception, but calls of any method handle do. */
    private static AssertionError unexpected(Throwable e) {
        return new AssertionError("Java could not convert float16", e);
    }
}
