package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.it.differential.Operation.Call;

/** Operations that pick elements, or write them, where an array of positions or a mask says. */
final class PositionOperations {

    private PositionOperations() {}

    private interface Masked {
        Object run(NDArray array, NDArray mask);
    }

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(gather());
        list.add(scatter());
        list.add(
                Operation.of(
                        "NDArray.take(NDArray)",
                        Tolerance.EXACT,
                        draw -> {
                            Operand a = draw.array(Draw.ALL, draw.values());
                            long n = a.shape().size();
                            draw.array(Draw.INDICES, Values.between(-n, n - 1), draw.shape(0, 3));
                            return Call.of((m, x) -> x[0].take(x[1]));
                        }));
        list.add(
                Operation.of(
                        "NDArray.put(NDArray, NDArray)",
                        Tolerance.EXACT,
                        draw -> {
                            Operand a = draw.array(Draw.ALL, draw.values());
                            long n = a.shape().size();
                            // One position: of several equal ones, any value may stay.
                            draw.array(Draw.INDICES, Values.between(-n, n - 1), 1);
                            draw.add(a.type(), Values.REAL, 1);
                            return Call.of((m, x) -> x[0].put(x[1], x[2]));
                        }));
        list.add(masked("NDArray.booleanMask(NDArray)", NDArray::booleanMask));
        list.add(masked("NDArrays.booleanMask(NDArray, NDArray)", NDArrays::booleanMask));
        list.add(
                Operation.of(
                        "NDArray.booleanMask(NDArray, int)",
                        Tolerance.EXACT,
                        draw -> {
                            Operand a = draw.array(Draw.ALL, draw.values(), draw.shape(1, 4));
                            int axis = draw.note("axis", draw.below(a.rank()));
                            draw.array(
                                    Draw.BOOLEAN,
                                    Values.REAL,
                                    Arrays.copyOfRange(a.shape().getShape(), axis, a.rank()));
                            return Call.of((m, x) -> x[0].booleanMask(x[1], axis));
                        }));
        list.add(gatherNd());
        list.add(
                Operation.of(
                        "NDArray.nonzero()",
                        Tolerance.EXACT,
                        draw -> {
                            draw.array(Draw.ALL, draw.values());
                            return Call.of((m, x) -> x[0].nonzero());
                        }));
        return list;
    }

    /** Places for the first axes; their bound is that of the shortest of these. */
    private static Operation gatherNd() {
        return Operation.of(
                "NDArray.gatherNd(NDArray)",
                Tolerance.EXACT,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values(), draw.shape(1, 4));
                    int depth = 1 + draw.below(a.rank());
                    long shortest = a.shape().get(0);
                    for (int i = 1; i < depth; i++) {
                        shortest = Math.min(shortest, a.shape().get(i));
                    }
                    long[] shape = draw.shape(1, 3);
                    shape[0] = depth;
                    draw.array(Draw.INDICES, Values.between(0, shortest - 1), shape);
                    // PyTorch's engine changes the index.
                    return Call.of((m, x) -> x[0].gatherNd(x[1]))
                            .instead((m, x) -> x[0].gatherNd(x[1].duplicate()));
                });
    }

    /** An index no longer than the array but along the axis. */
    private static long[] within(Draw draw, Operand a, int axis) {
        long[] shape = a.shape().getShape();
        for (int i = 0; i < shape.length; i++) {
            shape[i] = i == axis ? draw.size() : shape[i] - (draw.oneIn(4) ? 1 : 0);
            shape[i] = Math.max(0, shape[i]);
        }
        return shape;
    }

    private static Operation gather() {
        return Operation.of(
                "NDArray.gather(NDArray, int)",
                Tolerance.EXACT,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values(), draw.shape(1, 4));
                    int axis = draw.validAxis(a.rank());
                    int along = axis < 0 ? axis + a.rank() : axis;
                    long n = a.shape().get(along);
                    draw.array(Draw.INDICES, Values.between(0, n - 1), within(draw, a, along));
                    return Call.of((m, x) -> x[0].gather(x[1], axis));
                });
    }

    private static Operation scatter() {
        return Operation.of(
                "NDArray.scatter(NDArray, NDArray, int)",
                Tolerance.EXACT,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values(), draw.shape(1, 4));
                    int axis = draw.validAxis(a.rank());
                    int along = axis < 0 ? axis + a.rank() : axis;
                    long n = a.shape().get(along);
                    long[] shape = within(draw, a, along);
                    // One position along the axis: of several equal ones, any value may stay.
                    shape[along] = 1;
                    draw.array(Draw.INDICES, Values.between(0, n - 1), shape);
                    draw.add(a.type(), Values.REAL, shape);
                    return Call.of((m, x) -> x[0].scatter(x[1], x[2], axis));
                });
    }

    private static Operation masked(String name, Masked body) {
        return Operation.of(
                name,
                Tolerance.EXACT,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values(), draw.shape(1, 4));
                    long[] shape = a.shape().getShape();
                    int axes = draw.oneIn(4) ? 1 + draw.below(shape.length) : shape.length;
                    draw.array(Draw.BOOLEAN, Values.REAL, Arrays.copyOf(shape, axes));
                    Call call = Call.of((m, x) -> body.run(x[0], x[1]));
                    // PyTorch's engine wants a mask of the whole array here, but not in an index.
                    return axes == shape.length ? call : call.instead((m, x) -> x[0].get(x[1]));
                });
    }
}
