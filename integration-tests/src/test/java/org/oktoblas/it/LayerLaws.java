package org.oktoblas.it;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Normalization, dropout and parametric activation give what PyTorch gives, or the definition. */
abstract class LayerLaws extends EngineParity {

    LayerLaws(Target ours) {
        super(ours);
    }

    @TestFactory
    List<DynamicTest> batchNorm() {
        long[][] shapes = {{4, 6}, {3, 6, 5}, {3, 6, 5, 4}, {2, 6, 3, 4, 5}};
        for (long[] shape : shapes) {
            for (boolean training : new boolean[] {false, true}) {
                String name = " " + new Shape(shape) + (training ? " in training" : "");
                for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
                    lists(
                            "batchNorm " + type + name,
                            m -> normalize(floats(m, type, shape), -1, training));
                }
                reference(
                        "batchNorm without gamma and beta" + name,
                        m ->
                                normalize(
                                        floats(m, shape),
                                        1,
                                        training,
                                        m.ones(new Shape(6)),
                                        m.zeros(new Shape(6))),
                        m -> normalize(floats(m, shape), 1, training, null, null));
                lists(
                        "batchNorm of float16 by float32" + name,
                        m -> normalize(floats(m, DataType.FLOAT16, shape), -1, training));
            }
        }
        for (int axis = 2; axis < 4; axis++) {
            int a = axis;
            lists("batchNorm axis " + axis, m -> normalize(floats(m, 3, 2, 6, 6), a, true));
        }
        // The variance of the numbers far from zero, not that of their squares.
        reference(
                "batchNorm far from zero",
                m -> {
                    NDArray input = far(m).toType(DataType.FLOAT64, false);
                    NDArray variance = normalize(input, 1, true).get(2);
                    return new NDList(variance.toType(DataType.FLOAT32, false));
                },
                m -> new NDList(normalize(far(m), 1, true).get(2)));
        return tests;
    }

    private static NDArray far(NDManager m) {
        return floats(m, 8, 6, 5).mul(0.1f).add(100);
    }

    private static NDList normalize(NDArray input, int axis, boolean training) {
        NDManager m = input.getManager();
        DataType type = parameters(input);
        NDArray gamma = floats(m, type, 3, 6).get(1);
        return normalize(input, axis, training, gamma, floats(m, type, 4, 6).get(1));
    }

    private static DataType parameters(NDArray input) {
        boolean half = input.getDataType() == DataType.FLOAT16;
        return half ? DataType.FLOAT32 : input.getDataType();
    }

    /** Returns the result and the running numbers afterwards. */
    private static NDList normalize(
            NDArray input, int axis, boolean training, NDArray gamma, NDArray beta) {
        NDManager m = input.getManager();
        NDArray mean = floats(m, parameters(input), 6);
        NDArray variance = floats(m, parameters(input), 2, 6).abs().get(1).duplicate();
        NDList result =
                input.getNDArrayInternal()
                        .batchNorm(input, mean, variance, gamma, beta, axis, 0.8f, 1e-3f, training);
        return new NDList(result.singletonOrThrow(), mean, variance);
    }

    @TestFactory
    List<DynamicTest> prelu() {
        for (Shape alpha : List.of(new Shape(), new Shape(1), new Shape(3))) {
            for (Shape input : List.of(new Shape(2, 3), new Shape(2, 3, 4, 5))) {
                reference(
                        "prelu " + input + " alpha " + alpha,
                        m -> {
                            NDArray x = floats(m, input.getShape());
                            double[] values = LayerReference.doubles(x);
                            double[] slopes = LayerReference.doubles(floats(m, alpha.getShape()));
                            int inner = (int) (input.size() / 6);
                            for (int i = 0; i < values.length; i++) {
                                double slope = slopes[i / inner % 3 % slopes.length];
                                values[i] *= values[i] > 0 ? 1 : slope;
                            }
                            return new NDList(
                                    m.create(values, input).toType(DataType.FLOAT32, false));
                        },
                        m -> {
                            NDArray x = floats(m, input.getShape());
                            return x.getNDArrayInternal().prelu(x, floats(m, alpha.getShape()));
                        });
            }
        }
        return tests;
    }

    @TestFactory
    List<DynamicTest> dropout() {
        for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT16}) {
            drop(type + " at rate 0", type, 0);
            drop(type + " at rate 0.3", type, 0.3f);
            drop(type + " at rate 1", type, 1);
        }
        reference(
                "dropout again from a seed",
                m -> new NDList(m.zeros(new Shape(), DataType.INT64)),
                m -> {
                    NDArray ones = m.ones(new Shape(100));
                    m.getEngine().setRandomSeed(5);
                    NDArray first = dropped(ones, 0.5f);
                    NDArray second = dropped(ones, 0.5f);
                    m.getEngine().setRandomSeed(5);
                    NDArray again = dropped(ones, 0.5f);
                    Assertions.assertNotEquals(first, second);
                    return new NDList(first.neq(again).countNonzero());
                });
        return tests;
    }

    private static NDArray dropped(NDArray array, float rate) {
        return array.getNDArrayInternal().dropout(array, rate, true).singletonOrThrow();
    }

    /** Each element is zero or divided by 1 - rate; how many are zero is within 5 deviations. */
    private void drop(String name, DataType type, float rate) {
        long count = 20_000;
        reference(
                "dropout " + name,
                m -> {
                    NDArray input = m.arange(1f, count + 1).mod(50).add(1);
                    double factor = rate == 1 ? 0 : 1 / (1 - (double) rate);
                    return new NDList(input.toType(type, false).mul(factor));
                },
                m -> {
                    NDArray input = m.arange(1f, count + 1).mod(50).add(1).toType(type, false);
                    NDArray result = dropped(input, rate);
                    long zeros = count - result.countNonzero().getLong();
                    double deviation = Math.sqrt(count * rate * (1.0 - rate));
                    Assertions.assertEquals(count * (double) rate, zeros, 5 * deviation + 1e-9);
                    // Where there is a zero, what would have been there otherwise.
                    NDArray whole = input.mul(rate == 1 ? 0 : 1 / (1 - rate));
                    return new NDList(NDArrays.where(result.neq(0), result, whole));
                });
    }

    @TestFactory
    List<DynamicTest> refusals() {
        Shape one = new Shape(1, 1);
        refused(
                "weights of other channels",
                "convolution of an array of shape [2, 3, 8, 8] with a weight of shape [4, 2, 3, 3]"
                        + " in 1 groups",
                m ->
                        floats(m, 2, 3, 8, 8)
                                .getNDArrayInternal()
                                .convolution(
                                        floats(m, 2, 3, 8, 8),
                                        floats(m, 4, 2, 3, 3),
                                        null,
                                        one,
                                        one,
                                        one,
                                        1));
        refused(
                "a stride of other axes",
                "convolution with stride (1, 1, 1): give one number for each of the 2 axes",
                m ->
                        floats(m, 2, 3, 8, 8)
                                .getNDArrayInternal()
                                .convolution(
                                        floats(m, 2, 3, 8, 8),
                                        floats(m, 4, 3, 3, 3),
                                        null,
                                        new Shape(1, 1, 1),
                                        one,
                                        one,
                                        1));
        refused(
                "a kernel that does not fit",
                "a window of 9 elements does not fit axis 2 with padding 0",
                m ->
                        new NDList(
                                floats(m, 2, 3, 8, 8)
                                        .getNDArrayInternal()
                                        .maxPool(new Shape(9, 9), one, new Shape(0, 0), false)));
        refused(
                "too much padding",
                "padding can be half a kernel at most",
                m ->
                        new NDList(
                                floats(m, 2, 3, 8, 8)
                                        .getNDArrayInternal()
                                        .avgPool(one, one, one, false, true)));
        refused(
                "one sample in training",
                "the variance needs at least 2 elements of each channel",
                m ->
                        floats(m, 1, 6)
                                .getNDArrayInternal()
                                .batchNorm(
                                        floats(m, 1, 6),
                                        null,
                                        null,
                                        null,
                                        null,
                                        1,
                                        0.9f,
                                        1e-5f,
                                        true));
        refused(
                "a scale of another shape",
                "layerNorm over (4) needs gamma of that shape, not (1).",
                m ->
                        floats(m, 2, 4)
                                .getNDArrayInternal()
                                .layerNorm(
                                        floats(m, 2, 4), new Shape(4), floats(m, 1), null, 1e-5f));
        refused(
                "a rate that is none",
                "dropout's rate is the probability of a zero, from 0 to 1, not 1.5.",
                m -> new NDList(dropped(floats(m, 3), 1.5f)));
        refused(
                "states of another batch",
                "gru needs a state of shape [1, 3, 2], not [1, 4, 2].",
                m ->
                        floats(m, 5, 3, 4)
                                .getNDArrayInternal()
                                .gru(
                                        floats(m, 5, 3, 4),
                                        floats(m, 1, 4, 2),
                                        new NDList(floats(m, 6, 4), floats(m, 6, 2)),
                                        false,
                                        1,
                                        0,
                                        false,
                                        false,
                                        false));
        return tests;
    }

    /** A mean that could be moved stays where it is if the variance beside it cannot. */
    @TestFactory
    List<DynamicTest> refusedTraining() {
        compare(
                "running numbers after a refusal",
                (theirs, own) -> {
                    NDArray input = floats(own, 4, 6);
                    NDArray mean = own.zeros(new Shape(6));
                    NDArray variance = own.ones(new Shape(5));
                    Assertions.assertThrows(
                            IllegalArgumentException.class,
                            () ->
                                    input.getNDArrayInternal()
                                            .batchNorm(
                                                    input, mean, variance, null, null, 1, 0.9f,
                                                    1e-5f, true));
                    Assertions.assertEquals(own.zeros(new Shape(6)), mean);
                });
        return tests;
    }

    private void refused(String name, String message, Function<NDManager, NDList> body) {
        compare(
                "refuses " + name,
                (theirs, own) -> {
                    RuntimeException e =
                            Assertions.assertThrows(
                                    IllegalArgumentException.class, () -> body.apply(own));
                    Assertions.assertTrue(e.getMessage().contains(message), e.getMessage());
                });
    }
}
