package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.index.dim.NDIndexAll;
import ai.djl.ndarray.index.dim.NDIndexBooleans;
import ai.djl.ndarray.index.dim.NDIndexElement;
import ai.djl.ndarray.index.dim.NDIndexFixed;
import ai.djl.ndarray.index.dim.NDIndexNull;
import ai.djl.ndarray.index.dim.NDIndexSlice;
import ai.djl.ndarray.index.dim.NDIndexTake;
import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/**
 * What an {@link NDIndex} picks from a tensor, with PyTorch's meaning. Numbers, slices, ellipsis
 * and new axes give a view. Index arrays are broadcast against each other and pick element by
 * element; their axes take the place of the indexed ones if those are neighbours, else they come
 * first; one without dimensions is as good as its number. A boolean array is as good as the index
 * arrays of its true places.
 */
final class Selection {

    private final Operation operation;
    private final Tensor view;
    private final boolean reversed;
    private final int axis;
    private final int indexed;
    private final Tensor index;
    private final long[] indexShape;

    private Selection(
            Operation operation,
            Tensor view,
            boolean reversed,
            int axis,
            int indexed,
            Tensor index,
            long[] indexShape) {
        this.operation = operation;
        this.view = view;
        this.reversed = reversed;
        this.axis = axis;
        this.indexed = indexed;
        this.index = index;
        this.indexShape = indexShape;
    }

    /** Works out what an index picks from a tensor. */
    static Selection of(Operation operation, Tensor tensor, NDIndex index) {
        return of(operation, tensor, index.getIndices(), index.getEllipsisIndex());
    }

    /**
     * Works out what the elements of an index pick from a tensor.
     *
     * @param ellipsis the element before which an ellipsis stands, or -1
     */
    static Selection of(
            Operation operation, Tensor tensor, List<NDIndexElement> elements, int ellipsis) {
        int rank = tensor.layout().rank();
        int named = width(elements);
        if (named > rank) {
            throw new IllegalArgumentException(
                    "An index over "
                            + named
                            + " axes does not fit an NDArray of shape "
                            + Arrays.toString(tensor.layout().shape())
                            + ".");
        }
        Layout layout = tensor.layout();
        Tensor[] indices = new Tensor[rank + elements.size()];
        int axis = 0;
        boolean reversed = false;
        for (int i = 0; i < elements.size(); i++) {
            if (i == ellipsis) {
                axis += rank - named;
            }
            NDIndexElement element = elements.get(i);
            if (element instanceof NDIndexAll) {
                axis++;
            } else if (element instanceof NDIndexFixed) {
                long at = ((NDIndexFixed) element).getIndex();
                layout = layout.select(axis, position(at, layout.size(axis), axis));
            } else if (element instanceof NDIndexSlice) {
                NDIndexSlice slice = (NDIndexSlice) element;
                reversed |= slice.getStep() != null && slice.getStep() < 0;
                layout = slice(layout, axis++, slice);
            } else if (element instanceof NDIndexNull) {
                layout = layout.insertAxis(axis++);
            } else if (element instanceof NDIndexTake) {
                Tensor at = operation.read(((NDIndexTake) element).getIndex(), DataType.INT64);
                if (at.layout().rank() == 0) {
                    long number = HostElements.longs(operation, at)[0];
                    layout = layout.select(axis, position(number, layout.size(axis), axis));
                } else {
                    indices[axis++] = at;
                }
            } else if (element instanceof NDIndexBooleans) {
                NDArray mask = ((NDIndexBooleans) element).getIndex();
                axis = mask(operation, operation.read(mask), layout, axis, indices);
            } else {
                throw new IllegalArgumentException(
                        "An index cannot have "
                                + element.getClass().getSimpleName()
                                + " beside other elements.");
            }
        }
        Tensor view = tensor.with(layout);
        return advanced(operation, view, reversed, indices);
    }

    /** Picks by index arrays of the first axes: result[…] = tensor[first[…], second[…], …]. */
    static Selection at(Operation operation, Tensor tensor, Tensor[] leading) {
        Tensor[] indices = Arrays.copyOf(leading, tensor.layout().rank());
        return advanced(operation, tensor, false, indices);
    }

    private static Selection advanced(
            Operation operation, Tensor view, boolean reversed, Tensor[] indices) {
        Layout layout = view.layout();
        int[] order = new int[layout.rank()];
        int count = 0;
        int last = -1;
        boolean neighbours = true;
        for (int i = 0; i < layout.rank(); i++) {
            if (indices[i] != null) {
                neighbours &= last < 0 || last == i - 1;
                last = i;
                order[count++] = i;
            }
        }
        if (count == 0) {
            return new Selection(operation, view, reversed, 0, 0, null, null);
        }
        int first = order[0];
        if (!neighbours) {
            int next = count;
            for (int i = 0; i < layout.rank(); i++) {
                if (indices[i] == null) {
                    order[next++] = i;
                }
            }
            layout = layout.permute(order);
        }
        Tensor[] used = new Tensor[count];
        for (int i = 0; i < count; i++) {
            used[i] = indices[neighbours ? first + i : order[i]];
        }
        int axis = neighbours ? first : 0;
        Layout common = used[0].layout();
        for (int i = 1; i < count; i++) {
            common = Layout.contiguous(Layout.broadcast(common, used[i].layout()));
        }
        long[] shape = common.shape();
        Tensor index =
                count == 1
                        ? operation.reshape(used[0], used[0].layout().count())
                        : combine(operation, used, shape, layout, axis);
        return new Selection(operation, view.with(layout), reversed, axis, count, index, shape);
    }

    /** Returns the index into the axes taken as one that several indices amount to. */
    private static Tensor combine(
            Operation operation, Tensor[] indices, long[] shape, Layout layout, int axis) {
        long[] sum = new long[Math.toIntExact(Layout.contiguous(shape).count())];
        for (int i = 0; i < indices.length; i++) {
            long length = layout.size(axis + i);
            long[] values =
                    HostElements.longs(operation, ArrayArithmetic.stretch(indices[i], shape));
            for (int j = 0; j < sum.length; j++) {
                sum[j] = sum[j] * length + position(values[j], length, axis + i);
            }
        }
        return HostElements.tensor(operation, sum);
    }

    /** Returns how many axes elements of an index stand for. */
    static int width(List<NDIndexElement> elements) {
        int width = 0;
        for (NDIndexElement element : elements) {
            width += width(element);
        }
        return width;
    }

    private static int width(NDIndexElement element) {
        if (element instanceof NDIndexNull) {
            return 0;
        }
        if (element instanceof NDIndexBooleans) {
            return ((NDIndexBooleans) element).getIndex().getShape().dimension();
        }
        return 1;
    }

    private static Layout slice(Layout layout, int axis, NDIndexSlice slice) {
        long n = layout.size(axis);
        long step = slice.getStep() == null ? 1 : slice.getStep();
        if (step == 0) {
            throw new IllegalArgumentException("A slice cannot have step 0.");
        }
        if (step > 0) {
            long from = slice.getMin() == null ? 0 : clamp(slice.getMin(), n, 0, n);
            long to = slice.getMax() == null ? n : clamp(slice.getMax(), n, 0, n);
            return layout.slice(axis, from, Math.max(0, (to - from + step - 1) / step), step);
        }
        long from = slice.getMin() == null ? n - 1 : clamp(slice.getMin(), n, -1, n - 1);
        long to = slice.getMax() == null ? -1 : clamp(slice.getMax(), n, -1, n - 1);
        return layout.slice(axis, from, Math.max(0, (to - from + step + 1) / step), step);
    }

    private static long clamp(long at, long n, long low, long high) {
        return Math.max(low, Math.min(high, at < 0 ? at + n : at));
    }

    /** Returns a position counted from 0, where a negative one counts from the end. */
    static long position(long index, long length, int axis) {
        if (index < -length || index >= length) {
            throw new IndexOutOfBoundsException(
                    "Index " + index + " is outside axis " + axis + " of length " + length + ".");
        }
        return index < 0 ? index + length : index;
    }

    /** Puts a mask's index arrays at the axes that it covers; returns the axis behind them. */
    private static int mask(
            Operation operation, Tensor mask, Layout layout, int axis, Tensor[] indices) {
        long[] shape = mask.layout().shape();
        for (int i = 0; i < shape.length; i++) {
            if (layout.size(axis + i) != shape[i]) {
                throw new IllegalArgumentException(
                        "A boolean index of shape "
                                + Arrays.toString(shape)
                                + " does not fit axis "
                                + (axis + i)
                                + " of length "
                                + layout.size(axis + i)
                                + ".");
            }
        }
        long[] found = HostElements.positions(operation, mask);
        for (int i = shape.length - 1; i >= 0; i--) {
            long[] along = new long[found.length];
            for (int j = 0; j < found.length; j++) {
                along[j] = found[j] % shape[i];
                found[j] /= shape[i];
            }
            indices[axis + i] = HostElements.tensor(operation, along);
        }
        return axis + shape.length;
    }

    /** Picks whole slices along an axis, at the places of an index with one axis. */
    static Tensor gather(Operation operation, Tensor in, int axis, Tensor index) {
        long[] shape = in.layout().shape();
        shape[axis] = index.layout().count();
        Tensor out = operation.create(shape, in.dataType());
        if (out.layout().count() > 0) {
            operation.backend.gather(in, axis, whole(index, axis, shape), out);
        }
        return out;
    }

    /** Returns an index with one axis stretched, by stride 0, over all other axes of a shape. */
    private static Tensor whole(Tensor index, int axis, long[] shape) {
        long[] strides = new long[shape.length];
        strides[axis] = index.layout().stride(0);
        return index.with(new Layout(shape.clone(), strides, index.layout().offset()));
    }

    /** Returns the picked elements as a view, or null if index arrays pick them. */
    Tensor view() {
        return index == null ? view : null;
    }

    /** Returns the picked elements: a view unless there are index arrays or negative steps. */
    Tensor get() {
        if (index == null) {
            return reversed ? operation.copy(view, view.dataType()) : view;
        }
        Tensor out = gather(operation, operation.reshape(view, merged()), axis, index);
        return out.with(out.layout().reshape(selected()));
    }

    /** Writes one number to all picked elements. */
    void fill(Number value) {
        if (index == null) {
            ArrayTransfers.writable(view, "set");
            if (view.layout().count() > 0) {
                operation.backend.fill(view, Scalar.of(value));
            }
            return;
        }
        Tensor number = operation.create(new long[0], view.dataType());
        operation.backend.fill(number, Scalar.of(value));
        put(number);
    }

    /** Writes values, broadcast, to the picked elements. */
    void set(Tensor values) {
        Tensor source = operation.cast(values, view.dataType());
        if (source.storage() == view.storage()) {
            source = operation.copy(source, source.dataType());
        }
        put(source);
    }

    private void put(Tensor source) {
        ArrayTransfers.writable(view, "set");
        long[] shape = index == null ? view.layout().shape() : selected();
        while (source.layout().rank() > shape.length && source.layout().size(0) == 1) {
            source = source.with(source.layout().dropAxis(0));
        }
        source = ArrayArithmetic.stretch(source, shape);
        if (source.layout().count() == 0) {
            return;
        }
        if (index == null) {
            operation.backend.copy(source, view);
            return;
        }
        long[] merged = merged();
        Layout target = view.layout().reshape(merged);
        Tensor out = target == null ? operation.reshape(view, merged) : view.with(target);
        merged[axis] = index.layout().count();
        Tensor rows = operation.reshape(source, merged);
        operation.backend.scatter(false, rows, axis, whole(index, axis, merged), out);
        if (target == null) {
            operation.backend.copy(out.with(out.layout().reshape(view.layout().shape())), view);
        }
    }

    /** The view's shape with the indexed axes taken as one. */
    private long[] merged() {
        return replaced(1, product(view.layout().shape(), axis, indexed));
    }

    /** The shape of what is picked. */
    private long[] selected() {
        return replaced(indexShape.length, indexShape);
    }

    private long[] replaced(int count, long... by) {
        long[] shape = view.layout().shape();
        long[] result = new long[shape.length - indexed + count];
        System.arraycopy(shape, 0, result, 0, axis);
        System.arraycopy(by, 0, result, axis, count);
        int behind = axis + indexed;
        System.arraycopy(shape, behind, result, axis + count, shape.length - behind);
        return result;
    }

    private static long product(long[] shape, int from, int count) {
        long product = 1;
        for (int i = from; i < from + count; i++) {
            product *= shape[i];
        }
        return product;
    }
}
