package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.recurrent.RNN;

/** The operations of networks' layers: convolution, pooling, normalization, recurrence. */
abstract class LayerOps implements NDArrayEx {

    final OktoNDArray array;

    LayerOps(OktoNDArray array) {
        this.array = array;
    }

    @Override
    public NDArray maxPool(Shape kernelShape, Shape stride, Shape padding, boolean ceilMode) {
        throw Unavailable.operation("NDArrayEx.maxPool");
    }

    @Override
    public NDArray globalMaxPool() {
        throw Unavailable.operation("NDArrayEx.globalMaxPool");
    }

    @Override
    public NDArray avgPool(
            Shape kernelShape,
            Shape stride,
            Shape padding,
            boolean ceilMode,
            boolean countIncludePad) {
        throw Unavailable.operation("NDArrayEx.avgPool");
    }

    @Override
    public NDArray globalAvgPool() {
        throw Unavailable.operation("NDArrayEx.globalAvgPool");
    }

    @Override
    public NDArray lpPool(
            float normType, Shape kernelShape, Shape stride, Shape padding, boolean ceilMode) {
        throw Unavailable.operation("NDArrayEx.lpPool");
    }

    @Override
    public NDArray globalLpPool(float normType) {
        throw Unavailable.operation("NDArrayEx.globalLpPool");
    }

    @Override
    public NDList convolution(
            NDArray input,
            NDArray weight,
            NDArray bias,
            Shape stride,
            Shape padding,
            Shape dilation,
            int groups) {
        throw Unavailable.operation("NDArrayEx.convolution");
    }

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
        throw Unavailable.operation("NDArrayEx.deconvolution");
    }

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
        throw Unavailable.operation("NDArrayEx.batchNorm");
    }

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
        throw Unavailable.operation("NDArrayEx.rnn");
    }

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
        throw Unavailable.operation("NDArrayEx.gru");
    }

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
        throw Unavailable.operation("NDArrayEx.lstm");
    }
}
