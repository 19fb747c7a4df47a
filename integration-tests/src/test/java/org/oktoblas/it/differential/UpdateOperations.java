package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.List;
import org.oktoblas.it.differential.Operation.Call;

/**
 * Optimizers' rules. The operands are a weight, its gradient and states; the weight and the states
 * are compared as the operands that they became. PyTorch's engine has two of the rules; the
 * formulas of the others are written out for it.
 */
final class UpdateOperations {

    private static final float RHO = 0.9f;
    private static final float EPSILON = 1e-2f;

    /** A few operations on numbers of up to some 25, over roots of at least 0.01. */
    private static final Tolerance FORMULA = Tolerance.near(200, 8);

    private UpdateOperations() {}

    /** The numbers that all rules take. */
    private record Rates(float rate, float decay, float rescale, float clip) {

        /** Changes a copy of a gradient as every rule starts, with a weight's decay. */
        NDArray gradient(NDArray weight, NDArray gradient) {
            NDArray scaled = gradient.mul(rescale);
            if (clip > 0) {
                scaled = scaled.clip(-clip, clip);
            }
            return scaled.add(weight.mul(decay));
        }
    }

    private interface Rule {
        void change(NDArray[] x, Rates rates);
    }

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        list.add(rule("sgdUpdate(...)", 0, (x, r) -> sgd(x, r, 0), null));
        list.add(rule("sgdUpdate(...) with momentum", 1, (x, r) -> sgd(x, r, RHO), null));
        list.add(rule("adamUpdate(...)", 2, (x, r) -> adam(x, r, false), null));
        list.add(rule("adamUpdate(...) as adamw", 2, (x, r) -> adam(x, r, true), null));
        list.add(
                rule(
                        "nagUpdate(...)",
                        1,
                        (x, r) ->
                                x[0].getNDArrayInternal()
                                        .nagUpdate(
                                                new NDList(x),
                                                new NDList(x[0]),
                                                r.rate,
                                                r.decay,
                                                r.rescale,
                                                r.clip,
                                                RHO),
                        (x, r) -> {
                            NDArray g = r.gradient(x[0], x[1]);
                            x[2].muli(RHO).addi(g);
                            x[0].subi(g.add(x[2].mul(RHO)).mul(r.rate));
                        }));
        list.add(
                rule(
                        "adagradUpdate(...)",
                        1,
                        (x, r) ->
                                x[0].getNDArrayInternal()
                                        .adagradUpdate(
                                                new NDList(x),
                                                new NDList(x[0]),
                                                r.rate,
                                                r.decay,
                                                r.rescale,
                                                r.clip,
                                                EPSILON),
                        (x, r) -> {
                            NDArray g = r.gradient(x[0], x[1]);
                            x[2].addi(g.square());
                            x[0].subi(g.mul(r.rate).div(x[2].sqrt().add(EPSILON)));
                        }));
        list.add(
                rule(
                        "rmspropUpdate(...)",
                        1,
                        (x, r) -> rmsprop(x, r, false),
                        (x, r) -> {
                            NDArray g = r.gradient(x[0], x[1]);
                            mean(x[2], g.square());
                            x[0].subi(g.mul(r.rate).div(x[2].sqrt().add(EPSILON)));
                        }));
        list.add(
                rule(
                        "adadeltaUpdate(...)",
                        2,
                        (x, r) ->
                                x[0].getNDArrayInternal()
                                        .adadeltaUpdate(
                                                new NDList(x),
                                                new NDList(x[0]),
                                                r.decay,
                                                r.rescale,
                                                r.clip,
                                                RHO,
                                                EPSILON),
                        (x, r) -> {
                            NDArray g = r.gradient(x[0], x[1]);
                            mean(x[2], g.square());
                            NDArray ratio = x[3].add(EPSILON).div(x[2].add(EPSILON)).sqrt();
                            NDArray d = ratio.mul(g);
                            mean(x[3], d.square());
                            x[0].subi(d);
                        }));
        list.add(centered());
        return list;
    }

    private static void mean(NDArray state, NDArray next) {
        state.muli(RHO).addi(next.mul(1 - RHO));
    }

    private static void sgd(NDArray[] x, Rates r, float momentum) {
        x[0].getNDArrayInternal()
                .sgdUpdate(
                        new NDList(x),
                        new NDList(x[0]),
                        r.rate,
                        r.decay,
                        r.rescale,
                        r.clip,
                        momentum,
                        false);
    }

    private static void adam(NDArray[] x, Rates r, boolean adamw) {
        x[0].getNDArrayInternal()
                .adamUpdate(
                        new NDList(x),
                        new NDList(x[0]),
                        r.rate,
                        r.rate * 1.5f,
                        r.decay,
                        r.rescale,
                        r.clip,
                        RHO,
                        0.99f,
                        EPSILON,
                        false,
                        adamw);
    }

    private static void rmsprop(NDArray[] x, Rates r, boolean centered) {
        x[0].getNDArrayInternal()
                .rmspropUpdate(
                        new NDList(x),
                        new NDList(x[0]),
                        r.rate,
                        r.decay,
                        r.rescale,
                        r.clip,
                        RHO,
                        0.7f,
                        EPSILON,
                        centered);
    }

    private static Rates rates(Draw draw) {
        return new Rates(
                draw.note("rate", draw.of(0.1f, 1f, 0.01f)),
                draw.note("decay", draw.of(0f, 0.03f)),
                draw.note("rescale", draw.of(1f, 0.5f)),
                draw.note("clip", draw.of(-1f, 0.8f)));
    }

    /**
     * Runs a rule. PyTorch's engine limits gradients from above alone, so that these are positive
     * where they are limited.
     */
    private static Operation rule(String name, int states, Rule ours, Rule formula) {
        return Operation.of(
                "NDArrayEx." + name,
                FORMULA,
                draw -> {
                    Rates rates = rates(draw);
                    long[] shape = draw.shape(0, 3);
                    DataType type = draw.of(Draw.WIDE_FLOATS);
                    boolean limited = rates.clip > 0 && formula == null;
                    draw.separate(type, Values.REAL, shape);
                    draw.add(type, limited ? Values.POSITIVE : Values.REAL, shape);
                    for (int i = 0; i < states; i++) {
                        draw.separate(type, Values.POSITIVE, shape);
                    }
                    Call call = changing(ours, rates);
                    return formula == null ? call : call.instead(changing(formula, rates).body());
                });
    }

    private static Call changing(Rule rule, Rates rates) {
        return Call.of(
                (m, x) -> {
                    rule.change(x, rates);
                    return x[0];
                });
    }

    /** The centered rule's states, of which the second has to be above the first's square. */
    private static Operation centered() {
        return Operation.of(
                "NDArrayEx.rmspropUpdate(...) centered",
                FORMULA,
                draw -> {
                    Rates rates = rates(draw);
                    long[] shape = draw.shape(0, 3);
                    DataType type = draw.of(Draw.WIDE_FLOATS);
                    draw.separate(type, Values.REAL, shape);
                    draw.add(type, Values.REAL, shape);
                    draw.separate(type, Values.UNIT, shape);
                    draw.separate(type, Values.between(2, 9), shape);
                    draw.separate(type, Values.REAL, shape);
                    Rule formula =
                            (x, r) -> {
                                NDArray g = r.gradient(x[0], x[1]);
                                mean(x[2], g);
                                mean(x[3], g.square());
                                NDArray variance = x[3].sub(x[2].square()).add(EPSILON);
                                x[4].muli(0.7f).subi(g.mul(r.rate).div(variance.sqrt()));
                                x[0].addi(x[4]);
                            };
                    return changing((x, r) -> rmsprop(x, r, true), rates)
                            .instead(changing(formula, rates).body());
                });
    }
}
