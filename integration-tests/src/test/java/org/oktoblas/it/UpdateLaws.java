package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Optimizers change weights as PyTorch's engine does, or as their formulas in doubles. */
abstract class UpdateLaws extends EngineParity {

    private static final int STEPS = 5;
    private static final float RATE = 0.1f;
    private static final float DECAY = 0.03f;
    private static final float RESCALE = 0.5f;
    private static final float RHO = 0.9f;
    private static final float EPSILON = 1e-4f;

    private final Target ours;

    UpdateLaws(Target ours) {
        super(ours);
        this.ours = ours;
    }

    @TestFactory
    List<DynamicTest> likePyTorch() {
        for (long[] shape : new long[][] {{4, 5}, {3}, {}, {0, 2}, {2, 3, 4}}) {
            String of = " of shape " + new Shape(shape);
            lists("sgd" + of, m -> trained(m, shape, sgd().build()));
            lists("sgd with momentum" + of, m -> trained(m, shape, sgd().optMomentum(RHO).build()));
            lists(
                    "sgd of all" + of,
                    m ->
                            trained(
                                    m,
                                    shape,
                                    sgd().optMomentum(0.5f)
                                            .optWeightDecays(DECAY)
                                            .setRescaleGrad(RESCALE)
                                            .build()));
            lists("adam" + of, m -> trained(m, shape, Optimizer.adam().build()));
            lists(
                    "adam of all" + of,
                    m ->
                            trained(
                                    m,
                                    shape,
                                    Optimizer.adam()
                                            .optLearningRateTracker(Tracker.fixed(RATE))
                                            .optWeightDecays(DECAY)
                                            .setRescaleGrad(RESCALE)
                                            .build()));
            lists(
                    "adamW" + of,
                    m ->
                            trained(
                                    m,
                                    shape,
                                    Optimizer.adamW()
                                            .optLearningRateTracker(Tracker.fixed(RATE))
                                            .optWeightDecays(DECAY)
                                            .build()));
        }
        // PyTorch's engine limits gradients from above only.
        lists("clipped", m -> clipped(m, sgd().optClipGrad(0.4f).build()));
        lists("clipped adam", m -> clipped(m, Optimizer.adam().optClipGrad(0.4f).build()));
        return tests;
    }

    private static ai.djl.training.optimizer.Sgd.Builder sgd() {
        return Optimizer.sgd().setLearningRateTracker(Tracker.fixed(RATE));
    }

    private static NDList trained(NDManager manager, long[] shape, Optimizer optimizer) {
        NDArray weight = floats(manager, shape);
        for (int step = 0; step < STEPS; step++) {
            optimizer.update("weight", weight, floats(manager, shape).mul(step - 1.5f));
        }
        return new NDList(weight);
    }

    private static NDList clipped(NDManager manager, Optimizer optimizer) {
        NDArray weight = floats(manager, 4, 5);
        for (int step = 0; step < STEPS; step++) {
            optimizer.update("weight", weight, floats(manager, 4, 5).abs());
        }
        return new NDList(weight);
    }

    /** The rule of one element: weight and states, changed by a gradient. */
    private interface Rule {
        void step(double[] values, double gradient);
    }

    private void check(String name, int states, BiConsumer<NDArrayEx, NDList> update, Rule rule) {
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
            try (NDManager m = ours.newManager()) {
                // A transposed view, whose elements do not lie in order.
                NDArray weight = floats(m, 4, 3).toType(type, false).transpose();
                NDList inputs = new NDList(weight, null);
                for (int i = 0; i < states; i++) {
                    inputs.add(weight.zerosLike());
                }
                double[][] expected = new double[12][1 + states];
                for (int i = 0; i < 12; i++) {
                    expected[i][0] = doubles(weight)[i];
                }
                Random random = new Random(7);
                for (int step = 0; step < STEPS; step++) {
                    double[] gradients = new double[12];
                    for (int i = 0; i < 12; i++) {
                        gradients[i] = (float) random.nextGaussian() * 3;
                        double scaled = gradients[i] * RESCALE;
                        scaled = Math.max(-0.8f, Math.min(0.8f, scaled));
                        rule.step(expected[i], scaled + DECAY * expected[i][0]);
                    }
                    NDArray gradient = m.create(gradients, new Shape(3, 4)).toType(type, false);
                    inputs.set(1, gradient);
                    update.accept(weight.getNDArrayInternal(), inputs);
                    for (int i = 0; i < 12; i++) {
                        assertEquals(gradients[i], doubles(gradient)[i], 1e-6, "gradient");
                        for (int k = 0; k <= states; k++) {
                            double actual = doubles(inputs.get(k == 0 ? 0 : k + 1))[i];
                            assertEquals(expected[i][k], actual, 5e-6, name + " of " + type);
                        }
                    }
                }
            }
        }
    }

    private static double[] doubles(NDArray array) {
        return array.toType(DataType.FLOAT64, false).toDoubleArray();
    }

    private static final float LIMIT = 0.8f;

    @Test
    void sgdByFormula() {
        check(
                "sgd",
                1,
                (ex, in) ->
                        ex.sgdUpdate(
                                in, new NDList(in.get(0)), RATE, DECAY, RESCALE, LIMIT, RHO, true),
                (v, g) -> {
                    v[1] = RHO * v[1] + RATE * g;
                    v[0] -= v[1];
                });
    }

    @Test
    void nagByFormula() {
        check(
                "nag",
                1,
                (ex, in) ->
                        ex.nagUpdate(in, new NDList(in.get(0)), RATE, DECAY, RESCALE, LIMIT, RHO),
                (v, g) -> {
                    v[1] = RHO * v[1] + g;
                    v[0] -= RATE * (g + RHO * v[1]);
                });
        check(
                "nag without momentum",
                0,
                (ex, in) -> ex.nagUpdate(in, new NDList(in.get(0)), RATE, DECAY, RESCALE, LIMIT, 0),
                (v, g) -> v[0] -= RATE * g);
    }

    @Test
    void adamByFormula() {
        check(
                "adam",
                2,
                (ex, in) ->
                        ex.adamUpdate(
                                in,
                                new NDList(in.get(0)),
                                9,
                                RATE,
                                DECAY,
                                RESCALE,
                                LIMIT,
                                RHO,
                                0.99f,
                                EPSILON,
                                true,
                                false),
                (v, g) -> {
                    v[1] = RHO * v[1] + (1 - RHO) * g;
                    v[2] = 0.99f * v[2] + (1 - 0.99f) * g * g;
                    v[0] -= RATE * v[1] / (Math.sqrt(v[2]) + EPSILON);
                });
    }

    @Test
    void adagradByFormula() {
        check(
                "adagrad",
                1,
                (ex, in) ->
                        ex.adagradUpdate(
                                in, new NDList(in.get(0)), RATE, DECAY, RESCALE, LIMIT, EPSILON),
                (v, g) -> {
                    v[1] += g * g;
                    v[0] -= RATE * g / (Math.sqrt(v[1]) + EPSILON);
                });
    }

    @Test
    void rmspropByFormula() {
        check(
                "rmsprop",
                1,
                (ex, in) -> rmsprop(ex, in, false),
                (v, g) -> {
                    v[1] = RHO * v[1] + (1 - RHO) * g * g;
                    v[0] -= RATE * g / (Math.sqrt(v[1]) + EPSILON);
                });
        check(
                "centered rmsprop",
                3,
                (ex, in) -> rmsprop(ex, in, true),
                (v, g) -> {
                    v[1] = RHO * v[1] + (1 - RHO) * g;
                    v[2] = RHO * v[2] + (1 - RHO) * g * g;
                    v[3] = 0.7f * v[3] - RATE * g / Math.sqrt(v[2] - v[1] * v[1] + EPSILON);
                    v[0] += v[3];
                });
    }

    private static void rmsprop(NDArrayEx ex, NDList in, boolean centered) {
        ex.rmspropUpdate(
                in,
                new NDList(in.get(0)),
                RATE,
                DECAY,
                RESCALE,
                LIMIT,
                RHO,
                0.7f,
                EPSILON,
                centered);
    }

    @Test
    void adadeltaByFormula() {
        check(
                "adadelta",
                2,
                (ex, in) ->
                        ex.adadeltaUpdate(
                                in, new NDList(in.get(0)), DECAY, RESCALE, LIMIT, RHO, EPSILON),
                (v, g) -> {
                    v[1] = RHO * v[1] + (1 - RHO) * g * g;
                    double d = Math.sqrt(v[2] + EPSILON) / Math.sqrt(v[1] + EPSILON) * g;
                    v[2] = RHO * v[2] + (1 - RHO) * d * d;
                    v[0] -= d;
                });
    }

    /** The optimizers of DJL that PyTorch's engine has no rules for, from start to end. */
    @Test
    void optimizersRun() {
        try (NDManager m = ours.newManager()) {
            Optimizer[] optimizers = {
                Optimizer.nag()
                        .setLearningRateTracker(Tracker.fixed(RATE))
                        .setMomentum(RHO)
                        .build(),
                Optimizer.rmsprop().optLearningRateTracker(Tracker.fixed(RATE)).build(),
                Optimizer.rmsprop()
                        .optLearningRateTracker(Tracker.fixed(0.01f))
                        .optCentered(true)
                        .build(),
                Optimizer.adadelta().optEpsilon(0.01f).build()
            };
            for (Optimizer optimizer : optimizers) {
                NDArray weight = floats(m, 4, 5);
                float before = weight.square().sum().getFloat();
                for (int step = 0; step < 20; step++) {
                    optimizer.update("weight", weight, weight.mul(2));
                }
                float after = weight.square().sum().getFloat();
                assertTrue(after < before, optimizer + " descends: " + after);
            }
        }
    }

    /** Gradients that never change have no variance, which rounding may take below 0. */
    @Test
    void constantGradients() {
        try (NDManager m = ours.newManager()) {
            NDArray weight = floats(m, 6);
            NDArray gradient = m.create(new float[] {1, 3, 0.1f, 7.7f, 1e-3f, 1e3f});
            NDList inputs = new NDList(weight, gradient);
            for (int i = 0; i < 3; i++) {
                inputs.add(weight.zerosLike());
            }
            for (int step = 0; step < 300; step++) {
                weight.getNDArrayInternal()
                        .rmspropUpdate(
                                inputs,
                                new NDList(weight),
                                1e-4f,
                                0,
                                1,
                                -1,
                                RHO,
                                0.5f,
                                1e-8f,
                                true);
            }
            assertTrue(weight.isNaN().none().getBoolean(), weight.toString());
        }
    }

    /** Half precision is rounded once a step: to what float32 gives. */
    @Test
    void halfPrecision() {
        try (NDManager m = ours.newManager()) {
            NDArray weight = floats(m, 4, 5).toType(DataType.FLOAT16, false);
            NDArray gradient = floats(m, 4, 5).muli(1e-3f).toType(DataType.FLOAT16, false);
            NDArray wide = weight.toType(DataType.FLOAT32, false);
            NDArray wideGradient = gradient.toType(DataType.FLOAT32, false);
            NDList halves = new NDList(weight, gradient, weight.zerosLike());
            NDList floats = new NDList(wide, wideGradient, wide.zerosLike());
            for (NDList in : new NDList[] {halves, floats}) {
                in.get(0)
                        .getNDArrayInternal()
                        .rmspropUpdate(
                                in,
                                new NDList(in.get(0)),
                                RATE,
                                DECAY,
                                1,
                                -1,
                                RHO,
                                0,
                                1e-8f,
                                false);
            }
            assertEquals(wide.toType(DataType.FLOAT16, false), weight);
            assertEquals(floats.get(2).toType(DataType.FLOAT16, false), halves.get(2));
        }
    }

    @Test
    void refusals() {
        try (NDManager m = ours.newManager()) {
            NDArray weight = floats(m, 3);
            refused(new NDList(weight, floats(m, 3)), "arrays of state");
            refused(new NDList(weight, floats(m, 4), floats(m, 3)), "shape");
            refused(new NDList(weight, floats(m, 3), integers(m, 3, 3)), "floating point");
            try (NDManager other = ours.peer().newManager()) {
                // Another engine's, or, without that, on another device.
                refused(new NDList(weight, floats(m, 3), floats(other, 3)), "one");
            }
        }
    }

    private static void refused(NDList inputs, String word) {
        NDArrayEx ex = inputs.get(0).getNDArrayInternal();
        NDList weights = new NDList(inputs.get(0));
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class,
                        () -> ex.adagradUpdate(inputs, weights, RATE, 0, 1, -1, EPSILON));
        assertTrue(e.getMessage().contains(word), e.getMessage());
    }
}
