package org.oktoblas.kernels;

import java.util.List;
import org.oktoblas.cuda.Iteration;

/**
 * A copy, output first, as one of matrices whose rows are contiguous in the input and whose columns
 * are contiguous in the output.
 *
 * @param rows the length of the axis along which the output is contiguous
 * @param columns the length of the axis along which the input is contiguous
 * @param inStride the input's stride from row to row
 * @param outStride the output's stride from column to column
 * @param matrices the walk over the other axes
 */
record Transposition(
        int rows, int columns, long inStride, long outStride, List<Iteration> matrices) {

    /** Shorter axes would leave most of a tile empty, while the caches serve plain copies well. */
    private static final int SHORTEST = 16;

    /**
     * Returns the axis along which a walk's input is contiguous, if the copy gains by tiles; -1
     * otherwise.
     */
    static int axis(Iteration walk) {
        int last = walk.rank() - 1;
        long inner = walk.stride(1, last);
        if (walk.stride(0, last) != 1 || inner == 1 || inner == 0 || walk.size(last) < SHORTEST) {
            return -1;
        }
        for (int axis = 0; axis < last; axis++) {
            if (walk.stride(1, axis) == 1 && walk.size(axis) >= SHORTEST) {
                return axis;
            }
        }
        return -1;
    }

    /** Describes a walk whose input is contiguous along an axis. */
    static Transposition of(Iteration walk, int axis) {
        int last = walk.rank() - 1;
        long[] shape = new long[last - 1];
        long[] out = new long[last - 1];
        long[] in = new long[last - 1];
        int other = 0;
        for (int i = 0; i < last; i++) {
            if (i != axis) {
                shape[other] = walk.size(i);
                out[other] = walk.stride(0, i);
                in[other] = walk.stride(1, i);
                other++;
            }
        }
        return new Transposition(
                walk.size(last),
                walk.size(axis),
                walk.stride(1, last),
                walk.stride(0, axis),
                Iteration.inOrder(shape, out, in));
    }

    /** Returns how many tiles of so many rows and columns cover a matrix. */
    int tiles(int tile) {
        return (int) ((rows + tile - 1L) / tile * ((columns + tile - 1L) / tile));
    }
}
