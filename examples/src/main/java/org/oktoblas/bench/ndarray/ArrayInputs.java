package org.oktoblas.bench.ndarray;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Makes inputs of one size: the same numbers for every engine, since Java makes them. Arrays are
 * matrices as close to a square as the size has divisors.
 */
final class ArrayInputs {

    private static final long SEED = 5;

    private final NDManager manager;
    private final SplittableRandom random = new SplittableRandom(SEED);
    private final int size;
    private final int rows;

    /**
     * Creates inputs.
     *
     * @param manager owns them
     * @param size how many elements arrays have, or the side of matrices to multiply
     */
    ArrayInputs(NDManager manager, long size) {
        this.manager = manager;
        this.size = Math.toIntExact(size);
        int root = (int) Math.sqrt(this.size);
        rows = IntStream.iterate(root, i -> i - 1).filter(i -> size % i == 0).findFirst().orElse(1);
    }

    NDManager manager() {
        return manager;
    }

    int size() {
        return size;
    }

    int rows() {
        return rows;
    }

    int columns() {
        return size / rows;
    }

    /** The shape of a matrix of all elements. */
    Shape shape() {
        return new Shape(rows, columns());
    }

    /** Numbers from -2 to 2, a matrix. */
    NDArray signed() {
        return uniform(-2, 2, shape());
    }

    /** Numbers from 0.5 to 2, a matrix. */
    NDArray positive() {
        return uniform(0.5f, 2, shape());
    }

    NDArray uniform(float low, float high, Shape shape) {
        return manager.create(numbers(low, high, Math.toIntExact(shape.size())), shape);
    }

    float[] numbers(float low, float high, int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = low + (high - low) * (random.nextInt() >>> 8) * 0x1p-24f;
        }
        return numbers;
    }

    /** A matrix in which no number is there twice up to 2^24 elements: its largest is one. */
    NDArray distinct() {
        float[] numbers = new float[size];
        for (int i = 0; i < size; i++) {
            // An odd factor permutes the numbers below a power of two, and floats hold them all.
            numbers[i] = (i * 10_368_889 + 7) & 0xFFFFFF;
        }
        return manager.create(numbers, shape());
    }

    /** Whole numbers from 0 to below the bound. */
    NDArray indices(int bound, Shape shape) {
        long[] numbers = new long[Math.toIntExact(shape.size())];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = random.nextInt(bound);
        }
        return manager.create(numbers, shape);
    }

    /** True and false, a matrix. */
    NDArray booleans() {
        boolean[] values = new boolean[size];
        for (int i = 0; i < size; i++) {
            values[i] = random.nextInt() < 0;
        }
        return manager.create(values, shape());
    }

    /** A matrix to multiply, whose sides are the size. */
    NDArray square() {
        return uniform(-1, 1, new Shape(size, size));
    }

    /**
     * Images of all elements together, of at most 128x128: of 64 channels if there are a million
     * elements, of 16 from 4,096 up, else of one.
     */
    NDArray images() {
        int channels = size >= 1 << 20 ? 64 : size >= 1 << 12 ? 16 : 1;
        int side = 128;
        while (side > 1 && size % ((long) channels * side * side) != 0) {
            side /= 2;
        }
        int batch = size / (channels * side * side);
        return uniform(-1, 1, new Shape(batch, channels, side, side));
    }
}
