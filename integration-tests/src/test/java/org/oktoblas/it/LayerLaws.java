package org.oktoblas.it;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Convolution, pooling, normalization and dropout give what PyTorch gives, or the definition. */
abstract class LayerLaws extends EngineParity {

    LayerLaws(Target ours) {
        super(ours);
    }

    /** A layer's shapes and numbers; a bias is there unless said. */
    private record Case(
            long[] input,
            long[] weight,
            Shape stride,
            Shape padding,
            Shape dilation,
            int groups,
            boolean bias) {

        static Case of(long[] input, long[] weight, long stride, long padding, long dilation) {
            int axes = weight.length - 2;
            return new Case(
                    input,
                    weight,
                    all(axes, stride),
                    all(axes, padding),
                    all(axes, dilation),
                    Math.toIntExact(input[input.length - 1 - axes] / weight[1]),
                    true);
        }

        Case with(Shape newStride, Shape newPadding, Shape newDilation) {
            return new Case(input, weight, newStride, newPadding, newDilation, groups, false);
        }

        @Override
        public String toString() {
            return Arrays.toString(input)
                    + " by "
                    + Arrays.toString(weight)
                    + " stride "
                    + stride
                    + " padding "
                    + padding
                    + " dilation "
                    + dilation
                    + " groups "
                    + groups;
        }
    }

    private static Shape all(int axes, long value) {
        long[] values = new long[axes];
        Arrays.fill(values, value);
        return new Shape(values);
    }

    private static long[] shape(long... lengths) {
        return lengths;
    }

    private static final List<Case> CONVOLUTIONS =
            List.of(
                    Case.of(shape(2, 3, 10), shape(4, 3, 3), 1, 0, 1),
                    Case.of(shape(2, 3, 10), shape(4, 3, 3), 2, 1, 2),
                    Case.of(shape(2, 4, 11), shape(6, 2, 4), 3, 2, 1),
                    Case.of(shape(2, 4, 11), shape(8, 1, 3), 1, 1, 1),
                    Case.of(shape(2, 3, 8, 9), shape(5, 3, 3, 3), 1, 1, 1),
                    Case.of(shape(2, 3, 8, 9), shape(5, 3, 1, 1), 1, 0, 1),
                    Case.of(shape(2, 3, 8, 9), shape(5, 3, 1, 1), 2, 0, 1),
                    Case.of(shape(2, 3, 8, 9), shape(5, 3, 1, 1), 1, 1, 1),
                    Case.of(shape(2, 4, 8, 9), shape(6, 2, 3, 2), 2, 1, 2),
                    Case.of(shape(2, 6, 8, 9), shape(6, 1, 3, 3), 1, 1, 1),
                    Case.of(shape(2, 6, 8, 9), shape(6, 1, 5, 5), 2, 2, 1),
                    Case.of(shape(2, 3, 8, 9), shape(5, 3, 8, 9), 1, 0, 1),
                    Case.of(shape(2, 3, 8, 9), shape(5, 3, 3, 2), 1, 0, 1)
                            .with(new Shape(2, 3), new Shape(1, 0), new Shape(1, 2)),
                    Case.of(shape(2, 4, 8, 9), shape(4, 1, 3, 5), 1, 0, 1)
                            .with(new Shape(2, 1), new Shape(0, 3), new Shape(2, 1)),
                    Case.of(shape(3, 8, 9), shape(5, 3, 3, 3), 1, 1, 1),
                    Case.of(shape(1, 16, 20, 20), shape(32, 16, 3, 3), 1, 1, 1),
                    Case.of(shape(2, 2, 5, 6, 7), shape(3, 2, 2, 3, 3), 1, 1, 1),
                    Case.of(shape(2, 4, 5, 6, 7), shape(4, 2, 3, 2, 3), 2, 1, 1),
                    Case.of(shape(1, 3, 5, 6, 7), shape(3, 1, 2, 2, 2), 1, 0, 2));

    private static NDList convolve(Case c, NDManager m, DataType type) {
        return convolve(
                c,
                cast(m, type, c.input),
                cast(m, type, c.weight),
                c.bias ? cast(m, type, c.weight[0]) : null);
    }

    private static NDList convolve(Case c, NDArray input, NDArray weight, NDArray bias) {
        return input.getNDArrayInternal()
                .convolution(input, weight, bias, c.stride, c.padding, c.dilation, c.groups);
    }

    @TestFactory
    List<DynamicTest> convolution() {
        for (Case c : CONVOLUTIONS) {
            lists("convolution " + c, m -> convolve(c, m, DataType.FLOAT32));
            lists("convolution float64 " + c, m -> convolve(c, m, DataType.FLOAT64));
        }
        for (int i = 0; i < CONVOLUTIONS.size(); i += 4) {
            Case c = CONVOLUTIONS.get(i);
            lists("convolution float16 " + c, m -> convolve(c, m, DataType.FLOAT16));
            // Sums of small whole numbers are exact in any type.
            reference(
                    "convolution bfloat16 " + c,
                    m -> convolve(c, small(m, c.input), small(m, c.weight), small(m, c.weight[0])),
                    m -> {
                        NDArray input = small(m, c.input).toType(DataType.BFLOAT16, false);
                        NDArray weight = small(m, c.weight).toType(DataType.BFLOAT16, false);
                        NDArray bias = small(m, c.weight[0]).toType(DataType.BFLOAT16, false);
                        NDArray result = convolve(c, input, weight, bias).singletonOrThrow();
                        Assertions.assertEquals(DataType.BFLOAT16, result.getDataType());
                        return new NDList(result.toType(DataType.FLOAT32, false));
                    });
        }
        lists(
                "convolution of a view",
                m -> {
                    NDArray input = floats(m, 2, 8, 9, 3).transpose(0, 3, 2, 1);
                    NDArray weight = floats(m, 3, 3, 3, 5).transpose();
                    return input.getNDArrayInternal()
                            .convolution(
                                    input,
                                    weight,
                                    null,
                                    new Shape(1, 1),
                                    new Shape(0, 0),
                                    new Shape(1, 1),
                                    1);
                });
        // One sample's columns take 74 MB, written in parts of its rows; then many samples'.
        Case large = Case.of(shape(1, 64, 180, 180), shape(3, 64, 3, 3), 1, 1, 1);
        lists("convolution in parts " + large, m -> convolve(large, m, DataType.FLOAT32));
        Case many = Case.of(shape(9, 64, 70, 70), shape(3, 64, 3, 3), 1, 1, 1);
        lists("convolution in parts " + many, m -> convolve(many, m, DataType.FLOAT32));
        Case empty = Case.of(shape(0, 3, 8, 9), shape(5, 3, 3, 3), 1, 1, 1);
        lists("convolution of no samples", m -> convolve(empty, m, DataType.FLOAT32));
        return tests;
    }

    /** Whole numbers from -2 to 2. */
    private static NDArray small(NDManager m, long... shape) {
        return integers(m, 5, shape).sub(2).toType(DataType.FLOAT32, false);
    }

    @TestFactory
    List<DynamicTest> deconvolution() {
        List<Case> cases =
                List.of(
                        Case.of(shape(2, 3, 10), shape(4, 3, 3), 1, 0, 1),
                        Case.of(shape(2, 4, 5), shape(6, 2, 4), 3, 2, 2),
                        Case.of(shape(2, 3, 5, 6), shape(4, 3, 3, 3), 1, 1, 1),
                        Case.of(shape(2, 3, 5, 6), shape(3, 3, 2, 2), 2, 0, 1),
                        Case.of(shape(2, 3, 5, 6), shape(4, 3, 1, 1), 2, 0, 1),
                        Case.of(shape(2, 4, 5, 6), shape(6, 2, 3, 2), 2, 1, 2),
                        Case.of(shape(2, 4, 5, 6), shape(4, 1, 4, 4), 2, 1, 1),
                        Case.of(shape(2, 4, 5, 6), shape(4, 1, 4, 3), 2, 1, 1)
                                .with(new Shape(3, 2), new Shape(0, 2), new Shape(1, 2)),
                        Case.of(shape(2, 4, 3, 4, 5), shape(6, 2, 2, 3, 3), 2, 1, 1));
        for (Case c : cases) {
            for (long longer = 0; longer < c.stride.get(0); longer++) {
                Shape outPadding = all(c.weight.length - 2, Math.min(longer, 1));
                for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT16}) {
                    reference(
                            "deconvolution " + type + " longer by " + outPadding + " " + c,
                            m -> new NDList(expectedDeconvolution(c, outPadding, m, type)),
                            m -> deconvolve(c, outPadding, m, type));
                }
            }
        }
        Shape none = new Shape(0, 0);
        Case large = Case.of(shape(1, 8, 190, 190), shape(64, 8, 3, 3), 1, 1, 1);
        reference(
                "deconvolution in parts " + large,
                m -> new NDList(expectedDeconvolution(large, none, m, DataType.FLOAT32)),
                m -> deconvolve(large, none, m, DataType.FLOAT32));
        return tests;
    }

    private static NDArray expectedDeconvolution(
            Case c, Shape outPadding, NDManager m, DataType type) {
        long[] weight = c.weight;
        return LayerReference.deconvolution(
                m,
                floats(m, c.input).toType(type, false),
                floats(m, weight).toType(type, false),
                c.bias ? floats(m, weight[0]).toType(type, false) : null,
                new LayerReference.Geometry(
                        LayerReference.three(
                                new Shape(Arrays.copyOfRange(weight, 2, weight.length)), 1),
                        LayerReference.three(c.stride, 1),
                        LayerReference.three(c.padding, 0),
                        LayerReference.three(c.dilation, 1),
                        LayerReference.three(outPadding, 0)),
                c.groups);
    }

    private static NDList deconvolve(Case c, Shape outPadding, NDManager m, DataType type) {
        NDArray input = floats(m, c.input).toType(type, false);
        NDArray weight = floats(m, c.weight).toType(type, false);
        NDArray bias = c.bias ? floats(m, c.weight[0]).toType(type, false) : null;
        return input.getNDArrayInternal()
                .deconvolution(
                        input, weight, bias, c.stride, c.padding, outPadding, c.dilation, c.groups);
    }

    /** What a pooling takes. */
    private record Pool(long[] input, Shape kernel, Shape stride, Shape padding) {

        @Override
        public String toString() {
            return Arrays.toString(input)
                    + " kernel "
                    + kernel
                    + " stride "
                    + stride
                    + " padding "
                    + padding;
        }
    }

    private static final List<Pool> POOLS =
            List.of(
                    new Pool(shape(2, 3, 10), new Shape(3), new Shape(2), new Shape(0)),
                    new Pool(shape(2, 3, 11), new Shape(4), new Shape(3), new Shape(2)),
                    new Pool(shape(2, 3, 9), new Shape(9), new Shape(1), new Shape(0)),
                    new Pool(shape(2, 3, 9, 8), new Shape(2, 2), new Shape(2, 2), new Shape(0, 0)),
                    new Pool(shape(2, 3, 9, 8), new Shape(3, 3), new Shape(2, 2), new Shape(1, 1)),
                    new Pool(shape(2, 3, 9, 8), new Shape(3, 3), new Shape(1, 1), new Shape(1, 1)),
                    new Pool(shape(2, 3, 9, 8), new Shape(5, 2), new Shape(3, 3), new Shape(2, 1)),
                    new Pool(shape(2, 3, 9, 8), new Shape(7, 1), new Shape(2, 1), new Shape(3, 0)),
                    new Pool(shape(2, 3, 9, 8), new Shape(1, 1), new Shape(1, 1), new Shape(0, 0)),
                    new Pool(shape(2, 3, 9, 8), new Shape(2, 2), new Shape(4, 5), new Shape(1, 1)),
                    new Pool(
                            shape(2, 3, 5, 9, 8),
                            new Shape(2, 3, 3),
                            new Shape(2, 2, 2),
                            new Shape(1, 0, 1)),
                    new Pool(
                            shape(2, 3, 5, 9, 8),
                            new Shape(3, 2, 2),
                            new Shape(1, 3, 2),
                            new Shape(1, 1, 0)));

    @TestFactory
    List<DynamicTest> pooling() {
        for (Pool p : POOLS) {
            for (boolean ceil : new boolean[] {false, true}) {
                String name = " " + p + (ceil ? " up" : "");
                Function<NDArray, NDArray> max =
                        a -> a.getNDArrayInternal().maxPool(p.kernel, p.stride, p.padding, ceil);
                Function<NDArray, NDArray> average =
                        a ->
                                a.getNDArrayInternal()
                                        .avgPool(p.kernel, p.stride, p.padding, ceil, true);
                for (DataType type :
                        new DataType[] {DataType.FLOAT32, DataType.FLOAT64, DataType.FLOAT16}) {
                    test("maxPool " + type + name, m -> max.apply(cast(m, type, p.input)));
                    if (type != DataType.FLOAT16) {
                        test("avgPool " + type + name, m -> average.apply(cast(m, type, p.input)));
                    }
                }
                // Not every engine has means of float16; ours are rounded once.
                reference(
                        "avgPool float16" + name,
                        m ->
                                new NDList(
                                        average.apply(
                                                        cast(m, DataType.FLOAT16, p.input)
                                                                .toType(DataType.FLOAT32, false))
                                                .toType(DataType.FLOAT16, false)),
                        m -> new NDList(average.apply(cast(m, DataType.FLOAT16, p.input))));
                reference(
                        "maxPool bfloat16" + name,
                        m -> new NDList(max.apply(small(m, p.input))),
                        m ->
                                new NDList(
                                        max.apply(
                                                        small(m, p.input)
                                                                .toType(DataType.BFLOAT16, false))
                                                .toType(DataType.FLOAT32, false)));
                LayerReference.Geometry geometry =
                        LayerReference.Geometry.of(p.kernel, p.stride, p.padding);
                reference(
                        "avgPool without padding" + name,
                        m ->
                                new NDList(
                                        LayerReference.pool(
                                                m,
                                                floats(m, p.input),
                                                geometry,
                                                ceil,
                                                window ->
                                                        Arrays.stream(window)
                                                                .average()
                                                                .orElseThrow())),
                        m ->
                                new NDList(
                                        floats(m, p.input)
                                                .getNDArrayInternal()
                                                .avgPool(
                                                        p.kernel, p.stride, p.padding, ceil,
                                                        false)));
                lpPool(p, ceil, name);
            }
        }
        globalPooling();
        test(
                "maxPool int64",
                m ->
                        integers(m, 100, 2, 3, 9, 8)
                                .getNDArrayInternal()
                                .maxPool(new Shape(3, 3), new Shape(2, 2), new Shape(1, 1), true));
        test(
                "avgPool int64",
                m ->
                        integers(m, 100, 2, 3, 9, 8)
                                .sub(50)
                                .getNDArrayInternal()
                                .avgPool(
                                        new Shape(3, 3),
                                        new Shape(2, 2),
                                        new Shape(1, 1),
                                        true,
                                        true));
        test(
                "maxPool of a view with NaN",
                m ->
                        special(m)
                                .reshape(1, 1, 2, 3)
                                .transpose(0, 1, 3, 2)
                                .getNDArrayInternal()
                                .maxPool(new Shape(2, 2), new Shape(1, 1), new Shape(0, 1), false));
        return tests;
    }

    private void lpPool(Pool p, boolean ceil, String name) {
        if (Arrays.stream(p.padding.getShape()).allMatch(length -> length == 0)
                && p.kernel.dimension() < 3) {
            for (float power : new float[] {1, 2, 3, 2.5f}) {
                test(
                        "lpPool " + power + name,
                        m ->
                                floats(m, p.input)
                                        .abs()
                                        .getNDArrayInternal()
                                        .lpPool(power, p.kernel, p.stride, p.padding, ceil));
            }
        } else if (!ceil) {
            reference(
                    "lpPool" + name,
                    m ->
                            new NDList(
                                    LayerReference.pool(
                                            m,
                                            floats(m, p.input),
                                            LayerReference.Geometry.of(
                                                    p.kernel, p.stride, p.padding),
                                            false,
                                            window ->
                                                    Math.sqrt(
                                                            Arrays.stream(window)
                                                                    .map(x -> x * x)
                                                                    .sum()))),
                    m ->
                            new NDList(
                                    floats(m, p.input)
                                            .getNDArrayInternal()
                                            .lpPool(2, p.kernel, p.stride, p.padding, false)));
        }
    }

    private void globalPooling() {
        long[][] shapes = {{2, 3, 10}, {2, 3, 9, 8}, {2, 3, 4, 5, 6}};
        for (long[] shape : shapes) {
            String name = " " + new Shape(shape);
            for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT16}) {
                test(
                        "globalMaxPool " + type + name,
                        m -> cast(m, type, shape).getNDArrayInternal().globalMaxPool());
                test(
                        "globalAvgPool " + type + name,
                        m -> cast(m, type, shape).getNDArrayInternal().globalAvgPool());
            }
            if (shape.length < 5) {
                test(
                        "globalLpPool" + name,
                        m -> floats(m, shape).getNDArrayInternal().globalLpPool(2));
            } else {
                reference(
                        "globalLpPool" + name,
                        m -> new NDList(floats(m, shape).norm(new int[] {2, 3, 4})),
                        m -> new NDList(floats(m, shape).getNDArrayInternal().globalLpPool(2)));
            }
        }
    }

    private static NDArray cast(NDManager m, DataType type, long... shape) {
        return floats(m, shape).toType(type, false);
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
                            m -> normalize(cast(m, type, shape), -1, training));
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
                        m -> normalize(cast(m, DataType.FLOAT16, shape), -1, training));
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
        NDArray gamma = cast(m, type, 3, 6).get(1);
        return normalize(input, axis, training, gamma, cast(m, type, 4, 6).get(1));
    }

    private static DataType parameters(NDArray input) {
        boolean half = input.getDataType() == DataType.FLOAT16;
        return half ? DataType.FLOAT32 : input.getDataType();
    }

    /** Returns the result and the running numbers afterwards. */
    private static NDList normalize(
            NDArray input, int axis, boolean training, NDArray gamma, NDArray beta) {
        NDManager m = input.getManager();
        NDArray mean = cast(m, parameters(input), 6);
        NDArray variance = cast(m, parameters(input), 2, 6).abs().get(1).duplicate();
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
}
