package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/**
 * Gather and scatter. Where the index does not vary along the last axis, as in an embedding, whole
 * rows are moved at once.
 */
final class Indexing<A> {

    private static final long GRAIN = 1 << 15;

    private final Arithmetic<A> kind;

    /** The array that is indexed. */
    private final Elements<A, ?> elements;

    /** Its layout with the index's shape; the stride of the indexed axis is 0. */
    private final Layout bases;

    private final int axis;
    private final long size;
    private final long stride;

    /** The elements that one index moves, and how far apart they are. */
    private final int run;

    private final long runStride;

    private final View<long[]> indices;

    private Indexing(Arithmetic<A> kind, Tensor indexed, int axis, Tensor index) {
        this.kind = kind;
        this.axis = axis;
        elements = kind.elements((CpuStorage) indexed.storage(), indexed.dataType());
        size = indexed.layout().size(axis);
        stride = indexed.layout().stride(axis);
        long[] strides = indexed.layout().strides();
        strides[axis] = 0;
        Layout places = index.layout();
        Layout based = new Layout(places.shape(), strides, indexed.layout().offset());
        int last = places.rank() - 1;
        boolean rows =
                last != axis
                        && places.stride(last) == 0
                        && places.size(last) > 1
                        && places.size(last) <= 1 << 20;
        run = rows ? (int) places.size(last) : 1;
        runStride = rows ? strides[last] : 1;
        bases = rows ? Axes.without(based, last) : based;
        indices =
                LongArithmetic.INSTANCE.view(
                        index.with(rows ? Axes.without(places, last) : places));
    }

    static <A> void gather(Arithmetic<A> kind, Tensor in, int axis, Tensor index, Tensor out) {
        if (out.layout().count() == 0) {
            return;
        }
        Indexing<A> indexing = new Indexing<>(kind, in, axis, index);
        View<A> target = kind.view(out);
        int run = indexing.run;
        int step = Math.max(1, Scratch.CHUNK / run);
        Parallel.run(
                indexing.indices.count(),
                Math.max(1, GRAIN / run),
                (start, end) -> {
                    for (long i = start; i < end; i += step) {
                        int n = (int) Math.min(step, end - i);
                        long[] places = indexing.places(i, n);
                        A x = kind.scratch(0, n * run);
                        if (run == 1) {
                            indexing.elements.gather(places, x, n);
                        } else {
                            for (int j = 0; j < n; j++) {
                                indexing.elements.load(
                                        places[j], indexing.runStride, x, j * run, run);
                            }
                        }
                        target.store(i * run, n * run, x);
                    }
                });
    }

    static <A> void scatter(
            Arithmetic<A> kind,
            boolean accumulate,
            Tensor source,
            int axis,
            Tensor index,
            Tensor out) {
        if (source.layout().count() == 0) {
            return;
        }
        Indexing<A> indexing = new Indexing<>(kind, out, axis, index);
        View<A> from = kind.view(source);
        int run = indexing.run;
        int step = Math.max(1, Scratch.CHUNK / run);
        long count = indexing.indices.count();
        // One thread: two sources may name one place, and their order is part of the contract.
        for (long i = 0; i < count; i += step) {
            int n = (int) Math.min(step, count - i);
            long[] places = indexing.places(i, n);
            A x = kind.scratch(0, n * run);
            from.load(i * run, n * run, x);
            if (!accumulate) {
                for (int j = 0; j < n; j++) {
                    indexing.elements.store(places[j], indexing.runStride, x, j * run, run);
                }
                continue;
            }
            A added = kind.scratch(1, run);
            A sum = kind.scratch(2, run);
            for (int j = 0; j < n; j++) {
                System.arraycopy(x, j * run, added, 0, run);
                indexing.elements.load(places[j], indexing.runStride, sum, 0, run);
                kind.binary(BinaryOp.ADD, sum, added, run);
                indexing.elements.store(places[j], indexing.runStride, sum, 0, run);
            }
        }
    }

    /** Returns the element at which each of n runs begins. */
    private long[] places(long start, int n) {
        long[] index = LongArithmetic.INSTANCE.scratch(4, n);
        long[] places = LongArithmetic.INSTANCE.scratch(5, n);
        indices.load(start, n, index);
        Axes.offsets(bases, start, n, places);
        for (int i = 0; i < n; i++) {
            long at = index[i];
            if (at < -size || at >= size) {
                throw new IndexOutOfBoundsException(
                        "Index "
                                + at
                                + " is outside axis "
                                + axis
                                + " of size "
                                + size
                                + (size == 0
                                        ? "."
                                        : " (allowed: " + -size + " to " + (size - 1) + ")."));
            }
            places[i] += (at < 0 ? at + size : at) * stride;
        }
        return places;
    }
}
