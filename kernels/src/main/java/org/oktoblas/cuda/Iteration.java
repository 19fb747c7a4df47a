package org.oktoblas.cuda;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How a kernel walks over several tensors of one shape: axes of length 1 dropped, axes ordered as
 * they lie in the first tensor's memory, and merged where all tensors lie without gaps. Elements
 * are counted in 32 bits on the device, so larger walks come in pieces.
 *
 * <p>{@link #write} gives a kernel the struct {@code Indexer<N>} of {@code common/index.cuh}.
 */
public final class Iteration {

    /** The axes that a kernel can tell apart: {@code kMaxRank}. */
    static final int MAX_RANK = 8;

    private static final long MOST = Integer.MAX_VALUE;

    private final int[] sizes;
    private final long[][] strides;
    private final long[] offsets;

    private Iteration(int[] sizes, long[][] strides, long[] offsets) {
        this.sizes = sizes;
        this.strides = strides;
        this.offsets = offsets;
    }

    /**
     * Plans a walk in whatever order suits the first tensor's memory.
     *
     * @param shape the shape of all tensors; a walk over no elements has no pieces
     * @param strides each tensor's strides, the output's first
     */
    public static List<Iteration> of(long[] shape, long[]... strides) {
        return of(true, shape, strides);
    }

    /** Plans a walk in row-major order, in which element i is the i-th of its piece. */
    public static List<Iteration> inOrder(long[] shape, long[]... strides) {
        return of(false, shape, strides);
    }

    private static List<Iteration> of(boolean reorder, long[] shape, long[][] strides) {
        int[] axes = new int[shape.length];
        int kept = 0;
        for (int i = 0; i < shape.length; i++) {
            if (shape[i] == 0) {
                return List.of();
            }
            if (shape[i] != 1) {
                axes[kept++] = i;
            }
        }
        if (reorder) {
            sort(axes, kept, strides);
        }
        int operands = strides.length;
        long[] sizes = new long[kept];
        long[][] steps = new long[operands][kept];
        int rank = 0;
        for (int i = 0; i < kept; i++) {
            int axis = axes[i];
            boolean merges = rank > 0;
            for (int t = 0; t < operands && merges; t++) {
                merges = steps[t][rank - 1] == strides[t][axis] * shape[axis];
            }
            int at = merges ? rank - 1 : rank++;
            sizes[at] = merges ? sizes[at] * shape[axis] : shape[axis];
            for (int t = 0; t < operands; t++) {
                steps[t][at] = strides[t][axis];
            }
        }
        sizes = Arrays.copyOf(sizes, rank);
        for (int t = 0; t < operands; t++) {
            steps[t] = Arrays.copyOf(steps[t], rank);
        }
        List<Iteration> pieces = new ArrayList<>(1);
        split(sizes, steps, new long[operands], pieces);
        return pieces;
    }

    /** Sorts axes by falling strides; those that are alike keep their order. */
    private static void sort(int[] axes, int count, long[][] strides) {
        for (int i = 1; i < count; i++) {
            int axis = axes[i];
            long key = key(strides, axis);
            int at = i;
            while (at > 0 && key(strides, axes[at - 1]) < key) {
                axes[at] = axes[at - 1];
                at--;
            }
            axes[at] = axis;
        }
    }

    private static long key(long[][] strides, int axis) {
        for (long[] operand : strides) {
            if (operand[axis] != 0) {
                return Math.abs(operand[axis]);
            }
        }
        return 0;
    }

    private static void split(
            long[] sizes, long[][] strides, long[] offsets, List<Iteration> pieces) {
        long count = 1;
        for (long size : sizes) {
            count = size > MOST / count ? MOST + 1 : count * size;
        }
        if (count <= MOST && sizes.length <= MAX_RANK) {
            int[] narrow = new int[sizes.length];
            for (int i = 0; i < narrow.length; i++) {
                narrow[i] = (int) sizes[i];
            }
            pieces.add(new Iteration(narrow, strides, offsets));
            return;
        }
        if (sizes.length <= MAX_RANK && sizes[0] > 1) {
            long half = sizes[0] / 2;
            // Pieces of one axis begin at multiples that keep vectors aligned.
            half = sizes.length == 1 ? Math.max(1, half & -64) : half;
            long[] first = sizes.clone();
            long[] second = sizes.clone();
            first[0] = half;
            second[0] = sizes[0] - half;
            split(first, strides, offsets, pieces);
            split(second, strides, moved(strides, offsets, half), pieces);
            return;
        }
        long[] inner = Arrays.copyOfRange(sizes, 1, sizes.length);
        long[][] steps = new long[strides.length][];
        for (int t = 0; t < steps.length; t++) {
            steps[t] = Arrays.copyOfRange(strides[t], 1, sizes.length);
        }
        for (long i = 0; i < sizes[0]; i++) {
            split(inner, steps, moved(strides, offsets, i), pieces);
        }
    }

    private static long[] moved(long[][] strides, long[] offsets, long index) {
        long[] result = offsets.clone();
        for (int t = 0; t < result.length; t++) {
            result[t] += strides[t][0] * index;
        }
        return result;
    }

    /** Returns the number of elements, at most 2^31 - 1. */
    public int count() {
        int count = 1;
        for (int size : sizes) {
            count *= size;
        }
        return count;
    }

    /** Returns the number of axes left. */
    public int rank() {
        return sizes.length;
    }

    /** Returns the length of an axis. */
    public int size(int axis) {
        return sizes[axis];
    }

    /** Returns a tensor's stride along an axis, in elements. */
    public long stride(int tensor, int axis) {
        return strides[tensor][axis];
    }

    /** Returns a tensor's stride along the last axis; 0 for a walk over a single element. */
    public long innerStride(int tensor) {
        return sizes.length == 0 ? 0 : strides[tensor][sizes.length - 1];
    }

    /** Returns where this piece begins in a tensor, in elements. */
    public long offset(int tensor) {
        return offsets[tensor];
    }

    /**
     * Returns how many neighbours along the last axis can be read and written at once: a power of
     * two up to {@code widest} such that the axis is a multiple of it, every tensor lies there
     * without gaps or repeats one element, and every group is aligned to its own size.
     *
     * @param tensors the tensors in the order of their strides
     */
    public int vector(int widest, DeviceTensor... tensors) {
        if (sizes.length == 0) {
            return 1;
        }
        int last = sizes.length - 1;
        int width = widest;
        while (width > 1 && !fits(width, last, tensors)) {
            width /= 2;
        }
        return width;
    }

    private boolean fits(int width, int last, DeviceTensor[] tensors) {
        if (sizes[last] % width != 0) {
            return false;
        }
        for (int t = 0; t < tensors.length; t++) {
            long inner = strides[t][last];
            if (inner == 0) {
                continue;
            }
            int bytes = tensors[t].type().bytes();
            boolean aligned =
                    inner == 1
                            && (tensors[t].address() + offsets[t] * bytes) % ((long) width * bytes)
                                    == 0;
            for (int i = 0; i < last && aligned; i++) {
                aligned = strides[t][i] % width == 0;
            }
            if (!aligned) {
                return false;
            }
        }
        return true;
    }

    /** Returns this walk in steps of so many neighbours along the last axis. */
    public Iteration vectorized(int width) {
        if (width == 1) {
            return this;
        }
        int last = sizes.length - 1;
        int[] fewer = sizes.clone();
        fewer[last] /= width;
        long[][] wider = new long[strides.length][];
        for (int t = 0; t < strides.length; t++) {
            wider[t] = strides[t].clone();
            wider[t][last] *= width;
        }
        return new Iteration(fewer, wider, offsets);
    }

    /** Writes the struct {@code Indexer<N>}, N being the number of tensors. */
    public Arguments write(Arguments arguments) {
        arguments.int32(sizes.length).int32(count());
        for (int i = 0; i < MAX_RANK; i++) {
            int size = i < sizes.length ? sizes[i] : 1;
            int shift = 32 - Integer.numberOfLeadingZeros(size - 1);
            long multiplier = ((1L << shift) - size << 32) / size + 1;
            arguments.int32(size).int32((int) multiplier).int32(shift);
        }
        for (long[] tensor : strides) {
            for (int i = 0; i < MAX_RANK; i++) {
                arguments.int64(i < tensor.length ? tensor[i] : 0);
            }
        }
        return arguments;
    }

    /**
     * Writes the struct {@code Indexer<N>} of a walk along dense tensors of one shape.
     *
     * @param tensors how many tensors there are
     * @param count how many steps the walk has
     * @param step the elements from one step to the next
     */
    public static Arguments writeDense(Arguments arguments, int tensors, int count, int step) {
        arguments.int32(1).int32(count);
        // With one axis, indices are never divided.
        for (int i = 0; i < 3 * MAX_RANK; i++) {
            arguments.int32(0);
        }
        for (int t = 0; t < tensors; t++) {
            arguments.int64(step);
            for (int i = 1; i < MAX_RANK; i++) {
                arguments.int64(0);
            }
        }
        return arguments;
    }
}
