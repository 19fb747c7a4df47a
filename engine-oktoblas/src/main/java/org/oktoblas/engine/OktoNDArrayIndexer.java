package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDArrayIndexer;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.index.dim.NDIndexBooleans;
import ai.djl.ndarray.index.full.NDIndexFullPick;
import ai.djl.ndarray.index.full.NDIndexFullSlice;
import ai.djl.ndarray.index.full.NDIndexFullTake;
import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/** Reads and writes parts of arrays. What is read is attached to the manager it was made with. */
public final class OktoNDArrayIndexer extends NDArrayIndexer {

    private final OktoNDManager manager;

    OktoNDArrayIndexer(OktoNDManager manager) {
        this.manager = manager;
    }

    /** Returns what an index picks: a view where numbers and slices do, else a copy. */
    @Override
    public NDArray get(NDArray array, NDIndex index) {
        try (Operation operation = new Operation(manager, array)) {
            Tensor tensor = operation.read(array);
            if (Pick.isIn(index)) {
                return operation.result(Pick.of(operation, tensor, index).get());
            }
            if (tensor.layout().rank() == 0 && index.getIndices().isEmpty()) {
                return operation.result(operation.copy(tensor, tensor.dataType()));
            }
            return operation.result(Selection.of(operation, tensor, index).get());
        }
    }

    /** Picks along one axis, whose length becomes 1. */
    @Override
    public NDArray get(NDArray array, NDIndexFullPick fullPick) {
        try (Operation operation = new Operation(manager, array)) {
            Tensor in = operation.read(array);
            Tensor index = operation.read(fullPick.getIndices(), DataType.INT64);
            return operation.result(new Pick(operation, in, fullPick.getAxis(), index).get());
        }
    }

    @Override
    public NDArray get(NDArray array, NDIndexFullTake fullTake) {
        return manager.from(array).take(manager, fullTake.getIndices());
    }

    @Override
    public NDArray get(NDArray array, NDIndexFullSlice fullSlice) {
        try (Operation operation = new Operation(manager, array)) {
            Tensor tensor = operation.read(array);
            Layout layout = slice(tensor.layout(), fullSlice);
            int[] squeezed = fullSlice.getToSqueeze();
            for (int i = squeezed.length - 1; i >= 0; i--) {
                layout = layout.dropAxis(squeezed[i]);
            }
            return operation.result(tensor.with(layout));
        }
    }

    private static Layout slice(Layout layout, NDIndexFullSlice slice) {
        Layout result = layout;
        for (int axis = 0; axis < layout.rank(); axis++) {
            result =
                    result.slice(
                            axis,
                            slice.getMin()[axis],
                            Math.max(0, slice.getShape().get(axis)),
                            slice.getStep()[axis]);
        }
        return result;
    }

    /**
     * Writes to what an index picks.
     *
     * @param value a number, or an array that can be broadcast to what is picked
     */
    @Override
    public void set(NDArray array, NDIndex index, Object value) {
        try (Operation operation = new Operation(manager, array)) {
            Tensor tensor = own(array, operation);
            if (value instanceof Number) {
                if (Pick.isIn(index)) {
                    Pick.of(operation, tensor, index).set(number(operation, tensor, value));
                } else {
                    Selection.of(operation, tensor, index).fill((Number) value);
                }
            } else if (value instanceof NDArray) {
                Tensor values = operation.read((NDArray) value);
                if (Pick.isIn(index)) {
                    Pick.of(operation, tensor, index).set(values);
                } else {
                    Selection.of(operation, tensor, index).set(values);
                }
            } else {
                throw new IllegalArgumentException(
                        "NDArray.set takes a Number or an NDArray, not "
                                + (value == null ? "null" : value.getClass().getName())
                                + ".");
            }
        }
    }

    private static Tensor number(Operation operation, Tensor tensor, Object value) {
        Tensor number = operation.create(new long[0], tensor.dataType());
        operation.backend.fill(number, Scalar.of((Number) value));
        return number;
    }

    @Override
    public void set(NDArray array, NDIndexFullSlice fullSlice, NDArray value) {
        set(array, index(fullSlice), (Object) value);
    }

    @Override
    public void set(NDArray array, NDIndexFullSlice fullSlice, Number value) {
        set(array, index(fullSlice), (Object) value);
    }

    @Override
    public void set(NDArray array, NDIndexBooleans indices, NDArray value) {
        set(array, new NDIndex().addBooleanIndex(indices.getIndex()), (Object) value);
    }

    @Override
    public void setScalar(NDArray array, NDIndex index, Number value) {
        try (Operation operation = new Operation(manager, array)) {
            Selection selection = Selection.of(operation, own(array, operation), index);
            if (selection.get().layout().count() != 1) {
                throw new IllegalArgumentException(
                        "setScalar needs an index of exactly one element of shape "
                                + array.getShape()
                                + ".");
            }
            selection.fill(value);
        }
    }

    private static Tensor own(NDArray array, Operation operation) {
        if (!(array instanceof OktoNDArray)) {
            throw new IllegalArgumentException(
                    "Engine "
                            + OktoEngine.ENGINE_NAME
                            + " cannot write to an NDArray of class "
                            + array.getClass().getName()
                            + ".");
        }
        return operation.read(array);
    }

    private static NDIndex index(NDIndexFullSlice slice) {
        NDIndex index = new NDIndex();
        for (int axis = 0; axis < slice.getMin().length; axis++) {
            index.addSliceDim(slice.getMin()[axis], slice.getMax()[axis], slice.getStep()[axis]);
        }
        return index;
    }
}
