package org.oktoblas.engine;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/**
 * Operations that rearrange elements. As in PyTorch, reshape, transpose, squeeze, split, broadcast
 * and their like give views that share memory with this array where strides can express them.
 */
abstract class ArrayShapes extends ArrayOrdering {

    ArrayShapes(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    @Override
    public OktoNDArray reshape(Shape shape) {
        return reshape(shape.getShape());
    }

    /** Reshapes; one length may be -1, to be worked out from the number of elements. */
    @Override
    public OktoNDArray reshape(long... newShape) {
        Layout layout = layout();
        long[] shape = resolve(newShape, layout.count());
        Layout view = layout.reshape(shape);
        if (view != null) {
            return view(view);
        }
        try (Operation operation = operation()) {
            return operation.result(operation.reshape(operation.read(this), shape));
        }
    }

    private long[] resolve(long[] wanted, long count) {
        int unknown = -1;
        long known = 1;
        for (int i = 0; i < wanted.length; i++) {
            if (wanted[i] == -1 && unknown < 0) {
                unknown = i;
            } else if (wanted[i] < 0) {
                throw new IllegalArgumentException(
                        "reshape to "
                                + Arrays.toString(wanted)
                                + ": lengths are not negative, but for a single -1.");
            } else {
                known *= wanted[i];
            }
        }
        if (unknown < 0) {
            return wanted;
        }
        if (known == 0 || count % known != 0) {
            throw new IllegalArgumentException(
                    "reshape of "
                            + getShape()
                            + " to "
                            + Arrays.toString(wanted)
                            + ": there is no length for -1 that keeps the number of elements.");
        }
        long[] shape = wanted.clone();
        shape[unknown] = count / known;
        return shape;
    }

    @Override
    public OktoNDArray flatten() {
        return reshape(-1);
    }

    @Override
    public OktoNDArray flatten(int startDim, int endDim) {
        long[] shape = layout().shape();
        int first = axis(startDim);
        int last = axis(endDim);
        if (shape.length == 0) {
            return reshape(1);
        }
        if (first > last) {
            throw new IllegalArgumentException(
                    "flatten from axis " + startDim + " to " + endDim + ": start comes after end.");
        }
        long[] flat = new long[shape.length - (last - first)];
        System.arraycopy(shape, 0, flat, 0, first);
        flat[first] = 1;
        for (int i = first; i <= last; i++) {
            flat[first] *= shape[i];
        }
        System.arraycopy(shape, last + 1, flat, first + 1, shape.length - last - 1);
        return reshape(flat);
    }

    @Override
    public OktoNDArray expandDims(int axis) {
        return view(layout().insertAxis(axis(axis, rank() + 1)));
    }

    /** Drops all axes of length 1. */
    @Override
    public OktoNDArray squeeze() {
        Layout layout = layout();
        for (int i = layout.rank() - 1; i >= 0; i--) {
            if (layout.size(i) == 1) {
                layout = layout.dropAxis(i);
            }
        }
        return view(layout);
    }

    /** Drops one axis if its length is 1. */
    @Override
    public OktoNDArray squeeze(int axis) {
        Layout layout = layout();
        int along = axis(axis);
        boolean drop = layout.rank() > 0 && layout.size(along) == 1;
        return view(drop ? layout.dropAxis(along) : layout);
    }

    @Override
    public OktoNDArray squeeze(int[] axes) {
        Layout layout = layout();
        boolean[] drop = new boolean[Math.max(1, layout.rank())];
        for (int axis : axes) {
            int along = axis(axis);
            if (layout.rank() > 0 && layout.size(along) != 1) {
                throw new IllegalArgumentException(
                        "squeeze of axis "
                                + axis
                                + " of shape "
                                + getShape()
                                + ": its length is not 1.");
            }
            drop[along] = true;
        }
        for (int i = layout.rank() - 1; i >= 0; i--) {
            if (drop[i]) {
                layout = layout.dropAxis(i);
            }
        }
        return view(layout);
    }

    @Override
    public OktoNDArray transpose() {
        int rank = rank();
        int[] order = new int[rank];
        for (int i = 0; i < rank; i++) {
            order[i] = rank - 1 - i;
        }
        return view(layout().permute(order));
    }

    @Override
    public OktoNDArray transpose(int... axes) {
        int rank = rank();
        int[] order = new int[rank];
        boolean[] seen = new boolean[rank];
        boolean valid = axes.length == rank;
        for (int i = 0; valid && i < rank; i++) {
            order[i] = axis(axes[i]);
            valid = !seen[order[i]];
            seen[order[i]] = true;
        }
        if (!valid) {
            throw new IllegalArgumentException(
                    "transpose of shape "
                            + getShape()
                            + " by "
                            + Arrays.toString(axes)
                            + ": name each axis once.");
        }
        return view(layout().permute(order));
    }

    @Override
    public OktoNDArray swapAxes(int axis1, int axis2) {
        int first = axis(axis1);
        int second = axis(axis2);
        return view(rank() == 0 ? layout() : layout().swap(first, second));
    }

    @Override
    public OktoNDArray broadcast(Shape shape) {
        return broadcast(shape.getShape());
    }

    /** Returns a view that repeats axes of length 1; -1 keeps an axis as it is. */
    @Override
    public OktoNDArray broadcast(long... shape) {
        Layout layout = layout();
        long[] target = shape.clone();
        int added = target.length - layout.rank();
        for (int i = Math.max(0, added); i < target.length; i++) {
            if (target[i] == -1) {
                target[i] = layout.size(i - added);
            }
        }
        return view(layout.broadcastTo(target));
    }

    /** Reverses the order along axes, in a copy. */
    @Override
    public OktoNDArray flip(int... axes) {
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            Layout layout = in.layout();
            for (int axis : axes) {
                int along = axis(axis);
                if (layout.count() > 0 && layout.rank() > 0) {
                    layout = layout.reverse(along);
                }
            }
            return operation.result(operation.copy(in.with(layout), in.dataType()));
        }
    }

    @Override
    public NDList split(long sections, int axis) {
        int along = axis(axis);
        long n = isScalar() ? 0 : layout().size(along);
        if (sections < 1 || n % sections != 0) {
            throw new IllegalArgumentException(
                    "split of axis "
                            + axis
                            + " of shape "
                            + getShape()
                            + " into "
                            + sections
                            + " parts: they would not be equal.");
        }
        long length = n / sections;
        NDList parts = new NDList((int) sections);
        for (long i = 0; i < sections; i++) {
            parts.add(view(layout().slice(along, i * length, length, 1)));
        }
        return parts;
    }

    /** Splits along an axis before each of the given indices. */
    @Override
    public NDList split(long[] indices, int axis) {
        if (indices.length == 0) {
            return new NDList(this);
        }
        int along = axis(axis);
        long n = layout().size(along);
        NDList parts = new NDList(indices.length + 1);
        long start = 0;
        for (int i = 0; i <= indices.length; i++) {
            long end = i < indices.length ? indices[i] : n;
            if (end < start || end > n) {
                throw new IllegalArgumentException(
                        "split of axis "
                                + axis
                                + " of shape "
                                + getShape()
                                + " at "
                                + Arrays.toString(indices)
                                + ": indices must grow and stay inside the axis.");
            }
            parts.add(view(layout().slice(along, start, end - start, 1)));
            start = end;
        }
        return parts;
    }
}
