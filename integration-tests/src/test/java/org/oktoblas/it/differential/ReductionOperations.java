package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.oktoblas.it.differential.Operation.Call;

/** Sums and the like, of all elements or along axes, and cumulative ones. */
final class ReductionOperations {

    private ReductionOperations() {}

    private static final String OVERFLOW =
            "PyTorch adds up in the array's type, where the largest numbers overflow; the CPU here"
                    + " adds up in FLOAT64, and the mean is a number of the type again";

    private static final String EMPTY_INTEGERS =
            "integers are refused, even if there are none of them";

    private static boolean emptyIntegers(Case c) {
        return !c.operand(0).type().isFloating() && c.operand(0).isEmpty();
    }

    private interface AlongAxes {
        NDArray run(NDArray array, int[] axes, boolean keepDims);
    }

    private interface AlongAxis {
        Object run(NDArray array, int axis);
    }

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(whole("NDArray.sum()", Tolerance.sums(1), NDArray::sum));
        list.add(
                whole("NDArray.mean()", Tolerance.sums(1), NDArray::mean)
                        .known(OVERFLOW, Case::special));
        list.add(whole("NDArray.max()", Tolerance.EQUAL, NDArray::max));
        list.add(whole("NDArray.min()", Tolerance.EQUAL, NDArray::min));
        list.add(product());
        list.add(whole("NDArray.norm()", Tolerance.sums(1), NDArray::norm));
        list.add(axes("NDArray.sum(int[], boolean)", Tolerance.sums(1), NDArray::sum, false));
        list.add(
                axes("NDArray.mean(int[], boolean)", Tolerance.sums(1), NDArray::mean, true)
                        .known(OVERFLOW, Case::special));
        list.add(axes("NDArray.max(int[], boolean)", Tolerance.EQUAL, NDArray::max, true));
        list.add(axes("NDArray.min(int[], boolean)", Tolerance.EQUAL, NDArray::min, true));
        list.add(productAlongAxes());
        list.add(axes("NDArray.norm(int[], boolean)", Tolerance.sums(1), NDArray::norm, false));
        list.add(norm());
        list.add(
                along(
                        "NDArray.cumSum(int)",
                        Draw.ALL,
                        Tolerance.sums(1),
                        (a, axis) -> a.cumSum(axis)));
        list.add(whole("NDArray.cumSum()", Tolerance.sums(1), NDArray::cumSum));
        list.add(cumulativeProduct());
        list.add(cumulativeProductInType());
        list.add(along("NDArray.argMax(int)", Draw.ALL, Tolerance.EXACT, NDArray::argMax));
        list.add(along("NDArray.argMin(int)", Draw.ALL, Tolerance.EXACT, NDArray::argMin));
        list.add(whole("NDArray.argMax()", Tolerance.EXACT, NDArray::argMax));
        list.add(whole("NDArray.argMin()", Tolerance.EXACT, NDArray::argMin));
        list.add(
                along(
                                "NDArray.softmax(int)",
                                Draw.ALL,
                                // Both sides compute exp of a difference, a sum, and a quotient.
                                Tolerance.near(1, 8),
                                NDArray::softmax)
                        .known(EMPTY_INTEGERS, ReductionOperations::emptyIntegers));
        list.add(
                along(
                                "NDArray.logSoftmax(int)",
                                Draw.ALL,
                                Tolerance.near(10, 8),
                                NDArray::logSoftmax)
                        .known(EMPTY_INTEGERS, ReductionOperations::emptyIntegers));
        list.add(normalize());
        return list;
    }

    private static Operation whole(
            String name, Tolerance tolerance, Function<NDArray, Object> body) {
        return Operation.of(
                name,
                tolerance,
                draw -> {
                    draw.array(Draw.ALL, draw.values());
                    return Call.of((m, x) -> body.apply(x[0]));
                });
    }

    /** Reduces; where PyTorch's engine takes a single axis, it takes several one after another. */
    private static Operation axes(
            String name, Tolerance tolerance, AlongAxes body, boolean oneAtATime) {
        return Operation.of(
                name,
                tolerance,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values());
                    int[] axes = draw.axes(a.rank());
                    if (axes.length > 0 && draw.below(2) == 1) {
                        axes[0] -= a.rank();
                        draw.note("the first axis is", axes[0]);
                    }
                    boolean keep = draw.flag("keepDims");
                    Call call = Call.of((m, x) -> body.run(x[0], axes, keep));
                    return oneAtATime && axes.length > 1
                            ? call.instead((m, x) -> oneByOne(x[0], axes, keep, body))
                            : call;
                });
    }

    private static NDArray oneByOne(NDArray array, int[] axes, boolean keep, AlongAxes body) {
        NDArray result = array;
        int rank = array.getShape().dimension();
        for (int axis : axes) {
            result = body.run(result, new int[] {axis < 0 ? axis + rank : axis}, true);
        }
        if (keep) {
            return result;
        }
        int[] dropped = axes.clone();
        dropped[0] = dropped[0] < 0 ? dropped[0] + rank : dropped[0];
        return result.squeeze(dropped);
    }

    private static Operation product() {
        return Operation.of(
                "NDArray.prod()",
                // A rounding for each factor.
                Tolerance.ulps(64),
                draw -> {
                    draw.array(Draw.ALL, draw.of(Values.UNIT, Values.POSITIVE), draw.shape(0, 3));
                    return Call.of((m, x) -> x[0].prod());
                });
    }

    private static Operation productAlongAxes() {
        return Operation.of(
                "NDArray.prod(int[], boolean)",
                Tolerance.ulps(64),
                draw -> {
                    Operand a = draw.array(Draw.ALL, Values.SMALL, draw.shape(1, 4));
                    int[] axes = draw.axes(a.rank());
                    boolean keep = draw.flag("keepDims");
                    Call call = Call.of((m, x) -> x[0].prod(axes, keep));
                    return axes.length > 1
                            ? call.instead((m, x) -> products(x[0], axes, keep))
                            : call;
                });
    }

    /** Takes products one axis after another, the 16-bit ones in FLOAT64 until the end. */
    private static NDArray products(NDArray array, int[] axes, boolean keep) {
        DataType type = array.getDataType();
        boolean half = type == DataType.FLOAT16;
        NDArray wide = half ? array.toType(DataType.FLOAT64, false) : array;
        NDArray result = oneByOne(wide, axes, keep, NDArray::prod);
        return half ? result.toType(type, false) : result;
    }

    private static Operation norm() {
        return Operation.of(
                "NDArray.norm(int, int[], boolean)",
                // Powers of up to 3 are summed, and the root taken of the sum.
                Tolerance.sums(1),
                draw -> {
                    Operand a = draw.array(Draw.FLOATS, draw.of(Values.REAL, Values.SMALL));
                    int order = draw.note("order", draw.of(2, 1, 3, 0));
                    int[] axes = draw.axes(a.rank());
                    boolean keep = draw.flag("keepDims");
                    return Call.of((m, x) -> x[0].norm(order, axes, keep));
                });
    }

    private static Operation along(
            String name, DataType[] types, Tolerance tolerance, AlongAxis body) {
        return Operation.of(
                name,
                tolerance,
                draw -> {
                    Operand a = draw.array(types, draw.values());
                    int axis = draw.axis(a.rank());
                    Call call = Call.of((m, x) -> body.run(x[0], axis));
                    return name.startsWith("NDArray.arg") && a.type().isBoolean()
                            ? call.instead(
                                    (m, x) -> body.run(x[0].toType(DataType.INT8, false), axis))
                            : call;
                });
    }

    private static Operation cumulativeProduct() {
        return Operation.of(
                "NDArray.cumProd(int)",
                Tolerance.ulps(64),
                draw -> {
                    Operand a = draw.array(Draw.ALL, Values.SMALL);
                    int axis = draw.axis(a.rank());
                    return Call.of((m, x) -> x[0].cumProd(axis));
                });
    }

    private static Operation cumulativeProductInType() {
        return Operation.of(
                "NDArray.cumProd(int, DataType)",
                Tolerance.ulps(64),
                draw -> {
                    Operand a = draw.array(Draw.ALL, Values.between(0, 2), draw.shape(0, 4));
                    int axis = draw.axis(a.rank());
                    DataType type = draw.note("type", draw.of(Draw.NUMBERS));
                    return Call.of((m, x) -> x[0].cumProd(axis, type));
                });
    }

    private static Operation normalize() {
        return Operation.of(
                "NDArray.normalize(double, long, double)",
                Tolerance.near(1, 16),
                draw -> {
                    Operand a = draw.array(Draw.FLOATS, Values.REAL);
                    double exponent = draw.note("exponent", draw.of(2.0, 1.0, 3.0));
                    int axis = draw.axis(a.rank());
                    double eps = draw.note("eps", draw.of(1e-12, 0.5));
                    return Call.of((m, x) -> x[0].normalize(exponent, axis, eps));
                });
    }
}
