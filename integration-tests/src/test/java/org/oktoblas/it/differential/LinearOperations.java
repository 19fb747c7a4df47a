package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.it.differential.Operation.Call;

/** Diagonals, inverses, products of batches, rotations and special functions. */
final class LinearOperations {

    private LinearOperations() {}

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(
                Operation.of(
                        "NDArray.diagonal()",
                        Tolerance.EXACT,
                        draw -> {
                            draw.array(Draw.ALL, draw.values(), draw.shape(1, 4));
                            return Call.of((m, x) -> x[0].diagonal());
                        }));
        list.add(
                Operation.of(
                        "NDArray.diagonal(int)",
                        Tolerance.EXACT,
                        draw -> {
                            draw.array(Draw.ALL, draw.values(), draw.shape(2, 4));
                            int offset = draw.note("offset", draw.below(9) - 4);
                            return Call.of((m, x) -> x[0].diagonal(offset));
                        }));
        list.add(
                Operation.of(
                        "NDArray.diagonal(int, int, int)",
                        Tolerance.EXACT,
                        draw -> {
                            Operand a = draw.array(Draw.ALL, draw.values(), draw.shape(2, 4));
                            int offset = draw.note("offset", draw.below(9) - 4);
                            int one = draw.axis(a.rank());
                            int other = draw.validAxis(a.rank());
                            return Call.of((m, x) -> x[0].diagonal(offset, one, other));
                        }));
        list.add(trace());
        list.add(
                Operation.of(
                        "NDArray.trace(int)",
                        Tolerance.sums(1),
                        draw -> {
                            draw.array(Draw.ALL, Values.REAL, draw.shape(2, 4));
                            int offset = draw.note("offset", draw.below(9) - 4);
                            return Call.of((m, x) -> x[0].trace(offset))
                                    .instead((m, x) -> sum(x[0].diagonal(offset)));
                        }));
        list.add(inverse());
        list.add(batchDot());
        list.add(
                Operation.of(
                        "NDArray.rotate90(int, int[])",
                        Tolerance.EXACT,
                        draw -> {
                            Operand a = draw.array(Draw.ALL, draw.values(), draw.shape(2, 4));
                            int times = draw.note("times", draw.below(11) - 5);
                            int[] axes = {draw.axis(a.rank()), draw.validAxis(a.rank())};
                            return Call.of((m, x) -> x[0].rotate90(times, axes));
                        }));
        list.add(
                Operation.of(
                        "NDArray.gammaln()",
                        // Near its zeros at 1 and 2 the function is a difference of larger numbers.
                        Tolerance.near(4, 8),
                        draw -> {
                            draw.array(Draw.ALL, draw.of(Values.POSITIVE, Values.REAL));
                            return Call.of((m, x) -> x[0].gammaln());
                        }));
        list.add(
                Operation.of(
                        "NDArray.xlogy(NDArray)",
                        Tolerance.near(1, 8),
                        draw -> {
                            Operand a = draw.array(Draw.ALL, draw.values());
                            draw.array(
                                    Draw.ALL,
                                    draw.of(Values.POSITIVE, Values.REAL, Values.SPECIAL),
                                    draw.partner(a.shape().getShape()));
                            return Call.of((m, x) -> x[0].xlogy(x[1]))
                                    .reference(Reference.pairs(LinearOperations::xlogy));
                        }));
        return list;
    }

    private static double xlogy(double x, double y) {
        return x == 0 && !Double.isNaN(y) ? 0 : x * Math.log(y);
    }

    private static NDArray sum(NDArray diagonal) {
        return diagonal.sum(new int[] {-1}, false);
    }

    /** PyTorch's engine has none. */
    private static Operation trace() {
        return Operation.of(
                "NDArray.trace(int, int, int)",
                Tolerance.sums(1),
                draw -> {
                    Operand a = draw.array(Draw.ALL, Values.REAL, draw.shape(2, 4));
                    int offset = draw.note("offset", draw.below(9) - 4);
                    int one = draw.validAxis(a.rank());
                    int other = draw.validAxis(a.rank());
                    return Call.of((m, x) -> x[0].trace(offset, one, other))
                            .instead((m, x) -> sum(x[0].diagonal(offset, one, other)));
                });
    }

    /** Matrices with a large diagonal, so that neither engine's errors become large. */
    private static Operation inverse() {
        return Operation.of(
                "NDArray.inverse()",
                Tolerance.near(1, 16),
                draw -> {
                    long[] lead = draw.shape(0, 2);
                    int n = draw.of(3, 1, 2, 4, 5);
                    long[] shape = Arrays.copyOf(lead, lead.length + 2);
                    shape[lead.length] = n;
                    shape[lead.length + 1] = draw.oneIn(30) ? n + 1 : n;
                    DataType type = draw.of(Draw.WIDE_FLOATS);
                    draw.add(type, Values.UNIT, shape);
                    boolean turned = draw.flag("turned");
                    return Call.of(
                            (m, x) -> {
                                NDArray regular = x[0].add(m.eye(n, n, 0, type).mul(n + 2));
                                int rank = regular.getShape().dimension();
                                return (turned ? regular.swapAxes(rank - 2, rank - 1) : regular)
                                        .inverse();
                            });
                });
    }

    /** PyTorch's engine has none. */
    private static Operation batchDot() {
        return Operation.of(
                "NDArray.batchDot(NDArray)",
                Tolerance.sums(2),
                draw -> {
                    long[] lead = draw.shape(1, 3);
                    long[] left = Arrays.copyOf(lead, lead.length + 2);
                    long[] right = left.clone();
                    int at = lead.length;
                    left[at] = draw.size();
                    left[at + 1] = draw.size();
                    right[at] = left[at + 1];
                    right[at + 1] = draw.size();
                    DataType type = draw.of(Draw.NUMBERS);
                    draw.add(type, Values.REAL, left);
                    draw.add(type, Values.REAL, right);
                    return Call.of((m, x) -> x[0].batchDot(x[1]))
                            .instead((m, x) -> x[0].matMul(x[1]));
                });
    }
}
