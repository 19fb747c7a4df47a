package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;
import org.oktoblas.it.LayerReference;
import org.oktoblas.it.differential.Operation.Call;

/** Pooling over one to three axes, and over all. */
final class PoolingOperations {

    private PoolingOperations() {}

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        for (int axes = 1; axes <= 3; axes++) {
            list.add(max(axes));
            list.add(average(axes));
            list.add(powers(axes));
        }
        list.add(
                global(
                        "globalMaxPool()",
                        Tolerance.EQUAL,
                        Values.REAL,
                        a -> a.getNDArrayInternal().globalMaxPool()));
        list.add(
                global(
                        "globalAvgPool()",
                        Tolerance.sums(1),
                        Values.REAL,
                        a -> a.getNDArrayInternal().globalAvgPool()));
        list.add(globalPowers());
        return list;
    }

    /** A pooling's numbers. */
    private record Window(Shape kernel, Shape stride, Shape padding, boolean up, long[] input) {

        static Window of(Draw draw, int axes, boolean padded) {
            long[] kernel = new long[axes];
            long[] stride = new long[axes];
            long[] padding = new long[axes];
            long[] input = new long[axes + 2];
            input[0] = 1 + draw.below(2);
            input[1] = 1 + draw.below(3);
            for (int i = 0; i < axes; i++) {
                kernel[i] = draw.of(2, 3, 1, 4);
                stride[i] = draw.of(1, 2, 3);
                padding[i] = padded ? draw.below((int) kernel[i] / 2 + 1) : 0;
                // Now and then a window that does not fit. PyTorch's over three axes have to fit
                // without padding.
                long room = axes == 3 ? 0 : 2 * padding[i];
                long least = kernel[i] - room - (draw.oneIn(40) ? 1 : 0);
                input[i + 2] = Math.max(1, least) + draw.below(8 - 2 * axes);
            }
            return new Window(
                    draw.note("kernel", new Shape(kernel)),
                    draw.note("stride", new Shape(stride)),
                    draw.note("padding", new Shape(padding)),
                    draw.flag("up"),
                    input);
        }

        NDArray defined(NDArray array, ToDoubleFunction<double[]> function) {
            return LayerReference.pool(
                    array.getManager(),
                    array,
                    LayerReference.Geometry.of(kernel, stride, padding),
                    up,
                    function);
        }

        boolean isPadded() {
            return Arrays.stream(padding.getShape()).anyMatch(length -> length > 0);
        }

        boolean fits() {
            for (int i = 0; i < kernel.dimension(); i++) {
                if (input[i + 2] + 2 * padding.get(i) < kernel.get(i)) {
                    return false;
                }
            }
            return true;
        }
    }

    private static Operation max(int axes) {
        return Operation.of(
                "NDArrayEx.maxPool(...) over " + axes + " axes",
                Tolerance.EQUAL,
                draw -> {
                    Window w = Window.of(draw, axes, true);
                    Operand a = draw.array(Draw.NUMBERS, draw.values(), w.input);
                    Operation.Body body =
                            (m, x) ->
                                    x[0].getNDArrayInternal()
                                            .maxPool(w.kernel, w.stride, w.padding, w.up);
                    // PyTorch's windows over one axis are of floats alone.
                    return axes > 1 || a.type().isFloating()
                            ? Call.of(body)
                            : Call.of(body)
                                    .instead(
                                            (m, x) ->
                                                    x[0].expandDims(2)
                                                            .getNDArrayInternal()
                                                            .maxPool(
                                                                    behind(1, w.kernel),
                                                                    behind(1, w.stride),
                                                                    behind(0, w.padding),
                                                                    w.up)
                                                            .squeeze(2));
                });
    }

    private static Shape behind(long first, Shape only) {
        return new Shape(first, only.get(0));
    }

    /**
     * PyTorch's engine counts what is padded whether told so or not, so that the definition stands
     * for it elsewhere; and it has no means of FLOAT16, which are rounded once here.
     */
    private static Operation average(int axes) {
        return Operation.of(
                "NDArrayEx.avgPool(...) over " + axes + " axes",
                Tolerance.sums(1),
                draw -> {
                    Window w = Window.of(draw, axes, true);
                    boolean counted = draw.flag("countIncludePad");
                    Operand a = draw.array(Draw.FLOATS, Values.REAL, w.input);
                    Call call =
                            Call.of(
                                    (m, x) ->
                                            x[0].getNDArrayInternal()
                                                    .avgPool(
                                                            w.kernel, w.stride, w.padding, w.up,
                                                            counted));
                    if (!counted && w.isPadded() && w.fits()) {
                        return call.instead((m, x) -> w.defined(x[0], PoolingOperations::mean));
                    }
                    DataType type = a.type();
                    return type != DataType.FLOAT16
                            ? call
                            : call.instead(
                                    (m, x) ->
                                            x[0].toType(DataType.FLOAT32, false)
                                                    .getNDArrayInternal()
                                                    .avgPool(
                                                            w.kernel, w.stride, w.padding, w.up,
                                                            counted)
                                                    .toType(type, false));
                });
    }

    private static double mean(double... window) {
        return Arrays.stream(window).average().orElseThrow();
    }

    /** PyTorch's engine takes no padding and at most two axes. */
    private static Operation powers(int axes) {
        return Operation.of(
                "NDArrayEx.lpPool(...) over " + axes + " axes",
                // Powers, their sum and the root of it.
                Tolerance.near(40, 16),
                draw -> {
                    Window drawn = Window.of(draw, axes, true);
                    // Where windows are cut off by the end as well, each engine goes its way.
                    boolean defined = (drawn.isPadded() || axes == 3) && drawn.fits();
                    boolean up = drawn.up && !defined;
                    Window w =
                            new Window(drawn.kernel, drawn.stride, drawn.padding, up, drawn.input);
                    float power = draw.note("power", draw.of(2f, 1f, 3f, 2.5f));
                    draw.array(Draw.WIDE_FLOATS, Values.POSITIVE, w.input);
                    Call call =
                            Call.of(
                                    (m, x) ->
                                            x[0].getNDArrayInternal()
                                                    .lpPool(
                                                            power, w.kernel, w.stride, w.padding,
                                                            up));
                    return defined
                            ? call.instead((m, x) -> w.defined(x[0], window -> norm(window, power)))
                            : call;
                });
    }

    private static double norm(double[] window, double power) {
        double sum = Arrays.stream(window).map(x -> Math.pow(x, power)).sum();
        return Math.pow(sum, 1 / power);
    }

    private static Operation global(
            String name, Tolerance tolerance, Values values, UnaryOperator<NDArray> body) {
        return Operation.of(
                "NDArrayEx." + name,
                tolerance,
                draw -> {
                    draw.array(Draw.FLOATS, values, nonEmpty(draw));
                    return Call.of((m, x) -> body.apply(x[0]));
                });
    }

    private static long[] nonEmpty(Draw draw) {
        long[] shape = draw.shape(3, 5);
        for (int i = 0; i < shape.length; i++) {
            shape[i] = Math.max(1, shape[i]);
        }
        return shape;
    }

    private static Operation globalPowers() {
        return Operation.of(
                "NDArrayEx.globalLpPool(float)",
                Tolerance.sums(1),
                draw -> {
                    int power = draw.note("power", draw.of(2, 1));
                    Operand a = draw.array(Draw.WIDE_FLOATS, Values.POSITIVE, nonEmpty(draw));
                    Call call = Call.of((m, x) -> x[0].getNDArrayInternal().globalLpPool(power));
                    return a.rank() < 5
                            ? call
                            : call.instead((m, x) -> x[0].norm(power, new int[] {2, 3, 4}, false));
                });
    }
}
