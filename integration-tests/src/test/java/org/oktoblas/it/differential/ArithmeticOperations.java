package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.BinaryOperator;
import java.util.function.DoubleBinaryOperator;
import org.oktoblas.it.differential.Operation.Call;

/** Arithmetic of two operands, the second an array or a number, to a new array or in place. */
final class ArithmeticOperations {

    private ArithmeticOperations() {}

    /** Both libraries' pow is right to within a few units; doubles stand for the 16-bit types. */
    private static final String HUGE =
            "PyTorch's remainder of the largest numbers is NaN where its vector code runs";

    static final Tolerance POWER = Tolerance.ulps(8);

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(arrays("NDArray.add(NDArray)", NDArray::add, Double::sum));
        list.add(arrays("NDArray.sub(NDArray)", NDArray::sub, (a, b) -> a - b));
        list.add(arrays("NDArray.mul(NDArray)", NDArray::mul, (a, b) -> a * b));
        list.add(arrays("NDArray.div(NDArray)", NDArray::div, (a, b) -> a / b));
        list.add(remainder("NDArray.mod(NDArray)", NDArray::mod, ArithmeticOperations::mod));
        list.add(power("NDArray.pow(NDArray)", NDArray::pow));
        list.add(arrays("NDArray.maximum(NDArray)", Tolerance.EQUAL, NDArray::maximum, Math::max));
        list.add(arrays("NDArray.minimum(NDArray)", Tolerance.EQUAL, NDArray::minimum, Math::min));
        list.add(angle());
        // DJL stacks what there is and takes the sum or the product, so that not each step rounds.
        list.add(several("NDArrays.add(NDArray...)", (a, b) -> NDArrays.add(a, b, a)));
        list.add(several("NDArrays.mul(NDArray...)", (a, b) -> NDArrays.mul(a, b, a)));
        list.add(arrays("NDArrays.sub(NDArray, NDArray)", NDArrays::sub, null));
        list.add(arrays("NDArrays.div(NDArray, NDArray)", NDArrays::div, null));
        list.add(
                arrays(
                        "NDArrays.maximum(NDArray, NDArray)",
                        Tolerance.EQUAL,
                        NDArrays::maximum,
                        null));
        list.add(
                arrays(
                        "NDArrays.minimum(NDArray, NDArray)",
                        Tolerance.EQUAL,
                        NDArrays::minimum,
                        null));
        list.add(remainder("NDArrays.mod(NDArray, NDArray)", NDArrays::mod, null));

        list.add(number("NDArray.add(Number)", NDArray::add));
        list.add(number("NDArray.sub(Number)", NDArray::sub));
        list.add(number("NDArray.mul(Number)", NDArray::mul));
        list.add(number("NDArray.div(Number)", NDArray::div));
        list.add(remainder("NDArray.mod(Number)", NDArray::mod));
        list.add(powerOfNumber("NDArray.pow(Number)", NDArray::pow));
        list.add(number("NDArray.maximum(Number)", Tolerance.EQUAL, NDArray::maximum));
        list.add(number("NDArray.minimum(Number)", Tolerance.EQUAL, NDArray::minimum));
        list.add(number("NDArrays.add(Number, NDArray)", (a, n) -> NDArrays.add(n, a)));
        list.add(number("NDArrays.sub(Number, NDArray)", (a, n) -> NDArrays.sub(n, a)));
        list.add(number("NDArrays.mul(Number, NDArray)", (a, n) -> NDArrays.mul(n, a)));
        list.add(converted(number("NDArrays.div(Number, NDArray)", (a, n) -> NDArrays.div(n, a))));
        list.add(
                converted(
                        remainder("NDArrays.mod(Number, NDArray)", (a, n) -> NDArrays.mod(n, a))));
        list.add(
                converted(
                        powerOfNumber(
                                "NDArrays.pow(Number, NDArray)", (a, n) -> NDArrays.pow(n, a))));
        list.add(
                number(
                        "NDArrays.maximum(Number, NDArray)",
                        Tolerance.EQUAL,
                        (a, n) -> NDArrays.maximum(n, a)));
        list.add(
                number(
                        "NDArrays.minimum(Number, NDArray)",
                        Tolerance.EQUAL,
                        (a, n) -> NDArrays.minimum(n, a)));
        list.add(
                converted(
                        number(
                                "NDArrayEx.rdiv(Number)",
                                (a, n) -> a.getNDArrayInternal().rdiv(n))));
        list.add(number("NDArrayEx.rsub(Number)", (a, n) -> a.getNDArrayInternal().rsub(n)));
        list.add(
                converted(
                        remainder(
                                "NDArrayEx.rmod(Number)",
                                (a, n) -> a.getNDArrayInternal().rmod(n))));
        list.add(
                converted(
                        powerOfNumber(
                                "NDArrayEx.rpow(Number)",
                                (a, n) -> a.getNDArrayInternal().rpow(n))));

        list.add(arrays("NDArray.addi(NDArray)", NDArray::addi, null).changing());
        list.add(arrays("NDArray.subi(NDArray)", NDArray::subi, null).changing());
        list.add(arrays("NDArray.muli(NDArray)", NDArray::muli, null).changing());
        list.add(arrays("NDArray.divi(NDArray)", NDArray::divi, null).changing());
        list.add(remainder("NDArray.modi(NDArray)", NDArray::modi, null).changing());
        list.add(power("NDArray.powi(NDArray)", NDArray::powi).changing());
        list.add(number("NDArray.addi(Number)", NDArray::addi).changing());
        list.add(number("NDArray.subi(Number)", NDArray::subi).changing());
        list.add(number("NDArray.muli(Number)", NDArray::muli).changing());
        list.add(number("NDArray.divi(Number)", NDArray::divi).changing());
        list.add(remainder("NDArray.modi(Number)", NDArray::modi).changing());
        list.add(powerOfNumber("NDArray.powi(Number)", NDArray::powi).changing());
        list.add(
                number("NDArrayEx.rsubi(Number)", (a, n) -> a.getNDArrayInternal().rsubi(n))
                        .changing());
        list.add(
                reversed(
                        "NDArrayEx.rdivi(Number)",
                        Draw.FLOATS,
                        (a, n) -> a.getNDArrayInternal().rdivi(n),
                        (a, n) -> a.getNDArrayInternal().rdiv(n)));
        list.add(
                converted(
                        reversed(
                                "NDArrayEx.rmodi(Number)",
                                Draw.NUMBERS,
                                (a, n) -> a.getNDArrayInternal().rmodi(n),
                                (a, n) -> a.getNDArrayInternal().rmod(n))));
        list.add(arrays("NDArrayEx.rsub(NDArray)", (a, b) -> a.getNDArrayInternal().rsub(b), null));
        list.add(arrays("NDArrayEx.rdiv(NDArray)", (a, b) -> a.getNDArrayInternal().rdiv(b), null));
        list.add(
                remainder(
                        "NDArrayEx.rmod(NDArray)", (a, b) -> a.getNDArrayInternal().rmod(b), null));
        list.add(
                arrays("NDArrayEx.rsubi(NDArray)", (a, b) -> a.getNDArrayInternal().rsubi(b), null)
                        .changing());
        list.add(ofItself("NDArray.addi(NDArray) of itself", NDArray::addi));
        list.add(ofItself("NDArray.muli(NDArray) of itself", NDArray::muli));
        return list;
    }

    /** Marks DJL's way to turn the number into the array's type before anything else. */
    private static Operation converted(Operation operation) {
        return operation.known(
                "DJL makes the number one of the array's type, and C++ leaves open what integers"
                        + " become of NaN, infinities and what is out of range",
                c ->
                        !c.operand(0).type().isFloating()
                                && (c.noted("number NaN (Float)")
                                        || c.noted("number Infinity (Double)")
                                        || c.noted("number -1.5 (Float)")
                                        || c.noted("number -0.25 (Double)")
                                        || c.noted("number 1.0E10 (Double)")));
    }

    /** The remainder of division that rounds down, with the divisor's sign. */
    private static double mod(double a, double b) {
        double rest = a % b;
        return rest != 0 && rest < 0 != b < 0 ? rest + b : rest;
    }

    static Operation arrays(String name, BinaryOperator<NDArray> body, DoubleBinaryOperator plain) {
        return arrays(name, Tolerance.ROUNDED, body, plain);
    }

    private static Operation arrays(
            String name,
            Tolerance tolerance,
            BinaryOperator<NDArray> body,
            DoubleBinaryOperator plain) {
        return Operation.of(
                name,
                tolerance,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values());
                    draw.array(Draw.ALL, draw.values(), draw.partner(a.shape().getShape()));
                    Call call = Call.of((m, x) -> body.apply(x[0], x[1]));
                    return plain == null ? call : call.reference(Reference.pairs(plain));
                });
    }

    /**
     * The remainder. The smallest integer of a type by −1 takes the process down in PyTorch, so
     * that there are no extreme integers here.
     */
    static Operation remainder(
            String name, BinaryOperator<NDArray> body, DoubleBinaryOperator plain) {
        return Operation.of(
                        name,
                        Tolerance.ROUNDED,
                        draw -> {
                            Operand a = draw.array(Draw.ALL, tame(draw));
                            draw.array(Draw.ALL, tame(draw), draw.partner(a.shape().getShape()));
                            Call call = Call.of((m, x) -> body.apply(x[0], x[1]));
                            return plain == null ? call : call.reference(Reference.pairs(plain));
                        })
                .known(HUGE, Case::special);
    }

    static Operation remainder(String name, BiFunction<NDArray, Number, NDArray> body) {
        return Operation.of(
                        name,
                        Tolerance.ROUNDED,
                        draw -> {
                            draw.array(Draw.ALL, tame(draw));
                            Number number = draw.tameNumber();
                            return Call.of((m, x) -> body.apply(x[0], number));
                        })
                .known(HUGE, Case::special);
    }

    private static Values tame(Draw draw) {
        return draw.of(Values.REAL, Values.SMALL, Values.SPECIAL_FLOATS);
    }

    static Operation several(String name, BinaryOperator<NDArray> body) {
        return Operation.of(
                name,
                Tolerance.near(16, 2),
                draw -> {
                    Operand a = draw.array(Draw.ALL, Values.REAL);
                    draw.array(Draw.ALL, Values.REAL, a.shape().getShape());
                    return Call.of((m, x) -> body.apply(x[0], x[1]));
                });
    }

    static Operation power(String name, BinaryOperator<NDArray> body) {
        return Operation.of(
                name,
                POWER,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values());
                    draw.array(
                            Draw.ALL,
                            draw.of(Values.between(0, 3), Values.between(-2, 2), Values.REAL),
                            draw.partner(a.shape().getShape()));
                    return Call.of((m, x) -> body.apply(x[0], x[1]));
                });
    }

    static Operation number(String name, BiFunction<NDArray, Number, NDArray> body) {
        return number(name, Tolerance.ROUNDED, body);
    }

    private static Operation number(
            String name, Tolerance tolerance, BiFunction<NDArray, Number, NDArray> body) {
        return Operation.of(
                name,
                tolerance,
                draw -> {
                    draw.array(Draw.ALL, draw.values());
                    Number number = draw.number();
                    return Call.of((m, x) -> body.apply(x[0], number));
                });
    }

    /** An operation in place that PyTorch's engine has only as one that makes a new array. */
    static Operation reversed(
            String name,
            DataType[] types,
            BiFunction<NDArray, Number, NDArray> body,
            BiFunction<NDArray, Number, NDArray> making) {
        return Operation.of(
                        name,
                        Tolerance.ROUNDED,
                        draw -> {
                            draw.array(types, tame(draw));
                            Number number = draw.tameNumber();
                            return Call.of((m, x) -> body.apply(x[0], number))
                                    .instead(
                                            (m, x) -> {
                                                NDArray made = making.apply(x[0], number);
                                                x[0].set(new NDIndex("..."), made);
                                                return x[0];
                                            });
                        })
                .changing();
    }

    static Operation powerOfNumber(String name, BiFunction<NDArray, Number, NDArray> body) {
        return Operation.of(
                name,
                POWER,
                draw -> {
                    draw.array(Draw.ALL, draw.of(Values.between(-3, 3), Values.REAL));
                    Number number = draw.number();
                    return Call.of((m, x) -> body.apply(x[0], number));
                });
    }

    private static Operation angle() {
        return Operation.of(
                "NDArray.atan2(NDArray)",
                Tolerance.ulps(4),
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values());
                    draw.array(Draw.ALL, draw.values(), draw.partner(a.shape().getShape()));
                    return Call.of((m, x) -> x[0].atan2(x[1]))
                            .reference(Reference.pairs(Math::atan2));
                });
    }

    /** One array on both sides, of a type that takes the result. */
    private static Operation ofItself(String name, BinaryOperator<NDArray> body) {
        DataType[] types = Draw.NUMBERS;
        return Operation.of(
                        name,
                        Tolerance.ROUNDED,
                        draw -> {
                            draw.array(types, draw.values());
                            return Call.of((m, x) -> body.apply(x[0], x[0]));
                        })
                .changing();
    }
}
