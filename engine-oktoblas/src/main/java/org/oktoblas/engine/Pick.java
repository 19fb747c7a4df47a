package org.oktoblas.engine;

import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.index.dim.NDIndexAll;
import ai.djl.ndarray.index.dim.NDIndexElement;
import ai.djl.ndarray.index.dim.NDIndexFixed;
import ai.djl.ndarray.index.dim.NDIndexPick;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.List;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/**
 * What a pick index picks: along one axis the elements at the places that an index of the other
 * axes' lengths names. It has the axis's length in the index, 1 if the index has no such axis.
 */
final class Pick {

    private final Operation operation;
    private final Tensor view;
    private final int axis;
    private final Tensor index;

    /**
     * Picks from a tensor along an axis.
     *
     * @param index INT64, of the tensor's shape but for the axis, which it may lack
     */
    Pick(Operation operation, Tensor view, int axis, Tensor index) {
        this.operation = operation;
        this.view = view;
        this.axis = axis;
        Layout layout = index.layout();
        if (layout.rank() == view.layout().rank() - 1) {
            layout = layout.insertAxis(axis);
        }
        long[] shape = view.layout().shape();
        if (layout.rank() == shape.length) {
            shape[axis] = layout.size(axis);
        }
        this.index = index.with(layout.broadcastTo(shape));
    }

    /** Returns whether an index picks. */
    static boolean isIn(NDIndex index) {
        for (NDIndexElement element : index.getIndices()) {
            if (element instanceof NDIndexPick) {
                return true;
            }
        }
        return false;
    }

    /**
     * Works out what an index picks from what its other elements leave of a tensor.
     *
     * @throws IllegalArgumentException if it picks twice, or by index arrays or masks too
     */
    static Pick of(Operation operation, Tensor tensor, NDIndex index) {
        int ellipsis = index.getEllipsisIndex();
        List<NDIndexElement> others = new ArrayList<>(index.getIndices());
        int rest = tensor.layout().rank() - Selection.width(others);
        NDIndexPick pick = null;
        int along = 0;
        for (int i = 0; i < others.size(); i++) {
            NDIndexElement element = others.get(i);
            if (pick == null && i == ellipsis) {
                along += rest;
            }
            if (element instanceof NDIndexPick) {
                if (pick != null) {
                    throw new IllegalArgumentException(
                            "An index can pick along one axis only: pick from the result of the"
                                    + " first.");
                }
                pick = (NDIndexPick) element;
                others.set(i, new NDIndexAll());
            } else if (pick == null && !(element instanceof NDIndexFixed)) {
                along++;
            }
        }
        Tensor view = Selection.of(operation, tensor, others, ellipsis).view();
        if (view == null || pick == null) {
            throw new IllegalArgumentException(
                    "A pick index may only stand beside whole axes, numbers, slices, new axes and"
                            + " an ellipsis: pick from the result of index arrays and masks.");
        }
        Tensor places = operation.read(pick.getIndex(), DataType.INT64);
        return new Pick(operation, view, along, places);
    }

    /** Returns a copy of what is picked. */
    Tensor get() {
        Tensor out = operation.create(index.layout().shape(), view.dataType());
        operation.backend.gather(view, axis, index, out);
        return out;
    }

    /** Writes values, broadcast, to what is picked. */
    void set(Tensor values) {
        ArrayTransfers.writable(view, "set");
        Tensor source = operation.cast(values, view.dataType());
        if (source.storage() == view.storage()) {
            source = operation.copy(source, source.dataType());
        }
        source = ArrayArithmetic.stretch(source, index.layout().shape());
        operation.backend.scatter(false, source, axis, index, view);
    }
}
