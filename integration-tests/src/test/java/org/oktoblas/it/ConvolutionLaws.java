package org.oktoblas.it;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Convolution gives what PyTorch gives, and transposed convolution what it is by definition. */
abstract class ConvolutionLaws extends EngineParity {

    ConvolutionLaws(Target ours) {
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
                    Case.of(shape(2, 2, 8, 9), shape(6, 1, 3, 3), 1, 1, 1),
                    Case.of(shape(2, 1, 8, 9), shape(6, 1, 3, 3), 1, 1, 1),
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
                floats(m, type, c.input),
                floats(m, type, c.weight),
                c.bias ? floats(m, type, c.weight[0]) : null);
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
            lists("convolution float16 " + c, m -> convolve(c, m, DataType.FLOAT16));
            // Sums of small whole numbers are exact in any type.
            reference(
                    "convolution bfloat16 " + c,
                    m ->
                            convolve(
                                    c,
                                    wholes(m, c.input),
                                    wholes(m, c.weight),
                                    wholes(m, c.weight[0])),
                    m -> {
                        NDArray input = wholes(m, c.input).toType(DataType.BFLOAT16, false);
                        NDArray weight = wholes(m, c.weight).toType(DataType.BFLOAT16, false);
                        NDArray bias = wholes(m, c.weight[0]).toType(DataType.BFLOAT16, false);
                        NDArray result = convolve(c, input, weight, bias).singletonOrThrow();
                        Assertions.assertEquals(DataType.BFLOAT16, result.getDataType());
                        return new NDList(result.toType(DataType.FLOAT32, false));
                    });
        }
        // From 256 on, adding 1 to a bfloat16 changes nothing.
        for (long groups = 1; groups <= 2; groups++) {
            Case ones = Case.of(shape(1, 2, 20, 20), shape(2, 2 / groups, 20, 20), 1, 0, 1);
            reference(
                    "convolution adds up more than 16 bits in " + groups + " groups",
                    m ->
                            convolve(
                                    ones,
                                    m.ones(new Shape(ones.input)),
                                    m.ones(new Shape(ones.weight)),
                                    null),
                    m -> {
                        NDArray input = m.ones(new Shape(ones.input), DataType.BFLOAT16);
                        NDArray weight = m.ones(new Shape(ones.weight), DataType.BFLOAT16);
                        NDArray sum = convolve(ones, input, weight, null).singletonOrThrow();
                        return new NDList(sum.toType(DataType.FLOAT32, false));
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
                floats(m, type, c.input),
                floats(m, type, weight),
                c.bias ? floats(m, type, weight[0]) : null,
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
        NDArray input = floats(m, type, c.input);
        NDArray weight = floats(m, type, c.weight);
        NDArray bias = c.bias ? floats(m, type, c.weight[0]) : null;
        return input.getNDArrayInternal()
                .deconvolution(
                        input, weight, bias, c.stride, c.padding, outPadding, c.dilation, c.groups);
    }
}
