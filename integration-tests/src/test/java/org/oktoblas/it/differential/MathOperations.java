package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import org.oktoblas.it.differential.Operation.Call;

/** Functions of each element. */
final class MathOperations {

    private MathOperations() {}

    /** Each side's library promises a few units in the last place. */
    private static final Tolerance LIBRARY = Tolerance.ulps(8);

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(each("neg", NDArray::neg, Tolerance.EXACT, x -> -x));
        list.add(each("abs", NDArray::abs, Tolerance.EXACT, Math::abs));
        list.add(each("sign", NDArray::sign, Tolerance.EXACT, Math::signum));
        list.add(each("square", NDArray::square, Tolerance.ROUNDED, x -> x * x));
        list.add(each("floor", NDArray::floor, Tolerance.EXACT, Math::floor));
        list.add(each("ceil", NDArray::ceil, Tolerance.EXACT, Math::ceil));
        list.add(each("round", NDArray::round, Tolerance.EXACT, Math::rint));
        list.add(
                each(
                        "trunc",
                        NDArray::trunc,
                        Tolerance.EXACT,
                        x -> x < 0 ? Math.ceil(x) : Math.floor(x)));
        list.add(each("negi", NDArray::negi, Tolerance.EXACT, null).changing());
        list.add(each("signi", NDArray::signi, Tolerance.EXACT, null).changing());
        // The vector library behind PyTorch is one unit off now and then.
        list.add(each("sqrt", NDArray::sqrt, Tolerance.ulps(1), Math::sqrt));
        list.add(cbrt());
        list.add(each("exp", NDArray::exp, LIBRARY, Math::exp));
        list.add(each("log", NDArray::log, LIBRARY, Math::log));
        list.add(each("log10", NDArray::log10, LIBRARY, Math::log10));
        list.add(each("log2", NDArray::log2, LIBRARY, x -> Math.log(x) / Math.log(2)));
        list.add(each("sin", NDArray::sin, LIBRARY, Math::sin));
        list.add(each("cos", NDArray::cos, LIBRARY, Math::cos));
        list.add(each("tan", NDArray::tan, LIBRARY, Math::tan));
        list.add(each("asin", NDArray::asin, LIBRARY, Math::asin));
        list.add(each("acos", NDArray::acos, LIBRARY, Math::acos));
        list.add(each("atan", NDArray::atan, LIBRARY, Math::atan));
        list.add(each("sinh", NDArray::sinh, LIBRARY, Math::sinh));
        list.add(each("cosh", NDArray::cosh, LIBRARY, Math::cosh));
        list.add(each("tanh", NDArray::tanh, LIBRARY, Math::tanh));
        list.add(each("asinh", NDArray::asinh, LIBRARY, MathOperations::asinh));
        list.add(each("acosh", NDArray::acosh, LIBRARY, MathOperations::acosh));
        list.add(each("atanh", NDArray::atanh, LIBRARY, MathOperations::atanh));
        list.add(each("toDegrees", NDArray::toDegrees, Tolerance.ulps(2), Math::toDegrees));
        list.add(each("toRadians", NDArray::toRadians, Tolerance.ulps(2), Math::toRadians));
        list.add(each("erf", NDArray::erf, LIBRARY, null));
        list.add(
                Operation.of(
                        "NDArray.erfinv()",
                        LIBRARY,
                        draw -> {
                            draw.array(Draw.ALL, draw.of(Values.UNIT, Values.REAL));
                            return Call.of((m, x) -> x[0].erfinv());
                        }));
        list.add(
                Operation.of(
                        "NDArray.clip(Number, Number)",
                        Tolerance.EQUAL,
                        draw -> {
                            draw.array(Draw.ALL, draw.values());
                            Number low = draw.note("low", draw.of(-1, -0.5f, 0L, 1.5, 3, (byte) 1));
                            Number high = draw.note("high", draw.of(2, 2.5f, 1L, 0.5, (byte) 3));
                            return Call.of((m, x) -> x[0].clip(low, high));
                        }));
        return list;
    }

    /**
     * PyTorch's engine takes the power of 1/3, which is NaN for negative numbers, and FLOAT64 for
     * arrays without dimensions; DJL promises the cube root.
     */
    private static Operation cbrt() {
        return Operation.of(
                "NDArray.cbrt()",
                // The exponent 1/3 is rounded by 2^-56, which the logarithm of the largest FLOAT64,
                // 710, turns into some 40 units of the peer's result.
                (expected, type, scale) ->
                        (type == DataType.FLOAT64 ? 60 : 8) * Tolerance.unit(expected, type),
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values());
                    DataType type = a.type().isFloating() ? a.type() : DataType.FLOAT32;
                    return Call.of((m, x) -> x[0].cbrt())
                            .instead(
                                    (m, x) -> {
                                        NDArray wide = x[0].toType(DataType.FLOAT64, false);
                                        NDArray root = wide.abs().pow(1.0 / 3).toType(type, false);
                                        NDArray negative = wide.lt(0);
                                        return NDArrays.where(negative, root.neg(), root);
                                    });
                });
    }

    private static double asinh(double x) {
        double size = Math.abs(x);
        double result =
                size > 1e8
                        ? Math.log(size) + Math.log(2)
                        : Math.log1p(size + size * size / (1 + Math.sqrt(size * size + 1)));
        return Math.copySign(result, x);
    }

    private static double acosh(double x) {
        double over = x < 1 ? Double.NaN : x - 1;
        return x > 1e8
                ? Math.log(x) + Math.log(2)
                : Math.log1p(over + Math.sqrt(2 * over + over * over));
    }

    private static double atanh(double x) {
        double size = Math.abs(x);
        return Math.copySign(Math.log1p(2 * size / (1 - size)) / 2, x);
    }

    private static Operation each(
            String name,
            UnaryOperator<NDArray> body,
            Tolerance tolerance,
            DoubleUnaryOperator plain) {
        DataType[] types = Draw.ALL;
        return Operation.of(
                "NDArray." + name + "()",
                tolerance,
                draw -> {
                    draw.array(types, draw.values());
                    Call call = Call.of((m, x) -> body.apply(x[0]));
                    return plain == null ? call : call.reference(Reference.each(plain));
                });
    }
}
