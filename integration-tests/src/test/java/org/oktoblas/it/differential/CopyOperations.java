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

/** Repeating, tiling, padding, joining. */
final class CopyOperations {

    private CopyOperations() {}

    private static final String EMPTY =
            "PyTorch's engine leaves the shape of an array without elements as it is, but not if"
                    + " the number of repeats is given for each axis";

    private interface Multiply {
        NDArray run(NDArray array, long[] repeats);
    }

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(
                Operation.of(
                        "NDArray.repeat(int, long)",
                        Tolerance.EXACT,
                        draw -> {
                            Operand a = draw.array(Draw.ALL, Values.REAL, draw.shape(0, 4));
                            int axis = draw.axis(a.rank());
                            int repeats = draw.note("repeats", draw.below(4));
                            return Call.of((m, x) -> x[0].repeat(axis, repeats));
                        }));
        list.add(
                all("NDArray.repeat(long)", (a, repeats) -> a.repeat(repeats[0]))
                        .known(EMPTY, c -> c.operand(0).isEmpty()));
        list.add(each("NDArray.repeat(long[])", NDArray::repeat, false));
        list.add(
                Operation.of(
                        "NDArray.repeat(Shape)",
                        Tolerance.EXACT,
                        draw -> {
                            Operand a = draw.array(Draw.ALL, Values.REAL, draw.shape(0, 4));
                            long[] shape = a.shape().getShape();
                            int from = draw.below(shape.length + 1);
                            long[] target = Arrays.copyOfRange(shape, from, shape.length);
                            for (int i = 0; i < target.length; i++) {
                                target[i] *= 1 + draw.below(3);
                            }
                            Shape desired = draw.note("shape", new Shape(target));
                            return Call.of((m, x) -> x[0].repeat(desired));
                        }));
        list.add(
                all("NDArray.tile(long)", (a, repeats) -> a.tile(repeats[0]))
                        .known(EMPTY, c -> c.operand(0).isEmpty()));
        list.add(each("NDArray.tile(long[])", NDArray::tile, true));
        list.add(
                Operation.of(
                        "NDArray.tile(int, long)",
                        Tolerance.EXACT,
                        draw -> {
                            Operand a = draw.array(Draw.ALL, Values.REAL, draw.shape(1, 4));
                            int axis = draw.validAxis(a.rank());
                            int repeats = draw.note("repeats", draw.below(4));
                            long[] each = new long[a.rank()];
                            Arrays.fill(each, 1);
                            each[axis < 0 ? axis + a.rank() : axis] = repeats;
                            return Call.of((m, x) -> x[0].tile(axis, repeats))
                                    .instead((m, x) -> x[0].tile(each));
                        }));
        list.add(
                Operation.of(
                        "NDArray.tile(Shape)",
                        Tolerance.EXACT,
                        draw -> {
                            Operand a = draw.array(Draw.ALL, Values.REAL, draw.shape(0, 4));
                            long[] shape = a.shape().getShape();
                            long[] each = new long[shape.length];
                            Arrays.fill(each, 1);
                            int from = draw.below(shape.length + 1);
                            long[] target = Arrays.copyOfRange(shape, from, shape.length);
                            for (int i = 0; i < target.length; i++) {
                                each[from + i] = 1 + draw.below(3);
                                target[i] *= each[from + i];
                            }
                            Shape desired = draw.note("shape", new Shape(target));
                            // PyTorch's engine has none.
                            return Call.of((m, x) -> x[0].tile(desired))
                                    .instead((m, x) -> x[0].tile(each));
                        }));
        list.add(
                Operation.of(
                        "NDArray.pad(Shape, double)",
                        Tolerance.EXACT,
                        draw -> {
                            Operand a = draw.array(Draw.ALL, Values.REAL);
                            int axes = draw.below(a.rank() + 1);
                            long[] padding = new long[2 * axes];
                            for (int i = 0; i < padding.length; i++) {
                                padding[i] = draw.of(0, 1, 2, 3, -1);
                            }
                            Shape amounts = draw.note("padding", new Shape(padding));
                            double value = draw.note("value", draw.of(0.0, 1.0, -2.0, 2.5));
                            return Call.of((m, x) -> x[0].pad(amounts, value));
                        }));
        list.add(concat());
        list.add(stack());
        list.add(
                Operation.of(
                        "NDArray.concat(NDArray, int)",
                        Tolerance.EXACT,
                        draw -> {
                            int axis = joined(draw, 2, true);
                            return Call.of((m, x) -> x[0].concat(x[1], axis));
                        }));
        list.add(
                Operation.of(
                        "NDArray.stack(NDArray, int)",
                        Tolerance.EXACT,
                        draw -> {
                            int axis = joined(draw, 2, false);
                            return Call.of((m, x) -> x[0].stack(x[1], axis));
                        }));
        return list;
    }

    private static Operation all(String name, Multiply body) {
        return Operation.of(
                name,
                Tolerance.EXACT,
                draw -> {
                    draw.array(Draw.ALL, Values.REAL, draw.shape(0, 3));
                    long[] repeats = {draw.note("repeats", draw.below(3))};
                    return Call.of((m, x) -> body.run(x[0], repeats));
                });
    }

    private static Operation each(String name, Multiply body, boolean more) {
        return Operation.of(
                name,
                Tolerance.EXACT,
                draw -> {
                    Operand a = draw.array(Draw.ALL, Values.REAL, draw.shape(0, 4));
                    int length = a.rank() + (more && draw.oneIn(4) ? 1 : 0);
                    length -= length > 0 && draw.oneIn(8) ? 1 : 0;
                    long[] repeats = new long[length];
                    for (int i = 0; i < length; i++) {
                        repeats[i] = draw.of(1, 2, 3, 1, 2, 0);
                    }
                    draw.note("repeats", Arrays.toString(repeats));
                    return Call.of((m, x) -> body.run(x[0], repeats));
                });
    }

    /** Draws arrays that fit beside each other, the types sometimes different. */
    private static int joined(Draw draw, int count, boolean along) {
        long[] shape = draw.shape(along ? 1 : 0, 4);
        int axis = along ? draw.below(shape.length) : draw.below(shape.length + 1);
        boolean negative = draw.oneIn(3);
        DataType type = draw.of(Draw.ALL);
        boolean mixed = draw.oneIn(3);
        for (int i = 0; i < count; i++) {
            long[] own = shape.clone();
            if (along && i > 0) {
                own[axis] = draw.size();
            }
            draw.add(mixed ? draw.of(Draw.ALL) : type, draw.values(), own);
        }
        int rank = shape.length + (along ? 0 : 1);
        return draw.note("axis", negative ? axis - rank : axis);
    }

    private static Operation concat() {
        return Operation.of(
                "NDArrays.concat(NDList, int)",
                Tolerance.EXACT,
                draw -> {
                    int axis = joined(draw, 1 + draw.below(4), true);
                    return Call.of((m, x) -> NDArrays.concat(new NDList(x), axis));
                });
    }

    private static Operation stack() {
        return Operation.of(
                "NDArrays.stack(NDList, int)",
                Tolerance.EXACT,
                draw -> {
                    int axis = joined(draw, 1 + draw.below(4), false);
                    return Call.of((m, x) -> NDArrays.stack(new NDList(x), axis));
                });
    }
}
