package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import org.oktoblas.it.differential.Operation.Call;

/** Complex numbers, which come and go as pairs of floats. */
final class ComplexOperations {

    private ComplexOperations() {}

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(one("NDArray.real() of NDArray.complex()", Tolerance.EXACT, 0, a -> a));
        list.add(one("NDArray.conj()", Tolerance.EXACT, 0, NDArray::conj));
        list.add(one("NDArray.abs() of complex numbers", Tolerance.ulps(4), 0, NDArray::abs));
        // PyTorch's vector code subtracts from 0, which has the other sign where there is a 0.
        list.add(one("NDArray.neg() of complex numbers", Tolerance.EQUAL, 0, NDArray::neg));
        // A part of a product is a difference of products of up to some 10.
        list.add(
                one(
                        "NDArray.square() of complex numbers",
                        Tolerance.near(400, 4),
                        0,
                        NDArray::square));
        list.add(one("NDArray.sum() of complex numbers", Tolerance.sums(1), 0, NDArray::sum));
        list.add(
                one(
                        "NDArray.mean(int[]) of complex numbers",
                        Tolerance.sums(1),
                        1,
                        a -> a.mean(new int[] {0})));
        list.add(
                one(
                        "NDArray.cumSum(int) of complex numbers",
                        Tolerance.sums(1),
                        1,
                        a -> a.cumSum(-1)));
        list.add(
                one(
                        "NDArray.transpose() of complex numbers",
                        Tolerance.EXACT,
                        0,
                        NDArray::transpose));
        list.add(
                one(
                        "NDArray.get(NDIndex) of complex numbers",
                        Tolerance.EXACT,
                        1,
                        a -> a.get(new NDIndex("::2"))));
        list.add(
                one("NDArray.flip(int...) of complex numbers", Tolerance.EXACT, 1, a -> a.flip(0)));
        list.add(
                one(
                        "NDArray.toType(DataType, boolean) of complex numbers",
                        Tolerance.EXACT,
                        0,
                        a -> a.toType(DataType.COMPLEX64, true)));
        list.add(
                one(
                        "NDArray.toType(FLOAT32, boolean) of complex numbers",
                        Tolerance.EXACT,
                        0,
                        a -> a.toType(DataType.FLOAT32, true)));
        list.add(one("NDArray.isNaN() of complex numbers", Tolerance.EXACT, 0, NDArray::isNaN));
        list.add(two("NDArray.add(NDArray)", Tolerance.ROUNDED, NDArray::add));
        list.add(two("NDArray.sub(NDArray)", Tolerance.ROUNDED, NDArray::sub));
        list.add(two("NDArray.mul(NDArray)", Tolerance.near(400, 4), NDArray::mul));
        list.add(quotient());
        list.add(two("NDArray.eq(NDArray)", Tolerance.EXACT, NDArray::eq));
        list.add(two("NDArray.neq(NDArray)", Tolerance.EXACT, NDArray::neq));
        list.add(
                two(
                        "NDArray.concat(NDArray, int)",
                        Tolerance.EXACT,
                        (a, b) -> a.flatten().concat(b.flatten(), 0)));
        list.add(
                two(
                        "NDArrays.where(NDArray, NDArray, NDArray)",
                        Tolerance.EXACT,
                        (a, b) -> NDArrays.where(a.eq(a.conj()), a, b)));
        list.add(matMul());
        return list;
    }

    private static NDArray shown(NDArray result) {
        return result.getDataType() == DataType.COMPLEX64 ? result.real() : result;
    }

    /** Draws pairs of FLOAT32. */
    private static Operand pairs(Draw draw, Values values, long... shape) {
        long[] pairs = Arrays.copyOf(shape, shape.length + 1);
        pairs[shape.length] = 2;
        return draw.add(DataType.FLOAT32, values, pairs);
    }

    /** PyTorch's pairs must lie side by side; here any view will do. */
    static NDArray onPeer(NDArray pairs) {
        return pairs.getManager().create(pairs.toFloatArray(), pairs.getShape()).complex();
    }

    private static Operation one(
            String name, Tolerance tolerance, int minRank, UnaryOperator<NDArray> function) {
        return Operation.of(
                name,
                tolerance,
                draw -> {
                    Values values = tolerance == Tolerance.EXACT ? draw.values() : Values.REAL;
                    pairs(draw, values, draw.shape(minRank, 4));
                    return Call.of((m, x) -> shown(function.apply(x[0].complex())))
                            .instead((m, x) -> shown(function.apply(onPeer(x[0]))));
                });
    }

    /** Operands that broadcast, of which either may be real. */
    private static Operation two(String name, Tolerance tolerance, BinaryOperator<NDArray> body) {
        return two(name, tolerance, body, Values.SMALL);
    }

    private static Operation quotient() {
        // Numerator and denominator are sums of two products; the denominator is at least 1/8.
        return two("NDArray.div(NDArray)", Tolerance.near(1000, 4), NDArray::div, Values.POSITIVE);
    }

    private static Operation two(
            String name, Tolerance tolerance, BinaryOperator<NDArray> body, Values second) {
        return Operation.of(
                name + " of complex numbers",
                tolerance,
                draw -> {
                    long[] shape = draw.shape(0, 3);
                    int real = draw.note("real operand", draw.of(0, 0, 0, 1, 2));
                    long[] other = name.contains("where") ? shape.clone() : draw.partner(shape);
                    if (real == 1) {
                        draw.add(DataType.FLOAT32, Values.REAL, shape);
                    } else {
                        pairs(draw, Values.REAL, shape);
                    }
                    if (real == 2) {
                        draw.array(Draw.NUMBERS, second, other);
                    } else {
                        pairs(draw, second, other);
                    }
                    return Call.of(
                                    (m, x) ->
                                            shown(
                                                    body.apply(
                                                            real == 1 ? x[0] : x[0].complex(),
                                                            real == 2 ? x[1] : x[1].complex())))
                            .instead(
                                    (m, x) ->
                                            shown(
                                                    body.apply(
                                                            real == 1 ? x[0] : onPeer(x[0]),
                                                            real == 2 ? x[1] : onPeer(x[1]))));
                });
    }

    private static Operation matMul() {
        return Operation.of(
                "NDArray.matMul(NDArray) of complex numbers",
                Tolerance.sums(2),
                draw -> {
                    int inner = draw.size();
                    Operand a = pairs(draw, Values.REAL, draw.size(), inner);
                    pairs(draw, Values.REAL, inner, draw.size());
                    draw.note("rows", new Shape(a.shape().get(0)));
                    return Call.of((m, x) -> x[0].complex().matMul(x[1].complex()).real())
                            .instead((m, x) -> onPeer(x[0]).matMul(onPeer(x[1])).real());
                });
    }
}
