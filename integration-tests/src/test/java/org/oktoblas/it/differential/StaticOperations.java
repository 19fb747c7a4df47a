package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.List;
import org.oktoblas.it.differential.Operation.Call;

/** Static methods and those of NDArrayEx that lead to what an array does itself. */
final class StaticOperations {

    private StaticOperations() {}

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(
                ArithmeticOperations.number("NDArrays.addi(NDArray, Number)", NDArrays::addi)
                        .changing());
        list.add(
                ArithmeticOperations.number("NDArrays.subi(NDArray, Number)", NDArrays::subi)
                        .changing());
        list.add(
                ArithmeticOperations.number("NDArrays.muli(NDArray, Number)", NDArrays::muli)
                        .changing());
        list.add(
                ArithmeticOperations.number("NDArrays.divi(NDArray, Number)", NDArrays::divi)
                        .changing());
        list.add(
                ArithmeticOperations.remainder("NDArrays.modi(NDArray, Number)", NDArrays::modi)
                        .changing());
        list.add(
                ArithmeticOperations.powerOfNumber("NDArrays.powi(NDArray, Number)", NDArrays::powi)
                        .changing());
        list.add(
                ArithmeticOperations.number(
                                "NDArrays.subi(Number, NDArray)", (a, n) -> NDArrays.subi(n, a))
                        .changing());
        list.add(
                ArithmeticOperations.arrays("NDArrays.subi(NDArray, NDArray)", NDArrays::subi, null)
                        .changing());
        list.add(
                ArithmeticOperations.arrays("NDArrays.divi(NDArray, NDArray)", NDArrays::divi, null)
                        .changing());
        list.add(
                ArithmeticOperations.remainder(
                                "NDArrays.modi(NDArray, NDArray)", NDArrays::modi, null)
                        .changing());
        list.add(
                ArithmeticOperations.power("NDArrays.powi(NDArray, NDArray)", NDArrays::powi)
                        .changing());
        list.add(
                ArithmeticOperations.arrays(
                                "NDArrays.addi(NDArray...)", (a, b) -> NDArrays.addi(a, b), null)
                        .changing());
        list.add(
                ArithmeticOperations.arrays(
                                "NDArrays.muli(NDArray...)", (a, b) -> NDArrays.muli(a, b), null)
                        .changing());
        list.add(
                ComparisonOperations.alike(
                        "NDArrays.contentEquals(NDArray, NDArray)", NDArrays::contentEquals));
        list.add(
                ComparisonOperations.alike(
                        "NDArrays.shapeEquals(NDArray, NDArray)", NDArrays::shapeEquals));
        list.add(
                ComparisonOperations.alike(
                        "NDArrays.allClose(NDArray, NDArray)", NDArrays::allClose));
        list.add(
                ComparisonOperations.arrays(
                        "NDArrays.logicalAnd(NDArray, NDArray)", NDArrays::logicalAnd));
        list.add(
                ComparisonOperations.arrays(
                        "NDArrays.logicalOr(NDArray, NDArray)", NDArrays::logicalOr));
        list.add(
                ComparisonOperations.arrays(
                        "NDArrays.logicalXor(NDArray, NDArray)", NDArrays::logicalXor));
        list.add(
                Operation.of(
                        "NDArrays.erf(NDArray)",
                        Tolerance.near(1, 8),
                        draw -> {
                            draw.array(Draw.FLOATS, draw.values());
                            return Call.of((m, x) -> NDArrays.erf(x[0]));
                        }));
        list.add(
                Operation.of(
                        "NDArrays.erfinv(NDArray)",
                        Tolerance.near(4, 8),
                        draw -> {
                            draw.array(Draw.WIDE_FLOATS, Values.UNIT);
                            return Call.of((m, x) -> NDArrays.erfinv(x[0]));
                        }));
        list.add(joined("NDArrayEx.concat(NDList, int)", true));
        list.add(joined("NDArrayEx.stack(NDList, int)", false));
        list.add(
                Operation.of(
                        "NDArrayEx.where(NDArray, NDArray)",
                        Tolerance.EXACT,
                        draw -> {
                            DataType type = draw.of(Draw.ALL);
                            long[] shape = draw.shape();
                            draw.add(type, draw.values(), shape);
                            draw.array(Draw.BOOLEAN, Values.REAL, shape);
                            draw.add(type, draw.values(), shape);
                            return Call.of((m, x) -> x[0].getNDArrayInternal().where(x[1], x[2]));
                        }));
        Operation power =
                ArithmeticOperations.reversed(
                        "NDArrayEx.rpowi(Number)",
                        Draw.WIDE_FLOATS,
                        (a, n) -> a.getNDArrayInternal().rpowi(n),
                        (a, n) -> a.getNDArrayInternal().rpow(n));
        list.add(Operation.of(power.name(), ArithmeticOperations.POWER, power.plan()).changing());
        return list;
    }

    private static Operation joined(String name, boolean along) {
        return Operation.of(
                name,
                Tolerance.EXACT,
                draw -> {
                    long[] shape = draw.shape(along ? 1 : 0, 4);
                    int axis = draw.note("axis", draw.below(shape.length + (along ? 0 : 1)));
                    DataType type = draw.of(Draw.ALL);
                    int count = 1 + draw.below(3);
                    for (int i = 0; i < count; i++) {
                        draw.add(type, draw.values(), shape);
                    }
                    return Call.of((m, x) -> join(axis, along, x));
                });
    }

    private static NDArray join(int axis, boolean along, NDArray... x) {
        NDList others = new NDList(x);
        others.remove(0);
        return along
                ? x[0].getNDArrayInternal().concat(others, axis)
                : x[0].getNDArrayInternal().stack(others, axis);
    }
}
