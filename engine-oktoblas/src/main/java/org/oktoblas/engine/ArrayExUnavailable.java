package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.recurrent.RNN;
import java.util.List;

/** The operations of DJL's networks, optimizers and images that this version does not offer. */
abstract class ArrayExUnavailable implements NDArrayEx {

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
    public void adadeltaUpdate(
            NDList inputs,
            NDList weights,
            float weightDecay,
            float rescaleGrad,
            float clipGrad,
            float rho,
            float epsilon) {
        throw Unavailable.operation("NDArrayEx.adadeltaUpdate");
    }

    @Override
    public void adagradUpdate(
            NDList inputs,
            NDList weights,
            float learningRate,
            float weightDecay,
            float rescaleGrad,
            float clipGrad,
            float epsilon) {
        throw Unavailable.operation("NDArrayEx.adagradUpdate");
    }

    @Override
    public void adamUpdate(
            NDList inputs,
            NDList weights,
            float learningRate,
            float learningRateBiasCorrection,
            float weightDecay,
            float rescaleGrad,
            float clipGrad,
            float beta1,
            float beta2,
            float epsilon,
            boolean lazyUpdate,
            boolean adamw) {
        throw Unavailable.operation("NDArrayEx.adamUpdate");
    }

    @Override
    public void nagUpdate(
            NDList inputs,
            NDList weights,
            float learningRate,
            float weightDecay,
            float rescaleGrad,
            float clipGrad,
            float momentum) {
        throw Unavailable.operation("NDArrayEx.nagUpdate");
    }

    @Override
    public void rmspropUpdate(
            NDList inputs,
            NDList weights,
            float learningRate,
            float weightDecay,
            float rescaleGrad,
            float clipGrad,
            float rho,
            float momentum,
            float epsilon,
            boolean centered) {
        throw Unavailable.operation("NDArrayEx.rmspropUpdate");
    }

    @Override
    public void sgdUpdate(
            NDList inputs,
            NDList weights,
            float learningRate,
            float weightDecay,
            float rescaleGrad,
            float clipGrad,
            float momentum,
            boolean lazyUpdate) {
        throw Unavailable.operation("NDArrayEx.sgdUpdate");
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

    @Override
    public NDArray interpolation(long[] size, int mode, boolean alignCorners) {
        throw Unavailable.operation("NDArrayEx.interpolation");
    }

    @Override
    public NDArray resize(int width, int height, int interpolation) {
        throw Unavailable.operation("NDArrayEx.resize");
    }

    @Override
    public NDArray randomFlipLeftRight() {
        throw Unavailable.operation("NDArrayEx.randomFlipLeftRight");
    }

    @Override
    public NDArray randomFlipTopBottom() {
        throw Unavailable.operation("NDArrayEx.randomFlipTopBottom");
    }

    @Override
    public NDArray randomBrightness(float brightness) {
        throw Unavailable.operation("NDArrayEx.randomBrightness");
    }

    @Override
    public NDArray randomHue(float hue) {
        throw Unavailable.operation("NDArrayEx.randomHue");
    }

    @Override
    public NDArray randomColorJitter(
            float brightness, float contrast, float saturation, float hue) {
        throw Unavailable.operation("NDArrayEx.randomColorJitter");
    }

    @Override
    public NDList multiBoxTarget(
            NDList inputs,
            float iouThreshold,
            float ignoreLabel,
            float negativeMiningRatio,
            float negativeMiningThreshold,
            int minNegativeSamples) {
        throw Unavailable.operation("NDArrayEx.multiBoxTarget");
    }

    @Override
    public NDList multiBoxPrior(
            List<Float> sizes,
            List<Float> ratios,
            List<Float> steps,
            List<Float> offsets,
            boolean clip) {
        throw Unavailable.operation("NDArrayEx.multiBoxPrior");
    }

    @Override
    public NDList multiBoxDetection(
            NDList inputs,
            boolean clip,
            float threshold,
            int backgroundId,
            float nmsThreshold,
            boolean forceSuppress,
            int nmsTopK) {
        throw Unavailable.operation("NDArrayEx.multiBoxDetection");
    }
}
