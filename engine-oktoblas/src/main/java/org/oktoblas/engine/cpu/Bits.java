package org.oktoblas.engine.cpu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;

/**
 * A thread's arrays of a chunk for functions that look at the bits of numbers: floats and doubles
 * are copied to integers and back through memory that is seen as both, as the JIT vectorises copies
 * but not {@link Float#floatToRawIntBits}.
 */
final class Bits {

    private static final ThreadLocal<Bits> LOCAL = ThreadLocal.withInitial(Bits::new);

    /** 16-bit numbers on their way to and from {@link #ints}. */
    final short[] shorts = new short[Scratch.CHUNK];

    final float[] floats = new float[Scratch.CHUNK];
    final int[] ints = new int[Scratch.CHUNK];
    final double[] doubles = new double[Scratch.CHUNK];
    final long[] longs = new long[Scratch.CHUNK];

    /** More floats. */
    final float[] other = new float[Scratch.CHUNK];

    final float[] complement = new float[Scratch.CHUNK];

    /** More integers. */
    final int[] otherInts = new int[Scratch.CHUNK];

    final long[] otherLongs = new long[Scratch.CHUNK];

    /** What {@link #toExponents} makes of them. */
    final double[] exponents = new double[Scratch.CHUNK];

    final double[] base = new double[Scratch.CHUNK];

    /** A part of a longer array. */
    final float[] floatPart = new float[Scratch.CHUNK];

    /** A part of a longer array. */
    final double[] doublePart = new double[Scratch.CHUNK];

    private final FloatBuffer asFloats;
    private final IntBuffer asInts;
    private final DoubleBuffer asDoubles;
    private final LongBuffer asLongs;

    private Bits() {
        ByteBuffer bytes =
                ByteBuffer.allocateDirect(Scratch.CHUNK * Long.BYTES)
                        .order(ByteOrder.nativeOrder());
        asFloats = bytes.asFloatBuffer();
        asInts = bytes.asIntBuffer();
        asDoubles = bytes.asDoubleBuffer();
        asLongs = bytes.asLongBuffer();
    }

    static Bits get() {
        return LOCAL.get();
    }

    /** Copies the bits of the first n {@link #floats} to {@link #ints}. */
    void toInts(int n) {
        toInts(floats, 0, n);
    }

    /** Copies the bits of n floats, from one on, to {@link #ints}. */
    void toInts(float[] source, int at, int n) {
        asFloats.put(0, source, at, n);
        asInts.get(0, ints, 0, n);
    }

    /** Copies the bits of the first n {@link #other} floats to {@link #otherInts}. */
    void otherToInts(int n) {
        asFloats.put(0, other, 0, n);
        asInts.get(0, otherInts, 0, n);
    }

    /** Copies the first n {@link #ints} as the bits of {@link #floats}. */
    void toFloats(int n) {
        asInts.put(0, ints, 0, n);
        asFloats.get(0, floats, 0, n);
    }

    /** Copies the bits of the first n {@link #doubles} to {@link #longs}. */
    void toLongs(int n) {
        asDoubles.put(0, doubles, 0, n);
        asLongs.get(0, longs, 0, n);
    }

    /** Copies the halves of the first n longs to twice as many {@link #ints}. */
    void toInts(long[] source, int n) {
        asLongs.put(0, source, 0, n);
        asInts.get(0, ints, 0, 2 * n);
    }

    /** Copies the first n {@link #longs} as the bits of {@link #doubles}. */
    void toDoubles(int n) {
        asLongs.put(0, longs, 0, n);
        asDoubles.get(0, doubles, 0, n);
    }

    /** Copies the first n {@link #otherLongs} as the bits of {@link #exponents}. */
    void toExponents(int n) {
        asLongs.put(0, otherLongs, 0, n);
        asDoubles.get(0, exponents, 0, n);
    }
}
