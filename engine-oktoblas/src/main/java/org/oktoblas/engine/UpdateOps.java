package org.oktoblas.engine;

import ai.djl.ndarray.NDList;

/** The update rules of optimizers, which change weights in place. */
abstract class UpdateOps extends ImageOps {

    UpdateOps(OktoNDArray array) {
        super(array);
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
}
