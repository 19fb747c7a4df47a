package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.oktoblas.it.differential.Operation.Call;
import org.oktoblas.it.differential.Operation.Plan;

/**
 * Operations that rearrange. What they give is then changed, if its elements lie apart, to see
 * whether it is a view of the operand on one engine and a copy on the other.
 */
final class ShapeOperations {

    private ShapeOperations() {}

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(moved("NDArray.reshape(Shape)", ShapeOperations::reshape));
        list.add(moved("NDArray.reshape(long...) with -1", ShapeOperations::guessed));
        list.add(moved("NDArray.flatten()", draw -> any(draw, NDArray::flatten)));
        list.add(moved("NDArray.flatten(int, int)", ShapeOperations::flatten));
        list.add(
                moved(
                        "NDArray.expandDims(int)",
                        draw -> {
                            Operand a = draw.array(Draw.ALL, Values.REAL);
                            int axis = draw.axis(a.rank() + 1);
                            return Call.of((m, x) -> x[0].expandDims(axis));
                        }));
        list.add(moved("NDArray.squeeze()", draw -> any(draw, NDArray::squeeze)));
        list.add(
                moved(
                        "NDArray.squeeze(int)",
                        draw -> {
                            Operand a = draw.array(Draw.ALL, Values.REAL);
                            int axis = draw.axis(a.rank());
                            return Call.of((m, x) -> x[0].squeeze(axis));
                        }));
        list.add(
                moved(
                        "NDArray.squeeze(int[])",
                        draw -> {
                            long[] shape = draw.shape(1, 5);
                            int[] axes = draw.axes(shape.length);
                            for (int axis : axes) {
                                shape[axis] = draw.oneIn(10) ? 2 : 1;
                            }
                            draw.array(Draw.ALL, Values.REAL, shape);
                            return Call.of((m, x) -> x[0].squeeze(axes));
                        }));
        list.add(moved("NDArray.transpose()", draw -> any(draw, NDArray::transpose)));
        list.add(moved("NDArray.transpose(int...)", ShapeOperations::transpose));
        list.add(
                moved(
                        "NDArray.swapAxes(int, int)",
                        draw -> {
                            Operand a = draw.array(Draw.ALL, Values.REAL);
                            int first = draw.axis(a.rank());
                            int second = draw.axis(a.rank());
                            return Call.of((m, x) -> x[0].swapAxes(first, second));
                        }));
        list.add(broadcast());
        list.add(moved("NDArray.flip(int...)", ShapeOperations::flip));
        list.add(split("NDArray.split(long, int)", ShapeOperations::sections));
        list.add(split("NDArray.split(long[], int)", ShapeOperations::indices));
        return list;
    }

    private interface Move {
        NDArray of(NDArray array);
    }

    private static Call any(Draw draw, Move move) {
        draw.array(Draw.ALL, Values.REAL);
        return Call.of((m, x) -> move.of(x[0]));
    }

    /** Changes the result too, so that the operand shows whether it shares memory. */
    private static Operation moved(String name, Plan plan) {
        return Operation.of(
                name,
                Tolerance.EXACT,
                draw -> {
                    Call call = plan.call(draw);
                    boolean written = draw.flag("then written to");
                    boolean writable = draw.operands.get(0).layout() != Operand.Layout.BROADCAST;
                    return Call.of(
                            (m, x) -> {
                                NDArray result = (NDArray) call.body().run(m, x);
                                if (written && writable) {
                                    result.set(new NDIndex("..."), 1);
                                }
                                return result;
                            });
                });
    }

    private static Operation split(String name, Plan plan) {
        return Operation.of(
                name,
                Tolerance.EXACT,
                draw -> {
                    Call call = plan.call(draw);
                    boolean written = draw.flag("then written to");
                    boolean writable = draw.operands.get(0).layout() != Operand.Layout.BROADCAST;
                    return Call.of(
                            (m, x) -> {
                                NDList parts = (NDList) call.body().run(m, x);
                                if (written && writable) {
                                    parts.get(0).set(new NDIndex("..."), 1);
                                }
                                return parts;
                            });
                });
    }

    /** Another shape of as many elements, made by merging or splitting axes. */
    private static Call reshape(Draw draw) {
        Operand a = draw.array(Draw.ALL, Values.REAL);
        Shape shape = draw.note("shape", new Shape(other(draw, a.shape().getShape())));
        return Call.of((m, x) -> x[0].reshape(shape));
    }

    private static Call guessed(Draw draw) {
        Operand a = draw.array(Draw.ALL, Values.REAL);
        long[] shape = other(draw, a.shape().getShape());
        if (shape.length > 0) {
            shape[draw.below(shape.length)] = -1;
        }
        draw.note("shape", Arrays.toString(shape));
        return Call.of((m, x) -> x[0].reshape(shape));
    }

    private static long[] other(Draw draw, long[] shape) {
        List<Long> result = new ArrayList<>();
        long pending = 1;
        for (long length : shape) {
            pending *= length;
            if (draw.below(2) == 0) {
                result.add(pending);
                pending = 1;
            }
        }
        if (pending != 1) {
            if (pending % 2 == 0 && pending > 0) {
                result.add(2L);
                pending /= 2;
            }
            result.add(pending);
        }
        if (draw.oneIn(4)) {
            result.add(draw.below(result.size() + 1), 1L);
        }
        if (draw.oneIn(30)) {
            result.add(3L);
        }
        return result.stream().mapToLong(i -> i).toArray();
    }

    private static Call flatten(Draw draw) {
        Operand a = draw.array(Draw.ALL, Values.REAL);
        int first = draw.axis(a.rank());
        int last = draw.axis(a.rank());
        return Call.of((m, x) -> x[0].flatten(first, last));
    }

    private static Call transpose(Draw draw) {
        Operand a = draw.array(Draw.ALL, Values.REAL);
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < a.rank(); i++) {
            order.add(draw.oneIn(4) ? i - a.rank() : i);
        }
        Collections.shuffle(order, new Random(draw.below(100)));
        draw.note("order", order);
        int[] axes = order.stream().mapToInt(i -> i).toArray();
        return Call.of((m, x) -> x[0].transpose(axes));
    }

    private static Operation broadcast() {
        return Operation.of(
                "NDArray.broadcast(Shape)",
                Tolerance.EXACT,
                draw -> {
                    long[] shape = draw.shape();
                    long[] stored = shape.clone();
                    for (int i = 0; i < stored.length; i++) {
                        stored[i] = draw.below(2) == 1 ? 1 : stored[i];
                    }
                    int from = draw.below(stored.length + 1);
                    draw.array(
                            Draw.ALL, Values.REAL, Arrays.copyOfRange(stored, from, stored.length));
                    Shape target = draw.note("shape", new Shape(shape));
                    return Call.of((m, x) -> x[0].broadcast(target));
                });
    }

    private static Call flip(Draw draw) {
        Operand a = draw.array(Draw.ALL, Values.REAL);
        int[] axes = draw.axes(a.rank());
        return Call.of((m, x) -> x[0].flip(axes));
    }

    private static Call sections(Draw draw) {
        long[] shape = draw.shape(1, 4);
        int axis = draw.below(shape.length);
        int sections = draw.note("sections", 1 + draw.below(4));
        shape[axis] = sections * (1 + draw.below(3));
        draw.array(Draw.ALL, Values.REAL, shape);
        draw.note("axis", axis);
        return Call.of((m, x) -> x[0].split(sections, axis));
    }

    private static Call indices(Draw draw) {
        Operand a = draw.array(Draw.ALL, Values.REAL, draw.shape(1, 4));
        int axis = draw.note("axis", draw.below(a.rank()));
        int count = draw.below(4);
        long[] indices = new long[count];
        long last = 0;
        for (int i = 0; i < count; i++) {
            last = Math.min(a.shape().get(axis), last + draw.below(3));
            indices[i] = last;
        }
        draw.note("indices", Arrays.toString(indices));
        return Call.of((m, x) -> x[0].split(indices, axis));
    }
}
