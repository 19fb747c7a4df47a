package org.oktoblas.engine;

import ai.djl.ndarray.NDList;

/**
 * The update rules of optimizers, which change weights and states in place. The inputs are the
 * weight, its gradient and the states, in the order in which the rule's formula names them; the
 * second list names the weight again and is not needed. Formulas are in {@link UpdateRules}.
 * Gradients are dense, so that lazy updates, which leave out rows without gradient, have nothing to
 * leave out.
 */
abstract class UpdateOps extends ImageOps {

    UpdateOps(OktoNDArray array) {
        super(array);
    }

    /** Updates a weight, the mean of its squared gradients and that of its squared updates. */
    @Override
    public void adadeltaUpdate(
            NDList inputs,
            NDList weights,
            float weightDecay,
            float rescaleGrad,
            float clipGrad,
            float rho,
            float epsilon) {
        try (UpdateRules rules =
                new UpdateRules(
                        array, "adadeltaUpdate", inputs, 2, weightDecay, rescaleGrad, clipGrad)) {
            rules.adadelta(rho, epsilon);
            rules.store();
        }
    }

    /** Updates a weight and the sum of its squared gradients. */
    @Override
    public void adagradUpdate(
            NDList inputs,
            NDList weights,
            float learningRate,
            float weightDecay,
            float rescaleGrad,
            float clipGrad,
            float epsilon) {
        try (UpdateRules rules =
                new UpdateRules(
                        array, "adagradUpdate", inputs, 1, weightDecay, rescaleGrad, clipGrad)) {
            rules.adagrad(learningRate, epsilon);
            rules.store();
        }
    }

    /**
     * Updates a weight and the means of its gradients and of their squares.
     *
     * @param learningRateBiasCorrection the learning rate with Adam's bias correction
     * @param adamw whether the weight decays by itself, as AdamW has it, instead of through the
     *     gradient
     */
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
        float through = adamw ? 0 : weightDecay;
        double itself = adamw ? (double) learningRate * weightDecay : 0;
        try (UpdateRules rules =
                new UpdateRules(array, "adamUpdate", inputs, 2, through, rescaleGrad, clipGrad)) {
            rules.adam(learningRateBiasCorrection, itself, beta1, beta2, epsilon);
            rules.store();
        }
    }

    /** Updates a weight and, with momentum, its state. */
    @Override
    public void nagUpdate(
            NDList inputs,
            NDList weights,
            float learningRate,
            float weightDecay,
            float rescaleGrad,
            float clipGrad,
            float momentum) {
        int states = momentum == 0 ? 0 : 1;
        try (UpdateRules rules =
                new UpdateRules(
                        array, "nagUpdate", inputs, states, weightDecay, rescaleGrad, clipGrad)) {
            rules.nag(learningRate, momentum);
            rules.store();
        }
    }

    /**
     * Updates a weight and the mean of its squared gradients; or, centered, the mean of its
     * gradients, that of their squares and the momentum.
     *
     * @param momentum the momentum of the centered rule; the other has none
     */
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
        int states = centered ? 3 : 1;
        try (UpdateRules rules =
                new UpdateRules(
                        array,
                        "rmspropUpdate",
                        inputs,
                        states,
                        weightDecay,
                        rescaleGrad,
                        clipGrad)) {
            if (centered) {
                rules.centeredRmsprop(learningRate, rho, momentum, epsilon);
            } else {
                rules.rmsprop(learningRate, rho, epsilon);
            }
            rules.store();
        }
    }

    /** Updates a weight and, with momentum, its state. */
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
        int states = momentum == 0 ? 0 : 1;
        try (UpdateRules rules =
                new UpdateRules(
                        array, "sgdUpdate", inputs, states, weightDecay, rescaleGrad, clipGrad)) {
            rules.sgd(learningRate, momentum);
            rules.store();
        }
    }
}
