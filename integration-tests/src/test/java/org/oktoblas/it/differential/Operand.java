package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * One array that an operation is called with, made in the same way on every engine, through what
 * DJL offers to everybody.
 */
record Operand(DataType type, Shape shape, Layout layout, Values values, int seed) {

    /** How an operand lies in memory: by itself, or as a view of a base. */
    enum Layout {
        CONTIGUOUS,
        TRANSPOSED,
        SLICED,
        BROADCAST
    }

    /** An operand on an engine, and the array that it is a view of. */
    record Made(NDArray base, NDArray array) {}

    int rank() {
        return shape.dimension();
    }

    boolean isEmpty() {
        return shape.size() == 0;
    }

    Made on(NDManager manager) {
        Random random = new Random(seed);
        switch (layout) {
            case TRANSPOSED:
                return transposed(manager, random);
            case SLICED:
                return sliced(manager, random);
            case BROADCAST:
                return broadcast(manager, random);
            default:
                NDArray array = create(manager, shape.getShape());
                return new Made(array, array);
        }
    }

    private NDArray create(NDManager manager, long... base) {
        Shape all = new Shape(base);
        return manager.create(values.bytes(seed, type, (int) all.size()), all, type);
    }

    private Made transposed(NDManager manager, Random random) {
        List<Integer> axes = new ArrayList<>();
        for (int i = 0; i < rank(); i++) {
            axes.add(i);
        }
        Collections.shuffle(axes, random);
        long[] stored = new long[rank()];
        int[] order = new int[rank()];
        for (int i = 0; i < order.length; i++) {
            order[i] = axes.get(i);
            stored[order[i]] = shape.get(i);
        }
        NDArray base = create(manager, stored);
        return new Made(base, base.transpose(order));
    }

    private Made sliced(NDManager manager, Random random) {
        if (rank() == 0) {
            NDArray base = create(manager, 5);
            return new Made(base, base.get(random.nextInt(5)));
        }
        long[] stored = new long[rank()];
        NDIndex index = new NDIndex();
        for (int i = 0; i < stored.length; i++) {
            long start = random.nextInt(3);
            long step = 1 + random.nextInt(3);
            long stop = start + shape.get(i) * step;
            stored[i] = stop + random.nextInt(2);
            index.addSliceDim(start, stop, step);
        }
        NDArray base = create(manager, stored);
        return new Made(base, base.get(index));
    }

    private Made broadcast(NDManager manager, Random random) {
        int dropped = rank() == 0 ? 0 : random.nextInt(rank());
        long[] stored = new long[rank() - dropped];
        for (int i = 0; i < stored.length; i++) {
            stored[i] = random.nextBoolean() ? 1 : shape.get(dropped + i);
        }
        NDArray base = create(manager, stored);
        return new Made(base, base.broadcast(shape));
    }

    @Override
    public String toString() {
        String lies = layout == Layout.CONTIGUOUS ? "" : layout.name().toLowerCase() + " ";
        return type + " " + shape + " " + lies + "of " + values + " values, seed " + seed;
    }
}
