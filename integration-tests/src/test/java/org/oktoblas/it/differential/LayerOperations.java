package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import org.oktoblas.it.differential.Operation.Call;

/** What DJL's layers call: activations, linear, embedding, normalization. */
final class LayerOperations {

    private LayerOperations() {}

    /**
     * Activations subtract numbers near 1 or divide sums by them, so that they are as exact as
     * numbers of the size of 1 can be.
     */
    private static final Tolerance ACTIVATION = Tolerance.near(1, 8);

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(
                activation(
                        "relu()",
                        Tolerance.EQUAL,
                        a -> a.getNDArrayInternal().relu(),
                        x -> Math.max(x, 0)));
        list.add(activation("sigmoid()", ACTIVATION, a -> a.getNDArrayInternal().sigmoid()));
        list.add(activation("tanh()", ACTIVATION, a -> a.getNDArrayInternal().tanh()));
        list.add(
                activation(
                        "softPlus()",
                        ACTIVATION,
                        a -> a.getNDArrayInternal().softPlus(),
                        LayerOperations::softPlus));
        list.add(activation("softSign()", ACTIVATION, a -> a.getNDArrayInternal().softSign()));
        list.add(
                activation(
                        "leakyRelu(float)",
                        Tolerance.ulps(1),
                        a -> a.getNDArrayInternal().leakyRelu(0.1f),
                        x -> x > 0 ? x : 0.1f * x));
        list.add(
                activation(
                        "elu(float)",
                        ACTIVATION,
                        a -> a.getNDArrayInternal().elu(0.7f),
                        x -> elu(x, 0.7f)));
        list.add(
                activation(
                        "selu()",
                        Tolerance.near(2, 8),
                        a -> a.getNDArrayInternal().selu(),
                        x -> 1.0507009873554805 * elu(x, 1.6732632423543772)));
        list.add(
                gelu().known(
                                "the largest number of a type overflows on PyTorch's way, and is its"
                                        + " own GELU",
                                Case::special));
        list.add(
                activation(
                                "swish(1)",
                                ACTIVATION,
                                a -> a.getNDArrayInternal().swish(1),
                                LayerOperations::silu)
                        .known(
                                "PyTorch multiplies an infinity by 0 to NaN; the limit is 0",
                                Case::special)
                        .known(
                                "PyTorch's engine multiplies by a FLOAT32, which widens a FLOAT16"
                                        + " without dimensions",
                                c -> c.operand(0).rank() == 0));
        list.add(activation("swish(float)", ACTIVATION, a -> a.getNDArrayInternal().swish(1.5f)));
        list.add(activation("mish()", ACTIVATION, a -> a.getNDArrayInternal().mish()));
        list.add(linear());
        list.add(embedding());
        list.add(layerNorm());
        list.add(
                Operation.of(
                        "NDArrayEx.dropout(NDArray, float, false)",
                        Tolerance.EXACT,
                        draw -> {
                            draw.array(Draw.FLOATS, draw.values());
                            return Call.of(
                                    (m, x) -> x[0].getNDArrayInternal().dropout(x[0], 0.5f, false));
                        }));
        list.add(
                Operation.of(
                        "NDArray.oneHot(int, DataType)",
                        Tolerance.EXACT,
                        draw -> {
                            int depth = draw.note("depth", 1 + draw.below(6));
                            draw.array(
                                    Draw.NUMBERS, Values.between(0, depth - 1), draw.shape(0, 4));
                            DataType type = draw.note("type", draw.of(Draw.ALL));
                            return Call.of((m, x) -> x[0].oneHot(depth, type));
                        }));
        list.add(
                Operation.of(
                        "NDArray.oneHot(int, float, float, DataType)",
                        Tolerance.EXACT,
                        draw -> {
                            int depth = draw.note("depth", 1 + draw.below(6));
                            draw.array(
                                    Draw.INTEGERS, Values.between(0, depth - 1), draw.shape(0, 4));
                            // PyTorch's engine has only ones and zeros.
                            return Call.of((m, x) -> x[0].oneHot(depth, 5, 2, DataType.FLOAT32))
                                    .instead(
                                            (m, x) ->
                                                    x[0].oneHot(depth, DataType.FLOAT32)
                                                            .mul(3)
                                                            .add(2));
                        }));
        return list;
    }

    private static Operation activation(
            String name, Tolerance tolerance, UnaryOperator<NDArray> body) {
        return activation(name, tolerance, body, null);
    }

    /** PyTorch refuses integers here and there; these are compared with plain Java. */
    private static Operation activation(
            String name,
            Tolerance tolerance,
            UnaryOperator<NDArray> body,
            DoubleUnaryOperator plain) {
        return Operation.of(
                "NDArrayEx." + name,
                tolerance,
                draw -> {
                    draw.array(Draw.ALL, draw.values());
                    Call call = Call.of((m, x) -> body.apply(x[0]));
                    return plain == null ? call : call.reference(Reference.each(plain));
                });
    }

    /** PyTorch refuses integers, which become FLOAT32 here. */
    private static Operation gelu() {
        return Operation.of(
                "NDArrayEx.gelu()",
                ACTIVATION,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values());
                    DataType type = a.type().isFloating() ? a.type() : DataType.FLOAT32;
                    return Call.of((m, x) -> x[0].getNDArrayInternal().gelu())
                            .instead(
                                    (m, x) -> x[0].toType(type, false).getNDArrayInternal().gelu());
                });
    }

    private static double silu(double x) {
        return x == Double.NEGATIVE_INFINITY ? 0 : x / (1 + Math.exp(-x));
    }

    private static double elu(double x, double alpha) {
        return x > 0 ? x : alpha * Math.expm1(x);
    }

    private static double softPlus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    private static Operation linear() {
        return Operation.of(
                "NDArrayEx.linear(NDArray, NDArray, NDArray)",
                Tolerance.sums(2),
                draw -> {
                    long[] lead = draw.shape(0, 3);
                    int inner = draw.of(3, 1, 5, 64);
                    int outer = draw.of(4, 1, 7, 33);
                    long[] shape = Arrays.copyOf(lead, lead.length + 1);
                    shape[lead.length] = inner;
                    DataType type = draw.of(Draw.FLOATS);
                    draw.add(type, Values.REAL, shape);
                    draw.add(type, Values.REAL, outer, inner);
                    draw.add(type, Values.REAL, outer);
                    boolean bias = draw.flag("bias");
                    return Call.of(
                            (m, x) ->
                                    x[0].getNDArrayInternal()
                                            .linear(x[0], x[1], bias ? x[2] : null));
                });
    }

    private static Operation embedding() {
        return Operation.of(
                "NDArrayEx.embedding(NDArray, NDArray, SparseFormat)",
                Tolerance.EXACT,
                draw -> {
                    int rows = 1 + draw.below(6);
                    draw.array(Draw.INDICES, Values.between(0, rows - 1), draw.shape(0, 3));
                    draw.array(Draw.FLOATS, draw.values(), rows, draw.of(3, 1, 8));
                    return Call.of(
                            (m, x) ->
                                    x[0].getNDArrayInternal()
                                            .embedding(x[0], x[1], SparseFormat.DENSE));
                });
    }

    private static Operation layerNorm() {
        return Operation.of(
                "NDArrayEx.layerNorm(NDArray, Shape, NDArray, NDArray, float)",
                // Differences from the mean, over a deviation of at least sqrt(eps) = 0.1, are
                // scaled and shifted by numbers of up to some 10.
                Tolerance.near(100, 8),
                draw -> {
                    long[] shape = draw.shape(1, 4);
                    for (int i = 0; i < shape.length; i++) {
                        shape[i] = Math.max(1, shape[i]);
                    }
                    int axes = 1 + draw.below(shape.length);
                    long[] normalized =
                            Arrays.copyOfRange(shape, shape.length - axes, shape.length);
                    DataType type = draw.of(Draw.FLOATS);
                    draw.add(type, Values.REAL, shape);
                    draw.add(type, Values.REAL, normalized);
                    draw.add(type, Values.REAL, normalized);
                    return Call.of(
                            (m, x) ->
                                    x[0].getNDArrayInternal()
                                            .layerNorm(
                                                    x[0],
                                                    new Shape(normalized),
                                                    x[1],
                                                    x[2],
                                                    1e-2f));
                });
    }
}
