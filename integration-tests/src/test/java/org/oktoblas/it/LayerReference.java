package org.oktoblas.it;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;

/**
 * Layers by their definitions, in plain loops and in double precision, for what no other engine
 * computes. Arrays of fewer than three spatial axes get axes of length 1 in front of these.
 */
public final class LayerReference {

    private LayerReference() {}

    /**
     * A layer's numbers for each spatial axis.
     *
     * @param longer a transposed convolution's outPadding
     */
    public record Geometry(
            long[] kernel, long[] stride, long[] padding, long[] dilation, long[] longer) {

        public static Geometry of(Shape kernel, Shape stride, Shape padding) {
            return new Geometry(
                    three(kernel, 1),
                    three(stride, 1),
                    three(padding, 0),
                    new long[] {1, 1, 1},
                    new long[3]);
        }
    }

    /** Returns three numbers, of which those in front may be missing. */
    public static long[] three(Shape shape, long missing) {
        return three(shape.getShape(), missing);
    }

    private static long[] three(long[] shape, long missing) {
        long[] three = {missing, missing, missing};
        System.arraycopy(shape, 0, three, 3 - shape.length, shape.length);
        return three;
    }

    private static long[] spatial(NDArray array) {
        long[] shape = array.getShape().getShape();
        return three(Arrays.copyOfRange(shape, 2, shape.length), 1);
    }

    static double[] doubles(NDArray array) {
        return array.toType(DataType.FLOAT64, false).toDoubleArray();
    }

    private static NDArray result(NDManager manager, double[] values, NDArray like, long... shape) {
        int rank = like.getShape().dimension();
        long[] own = new long[rank];
        own[0] = shape[0];
        own[1] = shape[1];
        System.arraycopy(shape, 5 - (rank - 2), own, 2, rank - 2);
        return manager.create(values, new Shape(own)).toType(like.getDataType(), false);
    }

    /** Adds, for each element of the input, a window of weights to the output. */
    public static NDArray deconvolution(
            NDManager manager,
            NDArray input,
            NDArray weight,
            NDArray bias,
            Geometry g,
            int groups) {
        int batch = (int) input.getShape().get(0);
        int channels = (int) input.getShape().get(1);
        int filters = (int) weight.getShape().get(0);
        long[] in = spatial(input);
        long[] out = new long[3];
        for (int i = 0; i < 3; i++) {
            out[i] =
                    (in[i] - 1) * g.stride[i]
                            - 2 * g.padding[i]
                            + g.dilation[i] * (g.kernel[i] - 1)
                            + g.longer[i]
                            + 1;
        }
        double[] x = doubles(input);
        double[] w = doubles(weight);
        double[] b = bias == null ? new double[filters] : doubles(bias);
        int volume = volume(out);
        double[] y = new double[batch * filters * volume];
        for (int i = 0; i < y.length; i++) {
            y[i] = b[i / volume % filters];
        }
        int depth = channels / groups;
        for (int n = 0; n < batch; n++) {
            for (int f = 0; f < filters; f++) {
                int group = f / (filters / groups);
                for (int c = 0; c < depth; c++) {
                    for (int p = 0; p < volume(in); p++) {
                        double value = x[(n * channels + group * depth + c) * volume(in) + p];
                        for (int k = 0; k < volume(g.kernel); k++) {
                            int at = target(p, k, in, out, g);
                            if (at >= 0) {
                                y[(n * filters + f) * volume + at] +=
                                        value * w[(f * depth + c) * volume(g.kernel) + k];
                            }
                        }
                    }
                }
            }
        }
        return result(manager, y, input, batch, filters, out[0], out[1], out[2]);
    }

    private static int volume(long[] lengths) {
        return (int) (lengths[0] * lengths[1] * lengths[2]);
    }

    private static long[] index(int position, long[] lengths) {
        return new long[] {
            position / (lengths[1] * lengths[2]),
            position / lengths[2] % lengths[1],
            position % lengths[2]
        };
    }

    private static int target(int p, int k, long[] in, long[] out, Geometry g) {
        long[] from = index(p, in);
        long[] kernel = index(k, g.kernel);
        long at = 0;
        for (int i = 0; i < 3; i++) {
            long place = from[i] * g.stride[i] - g.padding[i] + kernel[i] * g.dilation[i];
            if (place < 0 || place >= out[i]) {
                return -1;
            }
            at = at * out[i] + place;
        }
        return (int) at;
    }

    /** Applies a function to each window's elements inside the array. */
    public static NDArray pool(
            NDManager manager,
            NDArray input,
            Geometry g,
            boolean ceilMode,
            ToDoubleFunction<double[]> function) {
        long[] in = spatial(input);
        long[] out = new long[3];
        for (int i = 0; i < 3; i++) {
            double room = in[i] + 2 * g.padding[i] - g.kernel[i];
            double windows = room / g.stride[i];
            out[i] = (long) (ceilMode ? Math.ceil(windows) : Math.floor(windows)) + 1;
            if (ceilMode && (out[i] - 1) * g.stride[i] >= in[i] + g.padding[i]) {
                out[i]--;
            }
        }
        long batch = input.getShape().get(0);
        long channels = input.getShape().get(1);
        double[] x = doubles(input);
        double[] y = new double[(int) (batch * channels) * volume(out)];
        for (int i = 0; i < y.length; i++) {
            int plane = i / volume(out);
            long[] at = index(i % volume(out), out);
            DoubleStream.Builder window = DoubleStream.builder();
            for (int k = 0; k < volume(g.kernel); k++) {
                long[] kernel = index(k, g.kernel);
                long place = plane;
                boolean inside = true;
                for (int j = 0; j < 3; j++) {
                    long index = at[j] * g.stride[j] - g.padding[j] + kernel[j];
                    inside &= index >= 0 && index < in[j];
                    place = place * in[j] + index;
                }
                if (inside) {
                    window.add(x[(int) place]);
                }
            }
            y[i] = function.applyAsDouble(window.build().toArray());
        }
        return result(manager, y, input, batch, channels, out[0], out[1], out[2]);
    }
}
