package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/** Operations that pick elements by position, and write them there. */
abstract class ArrayIndexing extends ArrayCopies {

    ArrayIndexing(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    /**
     * Returns a view of the part at the given indices of the first axes, or, of an array without
     * dimensions, a copy.
     */
    @Override
    public OktoNDArray get(long... indices) {
        return get(getManager(), indices);
    }

    @Override
    public OktoNDArray get(NDManager manager, long... indices) {
        Layout layout = layout();
        if (indices.length > layout.rank()) {
            throw new IllegalArgumentException(
                    "get with "
                            + indices.length
                            + " indices from an NDArray of shape "
                            + getShape()
                            + ": there are too many.");
        }
        if (layout.rank() == 0) {
            try (Operation operation = new Operation(OktoNDManager.of(manager), this)) {
                return operation.result(operation.copy(operation.read(this), getDataType()));
            }
        }
        for (long index : indices) {
            layout = layout.select(0, Selection.position(index, layout.size(0), 0));
        }
        return view(OktoNDManager.of(manager), layout);
    }

    /**
     * Picks along an axis: out[i0, …, ia, …] = this[i0, …, index[i0, …, ia, …], …].
     *
     * @param index integers, with as many axes as this array and not longer but along the axis
     */
    @Override
    public OktoNDArray gather(NDArray index, int axis) {
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            Tensor positions = operation.read(index, integers(index, "gather"));
            positions = operation.cast(positions, DataType.INT64);
            int along = axis(axis);
            Tensor part = cut(in, positions.layout(), along, "gather");
            Tensor out = operation.create(positions.layout().shape(), in.dataType());
            operation.backend.gather(part, along, positions, out);
            return operation.result(out);
        }
    }

    /** Returns a copy with values written along an axis, where index says. */
    @Override
    public OktoNDArray scatter(NDArray index, NDArray value, int axis) {
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            Tensor positions = operation.read(index, integers(index, "scatter"));
            positions = operation.cast(positions, DataType.INT64);
            int along = axis(axis);
            Tensor values = operation.read(value, in.dataType());
            values = cut(values, positions.layout(), -1, "scatter");
            Tensor out = operation.copy(in, in.dataType());
            Tensor part = cut(out, positions.layout(), along, "scatter");
            operation.backend.scatter(false, values, along, positions, part);
            return operation.result(out);
        }
    }

    /** Returns the part of a tensor that is as long as the index in all axes but one. */
    private static Tensor cut(Tensor tensor, Layout index, int except, String operation) {
        Layout layout = tensor.layout();
        boolean fits = layout.rank() == index.rank();
        for (int i = 0; fits && i < index.rank(); i++) {
            if (i != except && layout.size(i) != index.size(i)) {
                fits = index.size(i) <= layout.size(i);
                layout = layout.slice(i, 0, index.size(i), 1);
            }
        }
        if (!fits) {
            throw new IllegalArgumentException(
                    "NDArray."
                            + operation
                            + " with an index of shape "
                            + Arrays.toString(index.shape())
                            + " and an array of shape "
                            + Arrays.toString(tensor.layout().shape())
                            + ": the index must have as many axes, and be no longer"
                            + (except < 0 ? "." : " but along the axis."));
        }
        return layout == tensor.layout() ? tensor : tensor.with(layout);
    }

    private static DataType integers(NDArray index, String operation) {
        DataType type = index.getDataType();
        // DJL's callers pass whole numbers as floats now and then.
        if (type.isBoolean()) {
            throw new IllegalArgumentException(
                    "NDArray." + operation + " needs an index of integers, not of booleans.");
        }
        return type;
    }

    /** Returns the elements at positions of the flattened array, in the shape of the index. */
    @Override
    public OktoNDArray take(NDManager manager, NDArray index) {
        try (Operation operation = new Operation(OktoNDManager.of(manager), this)) {
            Tensor in = operation.read(this);
            Tensor flat = operation.reshape(in, in.layout().count());
            Tensor positions = operation.read(index, integers(index, "take"));
            positions = operation.cast(positions, DataType.INT64);
            long[] shape = positions.layout().shape();
            positions = operation.reshape(positions, positions.layout().count());
            Tensor out = operation.create(positions.layout().shape(), in.dataType());
            operation.backend.gather(flat, 0, positions, out);
            return operation.result(out.with(out.layout().reshape(shape)));
        }
    }

    /** Returns a copy with values written at positions of the flattened array. */
    @Override
    public OktoNDArray put(NDArray index, NDArray value) {
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            Tensor positions = operation.read(index, integers(index, "put"));
            positions = operation.cast(positions, DataType.INT64);
            long count = positions.layout().count();
            positions = operation.reshape(positions, count);
            Tensor values = operation.reshape(operation.read(value, in.dataType()), count);
            Tensor out = operation.copy(in, in.dataType());
            Tensor flat = out.with(out.layout().reshape(out.layout().count()));
            operation.backend.scatter(false, values, 0, positions, flat);
            return operation.result(out);
        }
    }

    /**
     * Picks by rows of indices: out[j…, …] = this[index[0, j…], index[1, j…], …, …].
     *
     * @param index (D, J…) whole numbers, for the first D axes; negative ones count from the end
     * @return shape (J…, …), the lengths of this array's axes behind the first D at the end
     */
    @Override
    public OktoNDArray gatherNd(NDArray index) {
        Shape shape = index.getShape();
        if (shape.dimension() == 0 || shape.get(0) < 1 || shape.get(0) > rank()) {
            throw new IllegalArgumentException(
                    "gatherNd with an index of shape "
                            + shape
                            + " from an NDArray of shape "
                            + getShape()
                            + ": the index's first axis is as long as there are axes to index.");
        }
        try (Operation operation = operation()) {
            Tensor positions = operation.read(index, integers(index, "gatherNd"));
            positions = operation.cast(positions, DataType.INT64);
            Tensor[] leading = new Tensor[(int) shape.get(0)];
            for (int i = 0; i < leading.length; i++) {
                leading[i] = positions.with(positions.layout().select(0, i));
            }
            Tensor in = operation.read(this);
            return operation.result(Selection.at(operation, in, leading).get());
        }
    }

    /**
     * Returns the parts at which a mask is true. The mask covers axes from the given one on; in the
     * result, one axis takes their place.
     */
    @Override
    public OktoNDArray booleanMask(NDArray index, int axis) {
        Layout mask = Layout.contiguous(index.getShape());
        Layout layout = layout();
        int along = axis(axis);
        boolean fits = along + mask.rank() <= layout.rank();
        for (int i = 0; fits && i < mask.rank(); i++) {
            fits = layout.size(along + i) == mask.size(i);
        }
        if (!fits) {
            throw new IllegalArgumentException(
                    "booleanMask of shape "
                            + index.getShape()
                            + " from axis "
                            + axis
                            + " of an array of shape "
                            + getShape()
                            + ": the mask must be as long as the axes it covers.");
        }
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            long[] found = HostElements.positions(operation, operation.read(index));
            long[] shape = layout.shape();
            long[] merged = new long[layout.rank() - mask.rank() + 1];
            System.arraycopy(shape, 0, merged, 0, along);
            merged[along] = mask.count();
            int behind = along + mask.rank();
            System.arraycopy(shape, behind, merged, along + 1, shape.length - behind);
            Tensor source = operation.reshape(in, merged);
            return operation.result(
                    Selection.gather(
                            operation, source, along, HostElements.tensor(operation, found)));
        }
    }

    /**
     * Returns the positions of all elements that are not zero, a row of indices for each. An array
     * without dimensions counts as one of a single axis.
     */
    @Override
    public OktoNDArray nonzero() {
        try (Operation operation = operation()) {
            Tensor in = operation.read(this);
            long[] found = HostElements.positions(operation, in);
            long[] shape = in.layout().rank() == 0 ? new long[] {1} : in.layout().shape();
            long[] rows = new long[found.length * shape.length];
            for (int row = 0; row < found.length; row++) {
                long rest = found[row];
                for (int axis = shape.length - 1; axis >= 0; axis--) {
                    rows[row * shape.length + axis] = rest % shape[axis];
                    rest /= shape[axis];
                }
            }
            Tensor all = HostElements.tensor(operation, rows);
            return operation.result(
                    all.with(Layout.contiguous(new Shape(found.length, shape.length))));
        }
    }
}
