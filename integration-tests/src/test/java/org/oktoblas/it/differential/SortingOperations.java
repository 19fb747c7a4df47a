package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import org.oktoblas.it.differential.Operation.Call;

/** Sorting, and the largest or smallest elements. */
final class SortingOperations {

    private SortingOperations() {}

    private static final int STABLE = 16;

    private interface AlongAxis {
        Object run(NDArray array, int axis);
    }

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(along("NDArray.sort(int)", NDArray::sort));
        list.add(along("NDArray.sort()", (a, axis) -> a.sort()));
        list.add(order("NDArray.argSort(int)", NDArray::argSort));
        list.add(order("NDArray.argSort(int, false)", (a, axis) -> a.argSort(axis, false)));
        list.add(topK("sorted", true));
        list.add(topK("unsorted", false));
        return list;
    }

    private static Operation along(String name, AlongAxis body) {
        return Operation.of(
                name,
                Tolerance.EQUAL,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values());
                    int axis = draw.axis(a.rank());
                    return Call.of((m, x) -> body.run(x[0], axis));
                });
    }

    /**
     * Compares indices up to a length to which PyTorch sorts stably, and beyond it what they name.
     */
    private static Operation order(String name, AlongAxis body) {
        return Operation.of(
                name,
                Tolerance.EQUAL,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values());
                    int axis = draw.axis(a.rank());
                    boolean stable = a.shape().size() <= STABLE;
                    return Call.of(
                            (m, x) -> {
                                NDArray indices = (NDArray) body.run(x[0], axis);
                                return stable ? indices : x[0].gather(indices, axis);
                            });
                });
    }

    /** The values are compared: among equal ones, PyTorch names any. */
    private static Operation topK(String order, boolean sorted) {
        return Operation.of(
                "NDArray.topK(int, int, boolean, boolean) " + order,
                Tolerance.EQUAL,
                draw -> {
                    Operand a = draw.array(Draw.NUMBERS, draw.values());
                    int axis = draw.validAxis(a.rank());
                    long n = a.rank() == 0 ? 1 : a.shape().get(axis < 0 ? axis + a.rank() : axis);
                    int k = draw.note("k", draw.below((int) n + 1));
                    boolean largest = draw.flag("largest");
                    return Call.of(
                            (m, x) -> {
                                NDArray values = x[0].topK(k, axis, largest, sorted).get(0);
                                return sorted ? values : values.sort(axis);
                            });
                });
    }
}
