package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.it.differential.Operation.Call;

/** What NDIndex picks, and what set writes there. */
final class IndexOperations {

    private IndexOperations() {}

    /** Marks that PyTorch takes a mask of several axes for one of a single axis. */
    private static Operation indexed(Operation operation) {
        return operation.known(
                "behind a mask of several axes, PyTorch applies numbers and slices to the wrong"
                        + " axis",
                c ->
                        c.notes().stream().anyMatch(note -> note.matches("index .*}, .*"))
                                && c.operands().stream()
                                        .skip(1)
                                        .anyMatch(i -> i.type().isBoolean() && i.rank() > 1));
    }

    /** Marks that PyTorch writes by index arrays to elements that share memory. */
    private static Operation writing(Operation operation) {
        return indexed(operation)
                .known(
                        "writing to a broadcast view is refused here, while PyTorch does so everywhere but"
                                + " with index arrays",
                        c -> c.operand(0).layout() == Operand.Layout.BROADCAST);
    }

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(
                indexed(
                        Operation.of(
                                "NDArray.get(NDIndex)",
                                Tolerance.EXACT,
                                draw -> {
                                    Picked picked = Picked.draw(draw, true);
                                    boolean written = written(draw);
                                    return Call.of(
                                            (m, x) -> read(x[0].get(picked.index(x)), written));
                                })));
        list.add(
                writing(
                        Operation.of(
                                "NDArray.set(NDIndex, Number)",
                                Tolerance.EXACT,
                                draw -> {
                                    Picked picked = Picked.draw(draw, true);
                                    Number number = draw.note("number", draw.of(2, 1f, 3L, 1.0));
                                    return Call.of(
                                            (m, x) -> {
                                                x[0].set(picked.index(x), number);
                                                return x[0];
                                            });
                                })));
        list.add(writing(setArray()));
        list.add(
                writing(
                        Operation.of(
                                "NDArray.set(NDIndex, Function)",
                                Tolerance.ROUNDED,
                                draw -> {
                                    Picked picked = Picked.draw(draw, false);
                                    return Call.of(
                                            (m, x) -> {
                                                x[0].set(picked.index(x), part -> part.mul(2));
                                                return x[0];
                                            });
                                })));
        list.add(
                Operation.of(
                        "NDArray.get(long...)",
                        Tolerance.EXACT,
                        draw -> {
                            Operand a = draw.array(Draw.ALL, draw.values());
                            long[] at = new long[draw.below(a.rank() + 1)];
                            for (int i = 0; i < at.length; i++) {
                                int n = Math.toIntExact(a.shape().get(i));
                                at[i] = draw.below(2 * n + 1) - n;
                            }
                            draw.note("at", Arrays.toString(at));
                            boolean written = written(draw);
                            return Call.of((m, x) -> read(x[0].get(at), written));
                        }));
        list.add(backwards());
        list.add(byArray());
        list.add(pick());
        list.add(
                writing(
                        Operation.of(
                                "NDArray.set(NDArray, Number)",
                                Tolerance.EXACT,
                                draw -> {
                                    Operand a =
                                            draw.array(Draw.ALL, draw.values(), draw.shape(1, 4));
                                    draw.array(Draw.BOOLEAN, Values.REAL, a.shape().getShape());
                                    Number number = draw.note("number", draw.of(2, 1f, 3L));
                                    return Call.of(
                                            (m, x) -> {
                                                x[0].set(x[1], number);
                                                return x[0];
                                            });
                                })));
        list.add(
                writing(
                        Operation.of(
                                "NDArray.setScalar(NDIndex, Number)",
                                Tolerance.EXACT,
                                draw -> {
                                    Operand a =
                                            draw.array(Draw.ALL, draw.values(), draw.shape(1, 4));
                                    long[] at = new long[a.rank()];
                                    for (int i = 0; i < at.length; i++) {
                                        at[i] = draw.below(Math.max(1, (int) a.shape().get(i)));
                                    }
                                    draw.note("at", Arrays.toString(at));
                                    Number number = draw.note("number", draw.of(2, 1f, 3L));
                                    return Call.of(
                                            (m, x) -> {
                                                x[0].setScalar(new NDIndex(at), number);
                                                return x[0];
                                            });
                                })));
        return list;
    }

    /** Draws whether what was picked is then changed, to see if it is a view on both engines. */
    private static boolean written(Draw draw) {
        boolean written = draw.flag("then written to");
        return written && draw.operands.get(0).layout() != Operand.Layout.BROADCAST;
    }

    private static NDArray read(NDArray picked, boolean written) {
        if (written) {
            picked.set(new NDIndex("..."), 1);
        }
        return picked;
    }

    /** A negative step, which PyTorch has not: there, the axis is turned round first. */
    private static Operation backwards() {
        return Operation.of(
                "NDArray.get(NDIndex) with a negative step",
                Tolerance.EXACT,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values(), draw.shape(1, 5));
                    int axis = draw.note("axis", draw.below(a.rank()));
                    int step = draw.note("step", 1 + draw.below(3));
                    String before = ":, ".repeat(axis);
                    return Call.of((m, x) -> x[0].get(before + "::-" + step))
                            .instead((m, x) -> x[0].flip(axis).get(before + "::" + step));
                });
    }

    private static Operation setArray() {
        return Operation.of(
                "NDArray.set(NDIndex, NDArray)",
                Tolerance.EXACT,
                draw -> {
                    Picked picked = Picked.draw(draw, true);
                    boolean scalar = draw.oneIn(4);
                    DataType type = draw.operands.get(0).type();
                    DataType other = draw.oneIn(6) ? draw.of(Draw.ALL) : type;
                    draw.note("values of", other);
                    return Call.of(
                            (m, x) -> {
                                NDIndex index = picked.index(x);
                                NDArray part = x[0].get(index);
                                // Numbers 0, 1, 2 … in the shape of what is written to.
                                NDArray values =
                                        scalar
                                                ? m.create(3f)
                                                : m.arange((int) part.size())
                                                        .reshape(part.getShape());
                                x[0].set(picked.index(x), values.toType(other, false));
                                return x[0];
                            });
                });
    }

    private static Operation byArray() {
        return Operation.of(
                "NDArray.get(NDArray)",
                Tolerance.EXACT,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values(), draw.shape(1, 4));
                    long n = a.shape().get(0);
                    if (draw.below(2) == 0) {
                        draw.array(Draw.INDICES, Values.between(0, n - 1), draw.shape(0, 3));
                    } else {
                        int axes = 1 + draw.below(a.rank());
                        draw.array(
                                Draw.BOOLEAN,
                                Values.REAL,
                                Arrays.copyOf(a.shape().getShape(), axes));
                    }
                    return Call.of((m, x) -> x[0].get(x[1]));
                });
    }

    private static Operation pick() {
        return Operation.of(
                "NDArray.get(NDIndex) with a pick",
                Tolerance.EXACT,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values(), draw.shape(1, 4));
                    int axis = a.rank() - 1;
                    long[] shape = a.shape().getShape();
                    shape[axis] = 1;
                    draw.array(Draw.INDICES, Values.between(0, a.shape().get(axis) - 1), shape);
                    return Call.of(
                            (m, x) -> x[0].get(new NDIndex().addAllDim(axis).addPickDim(x[1])));
                });
    }

    /** A drawn index: texts for numbers and slices, operands for index arrays and masks. */
    private record Picked(String text, int[] arrays) {

        static Picked draw(Draw draw, boolean copies) {
            Operand a = draw.array(Draw.ALL, draw.of(Values.REAL, Values.SPECIAL));
            StringBuilder text = new StringBuilder();
            List<Integer> arrays = new ArrayList<>();
            long[] common = draw.shape(0, 2);
            int axis = 0;
            int rank = a.rank();
            int parts = draw.below(rank + 2);
            boolean ellipsis = false;
            for (int i = 0; i < parts; i++) {
                String part;
                int kind = draw.below(copies ? 12 : 8);
                if (kind == 6 && !ellipsis) {
                    ellipsis = true;
                    part = "...";
                    axis = rank - draw.below(rank - axis + 1);
                } else if (kind == 7) {
                    part = "None";
                } else if (axis == rank) {
                    break;
                } else if (kind < 4) {
                    part = slice(draw, a.shape().get(axis++));
                } else if (kind < 8) {
                    part = number(draw, a.shape().get(axis++));
                } else if (kind < 11) {
                    long n = a.shape().get(axis++);
                    arrays.add(draw.operands.size());
                    draw.array(Draw.INDICES, Values.between(-n, n - 1), draw.partner(common));
                    part = "{}";
                } else {
                    int axes = 1 + draw.below(Math.min(2, rank - axis));
                    long[] shape = Arrays.copyOfRange(a.shape().getShape(), axis, axis + axes);
                    arrays.add(draw.operands.size());
                    draw.array(Draw.BOOLEAN, Values.REAL, shape);
                    axis += axes;
                    part = "{}";
                }
                text.append(text.length() == 0 ? "" : ", ").append(part);
            }
            String whole = text.length() == 0 ? "..." : text.toString();
            draw.note("index", whole);
            return new Picked(whole, arrays.stream().mapToInt(i -> i).toArray());
        }

        private static String number(Draw draw, long n) {
            return String.valueOf(draw.below((int) Math.max(1, 2 * n)) - n);
        }

        private static String slice(Draw draw, long n) {
            String from = draw.below(2) == 0 ? "" : number(draw, n);
            String to = draw.below(2) == 0 ? "" : number(draw, n);
            String step = draw.oneIn(3) ? ":" + (1 + draw.below(3)) : "";
            return from + ":" + to + step;
        }

        NDIndex index(NDArray[] x) {
            Object[] used = new Object[arrays.length];
            for (int i = 0; i < used.length; i++) {
                used[i] = x[arrays[i]];
            }
            return new NDIndex(text, used);
        }
    }
}
