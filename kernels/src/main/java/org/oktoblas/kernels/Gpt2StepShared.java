package org.oktoblas.kernels;

import java.util.function.ToIntFunction;

/**
 * The dynamic shared memory of a step's block: {@code StepShared} of {@code columns.cuh}, or {@code
 * SingleShared} of {@code duties.cuh}, then the layers' table, and the activations of all columns.
 *
 * @param activationsAt where activations begin
 * @param vectorsAt where a step of one column has the parameters of a norm, and the residual
 * @param bytes all of it
 */
record Gpt2StepShared(int activationsAt, int vectorsAt, int bytes) {

    private static final int COLUMNS_OF_GROUP = 8;

    private static final int ALIGNMENT = 128;

    /** Of a step of one column: gains, shifts, biases, and the residual. */
    private static final int VECTORS = 4;

    /**
     * Lays it out for a step of one column, which has {@code SingleShared}.
     *
     * @param constants the kernel's constants by their names
     * @param slots of a warp's ring of weights
     */
    static Gpt2StepShared single(ToIntFunction<String> constants, Gpt2Shape shape, int slots) {
        int more =
                constants.applyAsInt("singleBytes")
                        + slots * constants.applyAsInt("singleSlotBytes");
        int activationsAt = activationsAt(constants, shape, 1, slots, more);
        int vectorsAt =
                Gpt2Shape.roundUp(
                        activationsAt + row(constants, shape) + constants.applyAsInt("heldBytes"),
                        ALIGNMENT);
        return new Gpt2StepShared(
                activationsAt, vectorsAt, vectorsAt + VECTORS * shape.hidden() * Float.BYTES);
    }

    /**
     * Lays it out.
     *
     * @param constants the kernel's constants by their names
     * @param groups of eight columns that the kernel takes
     * @param slots of a warp's ring of weights
     */
    static Gpt2StepShared of(
            ToIntFunction<String> constants, Gpt2Shape shape, int groups, int slots) {
        int activationsAt = activationsAt(constants, shape, groups, slots, 0);
        int end = activationsAt + COLUMNS_OF_GROUP * groups * row(constants, shape);
        return new Gpt2StepShared(activationsAt, end, end);
    }

    private static int activationsAt(
            ToIntFunction<String> constants, Gpt2Shape shape, int groups, int slots, int more) {
        int fixed =
                constants.applyAsInt("sharedBytes")
                        + groups * constants.applyAsInt("sharedGroupBytes")
                        + slots * constants.applyAsInt("sharedSlotBytes")
                        + more
                        + shape.layers() * constants.applyAsInt("layerBytes");
        return Gpt2Shape.roundUp(fixed, ALIGNMENT);
    }

    /** Returns the bytes of the longest row that a column has in a step. */
    private static int row(ToIntFunction<String> constants, Gpt2Shape shape) {
        int merge = Gpt2Shape.up(shape.attentionTiles(), shape.mergeSlices());
        int down = Gpt2Shape.up(shape.innerTiles(), shape.downSlices());
        int tiles = Math.max(shape.hiddenTiles(), Math.max(merge, down));
        return rowBytes(constants, tiles);
    }

    /** Returns the bytes of a column's row: {@code row_bytes}. */
    private static int rowBytes(ToIntFunction<String> constants, int tiles) {
        return Gpt2Shape.roundUp(
                        tiles * constants.applyAsInt("tileBytes"), constants.applyAsInt("rowUnit"))
                + constants.applyAsInt("rowPadding");
    }
}
