package org.oktoblas.engine.cpu;

/** Heap arrays that belong to a thread, to compute in; they grow to what was asked for. */
final class Scratch {

    /** How many elements are loaded, computed and stored at a time: a few fit the L1 cache. */
    static final int CHUNK = 1024;

    private static final int FEWEST = 128;

    /** Of fewer than these a call takes most of the time, which more would add to. */
    private static final int TINY = 16;

    private static final int SLOTS = 7;
    private static final ThreadLocal<Scratch> LOCAL = ThreadLocal.withInitial(Scratch::new);

    private final float[][] floats = new float[SLOTS][];
    private final double[][] doubles = new double[SLOTS][];
    private final long[][] longs = new long[SLOTS][];

    private final int[][] ints = new int[SLOTS][];
    private final byte[][] bytes = new byte[SLOTS][];

    private final float[][][] floatMatrices = new float[SLOTS][][];
    private final double[][][] doubleMatrices = new double[SLOTS][][];
    private final long[][][] longMatrices = new long[SLOTS][][];

    private Scratch() {}

    /**
     * Returns how many numbers to compute where n are wanted. Of loops that it has seen end after a
     * few dozen rounds, the JIT makes narrow vectors, and larger arrays that come later would be
     * computed by these.
     */
    static int computed(int n) {
        return n < TINY ? n : Math.max(FEWEST, n);
    }

    static Scratch get() {
        return LOCAL.get();
    }

    /** Returns this thread's array of a slot, of at least some size, its content undefined. */
    float[] floats(int slot, int size) {
        float[] array = floats[slot];
        if (array == null || array.length < size) {
            array = new float[Math.max(CHUNK, size)];
            floats[slot] = array;
        }
        return array;
    }

    double[] doubles(int slot, int size) {
        double[] array = doubles[slot];
        if (array == null || array.length < size) {
            array = new double[Math.max(CHUNK, size)];
            doubles[slot] = array;
        }
        return array;
    }

    long[] longs(int slot, int size) {
        long[] array = longs[slot];
        if (array == null || array.length < size) {
            array = new long[Math.max(CHUNK, size)];
            longs[slot] = array;
        }
        return array;
    }

    int[] ints(int slot, int size) {
        int[] array = ints[slot];
        if (array == null || array.length < size) {
            array = new int[Math.max(CHUNK, size)];
            ints[slot] = array;
        }
        return array;
    }

    byte[] bytes(int slot, int size) {
        byte[] array = bytes[slot];
        if (array == null || array.length < size) {
            array = new byte[Math.max(CHUNK, size)];
            bytes[slot] = array;
        }
        return array;
    }

    /** Returns this thread's matrix of a slot; a slot is always asked for in one size. */
    float[][] floatMatrix(int slot, int rows, int columns) {
        if (floatMatrices[slot] == null) {
            floatMatrices[slot] = new float[rows][columns];
        }
        return floatMatrices[slot];
    }

    /** Returns this thread's matrix of a slot; a slot is always asked for in one size. */
    double[][] doubleMatrix(int slot, int rows, int columns) {
        if (doubleMatrices[slot] == null) {
            doubleMatrices[slot] = new double[rows][columns];
        }
        return doubleMatrices[slot];
    }

    /** Returns this thread's matrix of a slot; a slot is always asked for in one size. */
    long[][] longMatrix(int slot, int rows, int columns) {
        if (longMatrices[slot] == null) {
            longMatrices[slot] = new long[rows][columns];
        }
        return longMatrices[slot];
    }
}
