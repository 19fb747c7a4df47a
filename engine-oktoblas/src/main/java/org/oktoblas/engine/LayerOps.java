package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.recurrent.RNN;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Tensor;

/**
 * The operations of networks' layers: convolution, pooling, normalization, recurrence. Arrays are
 * (batch, channels, …) with one to three spatial axes, unless said otherwise. Floats of 16 bits are
 * added up in float32.
 */
abstract class LayerOps implements NDArrayEx {

    final OktoNDArray array;

    LayerOps(OktoNDArray array) {
        this.array = array;
    }

    /** Starts an operation where the input is, or beside this array if that is another engine's. */
    final Operation operation(NDArray input) {
        return (input instanceof OktoNDArray ? (OktoNDArray) input : array).operation();
    }

    private static Tensor optional(Operation operation, NDArray parameter) {
        return parameter == null ? null : operation.read(parameter);
    }

    private OktoNDArray pool(BiFunction<Operation, Tensor, Tensor> function) {
        try (Operation operation = array.operation()) {
            return operation.result(function.apply(operation, operation.read(array)));
        }
    }

    /** The largest element of each window; padding counts as nothing. */
    @Override
    public OktoNDArray maxPool(Shape kernelShape, Shape stride, Shape padding, boolean ceilMode) {
        return pool((o, in) -> Pooling.max(o, in, kernelShape, stride, padding, ceilMode));
    }

    /** The largest element of each channel: (batch, channels). */
    @Override
    public OktoNDArray globalMaxPool() {
        return pool((o, in) -> Pooling.global(o, "globalMaxPool", ReduceOp.MAX, in));
    }

    /**
     * The mean of each window; integers stay integers, divided towards zero. In ceilMode a window
     * may end beyond the padding; what is there is never counted.
     *
     * @param countIncludePad whether the zeros of padding are counted
     */
    @Override
    public OktoNDArray avgPool(
            Shape kernelShape,
            Shape stride,
            Shape padding,
            boolean ceilMode,
            boolean countIncludePad) {
        return pool(
                (o, in) ->
                        Pooling.average(
                                o, in, kernelShape, stride, padding, ceilMode, countIncludePad));
    }

    /** The mean of each channel: (batch, channels). */
    @Override
    public OktoNDArray globalAvgPool() {
        return pool(
                (o, in) -> {
                    Tensor floats = o.cast(in, Types.floating(in.dataType()));
                    return Pooling.global(o, "globalAvgPool", ReduceOp.MEAN, floats);
                });
    }

    /**
     * (Σ x^normType)^(1/normType) of each window, NaN where the sum is negative and has no such
     * root. A window that ends beyond the padding, in ceilMode, counts as if its missing elements
     * were like the others.
     */
    @Override
    public OktoNDArray lpPool(
            float normType, Shape kernelShape, Shape stride, Shape padding, boolean ceilMode) {
        return pool(
                (o, in) -> Pooling.power(o, in, normType, kernelShape, stride, padding, ceilMode));
    }

    /** (Σ x^normType)^(1/normType) of each channel: (batch, channels). */
    @Override
    public OktoNDArray globalLpPool(float normType) {
        return pool((o, in) -> Pooling.globalPower(o, in, normType));
    }

    /**
     * Convolves with zeros around: (batch, channels, …) or (channels, …) with a weight of shape
     * (out channels, channels / groups, kernel…) and a bias of shape (out channels) or null.
     * Stride, padding and dilation have a number for each spatial axis, or one for all.
     */
    @Override
    public NDList convolution(
            NDArray input,
            NDArray weight,
            NDArray bias,
            Shape stride,
            Shape padding,
            Shape dilation,
            int groups) {
        try (Operation operation = operation(input)) {
            Tensor w = operation.read(weight);
            Windows windows = windows("convolution", w, stride, padding, dilation);
            Tensor b = optional(operation, bias);
            return batched(
                    operation,
                    operation.read(input),
                    windows,
                    in -> Convolution.convolve(operation, windows, groups, in, w, b));
        }
    }

    /**
     * Convolves the other way, so that each element of the input adds a window to the output:
     * (batch, channels, …) or (channels, …) with a weight of shape (out channels, channels /
     * groups, kernel…), as DJL's layers have it, and a bias of shape (out channels) or null. An
     * axis of the output has the length (length − 1) · stride − 2 · padding + dilation · (kernel −
     * 1) + outPadding + 1.
     */
    @Override
    public NDList deconvolution(
            NDArray input,
            NDArray weight,
            NDArray bias,
            Shape stride,
            Shape padding,
            Shape outPadding,
            Shape dilation,
            int groups) {
        try (Operation operation = operation(input)) {
            Tensor w = operation.read(weight);
            Windows windows = windows("deconvolution", w, stride, padding, dilation);
            long[] longer =
                    Windows.each("deconvolution", "outPadding", outPadding, windows.axes(), 0);
            Tensor b = optional(operation, bias);
            return batched(
                    operation,
                    operation.read(input),
                    windows,
                    in -> Convolution.transposed(operation, windows, longer, groups, in, w, b));
        }
    }

    private static Windows windows(
            String name, Tensor weight, Shape stride, Shape padding, Shape dilation) {
        long[] shape = weight.layout().shape();
        int axes = shape.length - Windows.LEAD;
        if (axes < 1 || axes > 3) {
            throw new IllegalArgumentException(
                    name
                            + " with a weight of shape "
                            + Arrays.toString(shape)
                            + ": it needs shape (out channels, channels / groups, kernel…) with one"
                            + " to three axes of the kernel.");
        }
        Shape kernel = new Shape(Arrays.copyOfRange(shape, Windows.LEAD, shape.length));
        return Windows.of(name, axes, kernel, stride, padding, dilation);
    }

    /** Applies a function to a batch, or to one sample as a batch of its own. */
    private static NDList batched(
            Operation operation, Tensor in, Windows windows, UnaryOperator<Tensor> function) {
        if (in.layout().rank() != windows.axes() + 1) {
            return new NDList(operation.result(function.apply(in)));
        }
        Tensor out = function.apply(in.with(in.layout().insertAxis(0)));
        return new NDList(operation.result(out.with(out.layout().dropAxis(0))));
    }

    /**
     * Normalises each channel, then scales by gamma and shifts by beta, either of which may be
     * null. In training the channel's own mean and variance are used, and the running ones moved
     * towards these in place, by 1 − momentum of the way; they may then be null.
     *
     * @param axis the channels; −1 stands for axis 1
     */
    @Override
    public NDList batchNorm(
            NDArray input,
            NDArray runningMean,
            NDArray runningVar,
            NDArray gamma,
            NDArray beta,
            int axis,
            float momentum,
            float eps,
            boolean training) {
        try (Operation operation = operation(input)) {
            DataType type = Types.floating(input.getDataType());
            Tensor in = operation.read(input, type);
            int rank = in.layout().rank();
            int channels = axis == -1 ? 1 : axis < 0 ? axis + rank : axis;
            if (channels < 0 || channels >= rank) {
                throw new IllegalArgumentException(
                        "batchNorm of an array of shape "
                                + input.getShape()
                                + " along axis "
                                + axis
                                + ": there is no such axis. The channels are axis 1 as a rule.");
            }
            Tensor scale = optional(operation, gamma);
            Tensor shift = optional(operation, beta);
            BatchNormalization normalization = new BatchNormalization(operation, in, channels, eps);
            Tensor out;
            if (training) {
                Tensor mean = changeable(operation, runningMean, "runningMean");
                Tensor variance = changeable(operation, runningVar, "runningVar");
                out = normalization.train(mean, variance, scale, shift, momentum);
            } else {
                if (runningMean == null || runningVar == null) {
                    throw new IllegalArgumentException(
                            "batchNorm outside training needs runningMean and runningVar.");
                }
                Tensor mean = operation.read(runningMean);
                out = normalization.infer(mean, operation.read(runningVar), scale, shift);
            }
            return new NDList(operation.result(operation.cast(out, type)));
        }
    }

    private static Tensor changeable(Operation operation, NDArray running, String name) {
        if (running == null) {
            return null;
        }
        if (!(running instanceof OktoNDArray)) {
            throw new IllegalArgumentException(
                    "batchNorm in training changes "
                            + name
                            + " in place, which must be an array of this engine, not "
                            + running.getClass().getSimpleName()
                            + ": copy it by NDManager.from first.");
        }
        return operation.read(running);
    }

    /**
     * Runs recurrent layers over a sequence (steps, batch, width), or (batch, steps, width) if the
     * batch comes first: h' = activation(W · x + b + U · h + c).
     *
     * @param state (layers · directions, batch, length), or null for zeros
     * @param params for each layer and direction W, U and, with biases, b, c; or, as DJL's blocks
     *     have them, for each layer W, U of both directions before b, c of both
     * @return the hidden states of the last layer (steps, batch, directions · length), or with the
     *     batch first, and the states after the last step
     */
    @Override
    public NDList rnn(
            NDArray input,
            NDArray state,
            NDList params,
            boolean hasBiases,
            int numLayers,
            RNN.Activation activation,
            double dropRate,
            boolean training,
            boolean bidirectional,
            boolean batchFirst) {
        Recurrent.Stack stack =
                new Recurrent.Stack(
                        "rnn",
                        activation == RNN.Activation.RELU
                                ? Recurrent.Cell.RNN_RELU
                                : Recurrent.Cell.RNN_TANH,
                        hasBiases,
                        numLayers,
                        training ? dropRate : 0,
                        bidirectional,
                        batchFirst);
        return recur(stack, input, Arrays.asList(state), params);
    }

    /** As {@link #rnn}, with gated recurrent units, whose gates are reset, update and new. */
    @Override
    public NDList gru(
            NDArray input,
            NDArray state,
            NDList params,
            boolean hasBiases,
            int numLayers,
            double dropRate,
            boolean training,
            boolean bidirectional,
            boolean batchFirst) {
        Recurrent.Stack stack =
                new Recurrent.Stack(
                        "gru",
                        Recurrent.Cell.GRU,
                        hasBiases,
                        numLayers,
                        training ? dropRate : 0,
                        bidirectional,
                        batchFirst);
        return recur(stack, input, Arrays.asList(state), params);
    }

    /**
     * As {@link #rnn}, with long short-term memory, whose gates are input, forget, cell and output.
     *
     * @param states the hidden and the cell state, or null or none for zeros
     * @return the hidden states, and the hidden and the cell state after the last step
     */
    @Override
    public NDList lstm(
            NDArray input,
            NDList states,
            NDList params,
            boolean hasBiases,
            int numLayers,
            double dropRate,
            boolean training,
            boolean bidirectional,
            boolean batchFirst) {
        Recurrent.Stack stack =
                new Recurrent.Stack(
                        "lstm",
                        Recurrent.Cell.LSTM,
                        hasBiases,
                        numLayers,
                        training ? dropRate : 0,
                        bidirectional,
                        batchFirst);
        List<NDArray> both =
                states == null || states.isEmpty() ? Arrays.asList(null, null) : states;
        if (both.size() != 2) {
            throw new IllegalArgumentException(
                    "lstm needs two states, the hidden and the cell state, or none for zeros, not "
                            + both.size()
                            + ".");
        }
        return recur(stack, input, both, params);
    }

    private NDList recur(
            Recurrent.Stack stack, NDArray input, List<NDArray> states, NDList params) {
        try (Operation operation = operation(input)) {
            Tensor[] before = new Tensor[states.size()];
            for (int i = 0; i < before.length; i++) {
                before[i] = optional(operation, states.get(i));
            }
            List<Tensor> parameters = new ArrayList<>();
            for (NDArray parameter : params) {
                parameters.add(operation.read(parameter));
            }
            NDList results = new NDList();
            Tensor in = operation.read(input);
            for (Tensor result : Recurrent.run(operation, stack, in, before, parameters)) {
                results.add(operation.result(result));
            }
            return results;
        }
    }
}
