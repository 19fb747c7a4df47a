package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.oktoblas.it.differential.Operation.Call;

/** Comparisons, logic, and the questions that have one answer for a whole array. */
final class ComparisonOperations {

    private ComparisonOperations() {}

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(arrays("NDArray.eq(NDArray)", NDArray::eq));
        list.add(arrays("NDArray.neq(NDArray)", NDArray::neq));
        list.add(arrays("NDArray.gt(NDArray)", NDArray::gt));
        list.add(arrays("NDArray.gte(NDArray)", NDArray::gte));
        list.add(arrays("NDArray.lt(NDArray)", NDArray::lt));
        list.add(arrays("NDArray.lte(NDArray)", NDArray::lte));
        list.add(arrays("NDArray.logicalAnd(NDArray)", NDArray::logicalAnd));
        list.add(arrays("NDArray.logicalOr(NDArray)", NDArray::logicalOr));
        list.add(arrays("NDArray.logicalXor(NDArray)", NDArray::logicalXor));
        list.add(number("NDArray.eq(Number)", NDArray::eq));
        list.add(number("NDArray.neq(Number)", NDArray::neq));
        list.add(number("NDArray.gt(Number)", NDArray::gt));
        list.add(number("NDArray.gte(Number)", NDArray::gte));
        list.add(number("NDArray.lt(Number)", NDArray::lt));
        list.add(number("NDArray.lte(Number)", NDArray::lte));
        list.add(number("NDArrays.eq(Number, NDArray)", (a, n) -> NDArrays.eq(n, a)));
        list.add(number("NDArrays.neq(Number, NDArray)", (a, n) -> NDArrays.neq(n, a)));
        list.add(number("NDArrays.gt(Number, NDArray)", (a, n) -> NDArrays.gt(n, a)));
        list.add(number("NDArrays.gte(Number, NDArray)", (a, n) -> NDArrays.gte(n, a)));
        list.add(number("NDArrays.lt(Number, NDArray)", (a, n) -> NDArrays.lt(n, a)));
        list.add(number("NDArrays.lte(Number, NDArray)", (a, n) -> NDArrays.lte(n, a)));
        list.add(
                Operation.of(
                        "NDArray.contentEquals(Number)",
                        Tolerance.EXACT,
                        draw -> {
                            draw.array(Draw.ALL, Values.SMALL, draw.shape(0, 1));
                            Number number = draw.number();
                            return Call.of((m, x) -> x[0].contentEquals(number));
                        }));
        list.add(alike("NDArray.contentEquals(NDArray)", NDArray::contentEquals));
        list.add(alike("NDArray.equals(Object)", NDArray::equals));
        list.add(alike("NDArray.shapeEquals(NDArray)", NDArray::shapeEquals));
        list.add(alike("NDArray.allClose(NDArray)", NDArray::allClose));
        list.add(
                alike(
                        "NDArray.allClose(NDArray, double, double, boolean)",
                        (a, b) -> a.allClose(b, 1e-2, 1e-2, true)));
        list.add(one("NDArray.all()", NDArray::all));
        list.add(one("NDArray.any()", NDArray::any));
        list.add(one("NDArray.none()", NDArray::none));
        list.add(one("NDArray.logicalNot()", NDArray::logicalNot));
        list.add(one("NDArray.isNaN()", NDArray::isNaN));
        list.add(one("NDArray.isInfinite()", NDArray::isInfinite));
        list.add(one("NDArray.countNonzero()", NDArray::countNonzero));
        list.add(
                Operation.of(
                        "NDArray.countNonzero(int)",
                        Tolerance.EXACT,
                        draw -> {
                            Operand a = draw.array(Draw.ALL, draw.values());
                            int axis = draw.axis(a.rank());
                            return Call.of((m, x) -> x[0].countNonzero(axis));
                        }));
        list.add(where("NDArrays.where(NDArray, NDArray, NDArray)"));
        return list;
    }

    static Operation arrays(String name, BiFunction<NDArray, NDArray, Object> body) {
        return Operation.of(
                name,
                Tolerance.EXACT,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values());
                    draw.array(Draw.ALL, draw.values(), draw.partner(a.shape().getShape()));
                    return Call.of((m, x) -> body.apply(x[0], x[1]));
                });
    }

    private static Operation number(String name, BiFunction<NDArray, Number, Object> body) {
        return Operation.of(
                name,
                Tolerance.EXACT,
                draw -> {
                    draw.array(Draw.ALL, draw.values());
                    Number number = draw.number();
                    return Call.of((m, x) -> body.apply(x[0], number));
                });
    }

    /** Two arrays of the same seed: often the same content, in other layouts. */
    static Operation alike(String name, BiFunction<NDArray, NDArray, Object> body) {
        return Operation.of(
                name,
                Tolerance.EXACT,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values());
                    boolean copy = draw.flag("copy");
                    draw.array(
                            draw.oneIn(4) ? Draw.ALL : new DataType[] {a.type()},
                            Values.SMALL,
                            draw.oneIn(4) ? draw.shape() : a.shape().getShape());
                    return Call.of((m, x) -> body.apply(x[0], copy ? x[0].duplicate() : x[1]));
                });
    }

    private static Operation one(String name, Function<NDArray, Object> body) {
        return Operation.of(
                name,
                Tolerance.EXACT,
                draw -> {
                    draw.array(Draw.ALL, draw.values());
                    return Call.of((m, x) -> body.apply(x[0]));
                });
    }

    private static Operation where(String name) {
        return Operation.of(
                name,
                Tolerance.EXACT,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values());
                    long[] shape = a.shape().getShape();
                    draw.array(Draw.ALL, draw.values(), draw.partner(shape));
                    draw.array(Draw.BOOLEAN, Values.REAL, draw.partner(shape));
                    Call call = Call.of((m, x) -> NDArrays.where(x[2], x[0], x[1]));
                    if (draw.operands.get(1).type() != a.type()) {
                        return call;
                    }
                    // PyTorch's engine does not broadcast the first operand and the condition.
                    return call.instead(
                            (m, x) -> {
                                NDArray all = x[0].mul(x[1]).mul(x[2]);
                                NDArray condition = x[2].broadcast(all.getShape());
                                NDArray first = x[0].broadcast(all.getShape());
                                return NDArrays.where(condition, first, x[1]);
                            });
                });
    }
}
