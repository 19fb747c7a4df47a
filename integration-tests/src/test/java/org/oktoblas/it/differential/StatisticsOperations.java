package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.it.differential.Operation.Call;

/** Medians, percentiles, distinct elements, differences and masks of sequences. */
final class StatisticsOperations {

    private StatisticsOperations() {}

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(
                Operation.of(
                        "NDArray.median()",
                        Tolerance.EXACT,
                        draw -> {
                            draw.array(Draw.NUMBERS, draw.values(), nonEmpty(draw));
                            return Call.of((m, x) -> x[0].median())
                                    .instead((m, x) -> whole(x[0]).median());
                        }));
        list.add(median());
        list.add(
                Operation.of(
                        "NDArray.percentile(Number)",
                        Tolerance.near(10, 4),
                        draw -> {
                            Operand a = draw.array(Draw.WIDE_FLOATS, Values.REAL, nonEmpty(draw));
                            Number p = percent(draw, a.type());
                            return Call.of((m, x) -> x[0].percentile(p));
                        }));
        list.add(percentile());
        list.add(
                Operation.of(
                        "NDArray.unique(boolean, boolean, boolean)",
                        Tolerance.EQUAL,
                        draw -> {
                            draw.array(Draw.ALL, draw.values());
                            boolean inverse = draw.flag("inverse");
                            boolean counts = draw.flag("counts");
                            return Call.of((m, x) -> x[0].unique(true, inverse, counts));
                        }));
        list.add(
                Operation.of(
                        "NDArray.unique(Integer, boolean, boolean, boolean)",
                        Tolerance.EXACT,
                        draw -> {
                            Operand a = draw.array(Draw.ALL, Values.SMALL, nonEmpty(draw, 1));
                            int axis = draw.axis(a.rank());
                            boolean inverse = draw.flag("inverse");
                            boolean counts = draw.flag("counts");
                            return Call.of((m, x) -> x[0].unique(axis, true, inverse, counts));
                        }));
        list.add(
                Operation.of(
                        "NDArray.unique()",
                        Tolerance.EQUAL,
                        draw -> {
                            draw.array(Draw.ALL, Values.SMALL);
                            return Call.of((m, x) -> x[0].unique());
                        }));
        list.add(
                Operation.of(
                        "NDArray.diff(int, int)",
                        // Up to five differences of differences, the last of up to 2⁵ times 10.
                        Tolerance.near(320, 4),
                        draw -> {
                            Operand a = draw.array(Draw.ALL, Values.REAL, draw.shape(1, 4));
                            int order = draw.note("order", draw.below(6));
                            int axis = draw.axis(a.rank());
                            return Call.of((m, x) -> x[0].diff(order, axis));
                        }));
        list.add(
                mask(
                        "NDArray.sequenceMask(NDArray, float)",
                        (a, lengths) -> a.sequenceMask(lengths, 7),
                        7));
        list.add(mask("NDArray.sequenceMask(NDArray)", NDArray::sequenceMask, 0));
        list.add(
                mask(
                        "NDArrays.sequenceMask(NDArray, NDArray, float)",
                        (a, lengths) -> NDArrays.sequenceMask(a, lengths, -1),
                        -1));
        list.add(mask("NDArrays.sequenceMask(NDArray, NDArray)", NDArrays::sequenceMask, 0));
        return list;
    }

    private static long[] nonEmpty(Draw draw) {
        return nonEmpty(draw, 0);
    }

    private static long[] nonEmpty(Draw draw, int minRank) {
        long[] shape = draw.shape(minRank, 4);
        for (int i = 0; i < shape.length; i++) {
            shape[i] = Math.max(1, shape[i]);
        }
        return shape;
    }

    /** PyTorch's engine takes a FLOAT32 for the quotient by 100. */
    private static Number percent(Draw draw, DataType type) {
        return draw.note(
                "percent",
                type == DataType.FLOAT64
                        ? draw.of(50, 0, 100, 25f, 75.0, 12.5f)
                        : draw.of(50, 0, 100, 25f, 33.3, 99, 12.5f));
    }

    /** Returns an array whose last axis holds all elements of some axes, the others in front. */
    private static NDArray gathered(NDArray array, int... axes) {
        int rank = array.getShape().dimension();
        int[] order = new int[rank];
        int next = 0;
        List<Long> shape = new ArrayList<>();
        for (int i = 0; i < rank; i++) {
            int axis = i;
            if (Arrays.stream(axes).noneMatch(one -> one == axis)) {
                order[next++] = i;
                shape.add(array.getShape().get(i));
            }
        }
        for (int axis : axes) {
            order[next++] = axis;
        }
        shape.add(-1L);
        return whole(array.transpose(order).reshape(new Shape(shape)));
    }

    /** PyTorch's median of a broadcast view is of memory that nothing was written to. */
    private static NDArray whole(NDArray array) {
        return array.getManager()
                .create(array.toByteBuffer(), array.getShape(), array.getDataType());
    }

    /** PyTorch's engine takes one axis. */
    private static Operation median() {
        return Operation.of(
                "NDArray.median(int[])",
                Tolerance.EXACT,
                draw -> {
                    Operand a = draw.array(Draw.NUMBERS, draw.values(), nonEmpty(draw, 1));
                    int[] axes = draw.axes(a.rank());
                    return Call.of((m, x) -> x[0].median(axes))
                            .instead((m, x) -> gathered(x[0], axes).median(new int[] {-1}));
                });
    }

    /** PyTorch's engine takes one axis of floats; integers become FLOAT32 here. */
    private static Operation percentile() {
        return Operation.of(
                "NDArray.percentile(Number, int[])",
                Tolerance.near(10, 4),
                draw -> {
                    Operand a = draw.array(Draw.NUMBERS, Values.REAL, nonEmpty(draw, 1));
                    int[] axes = draw.axes(a.rank());
                    Number p = percent(draw, a.type());
                    DataType type = a.type();
                    DataType wide = type.isInteger() ? DataType.FLOAT32 : type;
                    DataType own = type == DataType.FLOAT64 ? type : DataType.FLOAT32;
                    return Call.of((m, x) -> x[0].percentile(p, axes))
                            .instead(
                                    (m, x) ->
                                            gathered(x[0].toType(own, false), axes)
                                                    .percentile(p, new int[] {-1})
                                                    .toType(wide, false));
                });
    }

    private interface Mask {
        NDArray of(NDArray array, NDArray lengths);
    }

    /** PyTorch's engine has none: what is chosen by the places stands for it. */
    private static Operation mask(String name, Mask body, float value) {
        return Operation.of(
                name,
                Tolerance.EXACT,
                draw -> {
                    long[] shape = draw.shape(2, 4);
                    Operand a = draw.array(Draw.ALL, draw.values(), shape);
                    draw.array(Draw.NUMBERS, Values.between(0, 7), shape[0]);
                    long[] places = new long[shape.length];
                    Arrays.fill(places, 1);
                    places[1] = shape[1];
                    long[] each = new long[shape.length];
                    Arrays.fill(each, 1);
                    each[0] = shape[0];
                    return Call.of((m, x) -> body.of(x[0], x[1]))
                            .instead(
                                    (m, x) -> {
                                        NDArray inside =
                                                m.arange((int) shape[1])
                                                        .reshape(places)
                                                        .lt(
                                                                x[1].toType(DataType.INT32, false)
                                                                        .reshape(each));
                                        NDArray other =
                                                m.full(new Shape(), value)
                                                        .toType(a.type(), false)
                                                        .broadcast(a.shape());
                                        NDArray all = inside.broadcast(a.shape());
                                        return new NDList(NDArrays.where(all, x[0], other)).head();
                                    });
                });
    }
}
