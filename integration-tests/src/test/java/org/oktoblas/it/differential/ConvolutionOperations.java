package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.it.LayerReference;
import org.oktoblas.it.differential.Operation.Call;

/** Convolutions and transposed ones over one to three axes. */
final class ConvolutionOperations {

    private ConvolutionOperations() {}

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        for (int axes = 1; axes <= 3; axes++) {
            list.add(convolution(axes));
            list.add(deconvolution(axes));
        }
        return list;
    }

    /** The numbers of a convolution, each for all its axes, and the shapes that they are for. */
    private static final class Window {

        final int groups;
        final long batch;
        final long[] kernel;
        final long[] stride;
        final long[] padding;
        final long[] dilation;
        final long[] weight;

        Window(Draw draw, int axes) {
            groups = draw.note("groups", draw.of(1, 1, 2, 3));
            batch = draw.of(1, 2, 3, 1, 0);
            kernel = new long[axes];
            stride = new long[axes];
            padding = new long[axes];
            dilation = new long[axes];
            weight = new long[axes + 2];
            weight[0] = (long) groups * (1 + draw.below(3));
            weight[1] = 1 + draw.below(3);
            for (int i = 0; i < axes; i++) {
                kernel[i] = draw.of(3, 1, 2);
                stride[i] = draw.of(1, 2, 1, 3);
                padding[i] = draw.of(0, 1, 2);
                dilation[i] = draw.of(1, 1, 2);
                weight[i + 2] = kernel[i];
            }
            draw.note("stride", Arrays.toString(stride));
            draw.note("padding", Arrays.toString(padding));
            draw.note("dilation", Arrays.toString(dilation));
        }

        long channels() {
            return groups * weight[1];
        }

        long reach(int axis) {
            return dilation[axis] * (kernel[axis] - 1) + 1;
        }
    }

    private static Operation convolution(int axes) {
        return Operation.of(
                "NDArrayEx.convolution(...) over " + axes + " axes",
                Tolerance.sums(2),
                draw -> {
                    Window w = new Window(draw, axes);
                    long[] input = new long[axes + 2];
                    input[0] = w.batch;
                    input[1] = w.channels() + (draw.oneIn(30) ? 1 : 0);
                    for (int i = 0; i < axes; i++) {
                        long least = w.reach(i) - 2 * w.padding[i] - (draw.oneIn(40) ? 1 : 0);
                        input[i + 2] = Math.max(1, least) + draw.below(6 - axes);
                    }
                    DataType type = draw.of(Draw.FLOATS);
                    // One sample need not be a batch.
                    boolean alone = w.batch == 1 && draw.oneIn(4);
                    draw.add(
                            type,
                            Values.REAL,
                            alone ? Arrays.copyOfRange(input, 1, axes + 2) : input);
                    draw.add(type, Values.REAL, w.weight);
                    draw.add(type, Values.REAL, w.weight[0]);
                    boolean bias = draw.flag("bias");
                    return Call.of(
                            (m, x) ->
                                    x[0].getNDArrayInternal()
                                            .convolution(
                                                    x[0],
                                                    x[1],
                                                    bias ? x[2] : null,
                                                    new Shape(w.stride),
                                                    new Shape(w.padding),
                                                    new Shape(w.dilation),
                                                    w.groups));
                });
    }

    /** PyTorch's engine has none; the definition in double precision stands for it. */
    private static Operation deconvolution(int axes) {
        return Operation.of(
                "NDArrayEx.deconvolution(...) over " + axes + " axes",
                Tolerance.sums(2),
                draw -> {
                    Window w = new Window(draw, axes);
                    long[] input = new long[axes + 2];
                    input[0] = Math.max(1, w.batch);
                    input[1] = w.channels();
                    long[] longer = new long[axes];
                    for (int i = 0; i < axes; i++) {
                        input[i + 2] = 1 + draw.below(6 - axes);
                        longer[i] = draw.below((int) w.stride[i]);
                        long length = (input[i + 2] - 1) * w.stride[i] + w.reach(i) + longer[i];
                        w.padding[i] = Math.min(w.padding[i], (length - 1) / 2);
                    }
                    draw.note("padding that leaves something", Arrays.toString(w.padding));
                    draw.note("outPadding", Arrays.toString(longer));
                    DataType type = draw.of(Draw.FLOATS);
                    draw.add(type, Values.REAL, input);
                    draw.add(type, Values.REAL, w.weight);
                    draw.add(type, Values.REAL, w.weight[0]);
                    boolean bias = draw.flag("bias");
                    return Call.of(
                                    (m, x) ->
                                            x[0].getNDArrayInternal()
                                                    .deconvolution(
                                                            x[0],
                                                            x[1],
                                                            bias ? x[2] : null,
                                                            new Shape(w.stride),
                                                            new Shape(w.padding),
                                                            new Shape(longer),
                                                            new Shape(w.dilation),
                                                            w.groups)
                                                    .singletonOrThrow())
                            .instead((m, x) -> defined(x, bias ? x[2] : null, w, longer));
                });
    }

    private static NDArray defined(NDArray[] x, NDArray bias, Window w, long... longer) {
        LayerReference.Geometry geometry =
                new LayerReference.Geometry(
                        LayerReference.three(new Shape(w.kernel), 1),
                        LayerReference.three(new Shape(w.stride), 1),
                        LayerReference.three(new Shape(w.padding), 0),
                        LayerReference.three(new Shape(w.dilation), 1),
                        LayerReference.three(new Shape(longer), 0));
        return LayerReference.deconvolution(
                x[0].getManager(), x[0], x[1], bias, geometry, w.groups);
    }
}
