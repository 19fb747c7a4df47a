package org.oktoblas.it.differential;

import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.it.differential.Operation.Call;

/** Images are resampled, cut and turned into what networks take. */
final class ImageOperations {

    /** Weights, which add up to 1, of numbers of up to some 10 with some overshoot. */
    private static final Tolerance WEIGHTED = Tolerance.near(16, 16);

    private ImageOperations() {}

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        for (int mode = 0; mode < 4; mode++) {
            list.add(interpolation(mode));
            list.add(resize(mode));
        }
        list.add(otherRanks());
        list.add(
                Operation.of(
                        "NDArrayEx.toTensor()",
                        Tolerance.ulps(1),
                        draw -> {
                            draw.array(Draw.NUMBERS, Values.REAL, image(draw));
                            return Call.of((m, x) -> x[0].getNDArrayInternal().toTensor());
                        }));
        list.add(
                Operation.of(
                        "NDArrayEx.normalize(float[], float[])",
                        Tolerance.near(16, 4),
                        draw -> {
                            long[] shape = draw.shape(3, 4);
                            int channels = 1 + draw.below(3);
                            shape[shape.length - 3] = channels;
                            draw.array(Draw.WIDE_FLOATS, Values.REAL, shape);
                            float[] all = {0.3f, -0.4f, 2};
                            float[] deviations = {0.5f, 0.7f, 3};
                            float[] mean = Arrays.copyOf(all, channels);
                            float[] deviation = Arrays.copyOf(deviations, channels);
                            return Call.of(
                                    (m, x) -> x[0].getNDArrayInternal().normalize(mean, deviation));
                        }));
        list.add(
                Operation.of(
                        "NDArrayEx.crop(int, int, int, int)",
                        Tolerance.EXACT,
                        draw -> {
                            Operand a = draw.array(Draw.ALL, draw.values(), image(draw));
                            int height = (int) a.shape().get(a.rank() - 3);
                            int width = (int) a.shape().get(a.rank() - 2);
                            int left = draw.note("x", draw.below(width));
                            int top = draw.note("y", draw.below(height));
                            int w = draw.note("width", 1 + draw.below(width - left));
                            int h = draw.note("height", 1 + draw.below(height - top));
                            return Call.of(
                                    (m, x) -> x[0].getNDArrayInternal().crop(left, top, w, h));
                        }));
        return list;
    }

    /** Returns the shape of an image (H, W, C) or of several. */
    private static long[] image(Draw draw) {
        long[] image = {1 + draw.below(7), 1 + draw.below(7), draw.of(3, 1, 4)};
        return draw.oneIn(3) ? new long[] {1 + draw.below(2), image[0], image[1], image[2]} : image;
    }

    /** PyTorch's engine repeats the first row of images of one column, so that there are two. */
    private static Operation interpolation(int mode) {
        return Operation.of(
                "NDArrayEx.interpolation(long[], int, boolean) by mode " + mode,
                WEIGHTED,
                draw -> {
                    draw.array(
                            Draw.WIDE_FLOATS,
                            Values.REAL,
                            1 + draw.below(2),
                            1 + draw.below(3),
                            2 + draw.below(7),
                            2 + draw.below(7));
                    long[] size = {1 + draw.below(12), 2 + draw.below(12)};
                    draw.note("size", Arrays.toString(size));
                    return Call.of(
                            (m, x) -> x[0].getNDArrayInternal().interpolation(size, mode, false));
                });
    }

    private static Operation otherRanks() {
        return Operation.of(
                "NDArrayEx.interpolation(long[], int, boolean) of lines and volumes",
                WEIGHTED,
                draw -> {
                    int axes = draw.of(1, 3);
                    int mode = draw.note("mode", draw.of(0, 2));
                    long[] shape = new long[axes + 2];
                    Arrays.setAll(shape, i -> 1 + draw.below(4));
                    long[] size = new long[axes];
                    Arrays.setAll(size, i -> 1 + draw.below(7));
                    draw.note("size", Arrays.toString(size));
                    draw.array(Draw.WIDE_FLOATS, Values.REAL, shape);
                    return Call.of(
                            (m, x) -> x[0].getNDArrayInternal().interpolation(size, mode, false));
                });
    }

    /**
     * PyTorch's engine computes in FLOAT32 whatever the type: what it cuts off to integers, and the
     * last digits of FLOAT64, are others.
     */
    private static Operation resize(int mode) {
        return Operation.of(
                "NDArrayEx.resize(int, int, int) by mode " + mode,
                WEIGHTED,
                draw -> {
                    long[] shape = image(draw);
                    shape[shape.length - 2]++;
                    DataType[] types =
                            mode == 0
                                    ? new DataType[] {
                                        DataType.FLOAT32, DataType.UINT8, DataType.INT64
                                    }
                                    : new DataType[] {DataType.FLOAT32};
                    draw.array(types, Values.REAL, shape);
                    int width = draw.note("width", 2 + draw.below(12));
                    int height = draw.note("height", 1 + draw.below(12));
                    return Call.of((m, x) -> x[0].getNDArrayInternal().resize(width, height, mode));
                });
    }
}
