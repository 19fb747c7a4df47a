package org.oktoblas.it;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.transformer.BertMaskedLanguageModelLoss;
import ai.djl.nn.transformer.BertNextSentenceLoss;
import ai.djl.nn.transformer.BertPretrainingLoss;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.evaluator.BinaryAccuracy;
import ai.djl.training.evaluator.BoundingBoxError;
import ai.djl.training.evaluator.Coverage;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.evaluator.IndexEvaluator;
import ai.djl.training.evaluator.SingleShotDetectionAccuracy;
import ai.djl.training.evaluator.TopKAccuracy;
import ai.djl.training.loss.IndexLoss;
import ai.djl.training.loss.Loss;
import ai.djl.training.loss.SimpleCompositeLoss;
import ai.djl.training.loss.SingleShotDetectionLoss;
import ai.djl.training.loss.TabNetClassificationLoss;
import ai.djl.training.loss.TabNetRegressionLoss;
import ai.djl.training.loss.YOLOv3Loss;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** DJL's losses and evaluators compute the same on this engine's arrays. */
abstract class LossLaws extends EngineParity {

    LossLaws(Target ours) {
        super(ours);
    }

    /** Evaluates, and accumulates the same twice. */
    private void evaluator(
            String name,
            Supplier<Evaluator> supplier,
            Function<NDManager, NDList> labels,
            Function<NDManager, NDList> predictions) {
        lists(
                name,
                m -> {
                    Evaluator evaluator = supplier.get();
                    evaluator.addAccumulator("all");
                    for (int i = 0; i < 2; i++) {
                        evaluator.updateAccumulator("all", labels.apply(m), predictions.apply(m));
                    }
                    return new NDList(
                            evaluator.evaluate(labels.apply(m), predictions.apply(m)),
                            m.create(evaluator.getAccumulator("all")));
                });
    }

    private static Function<NDManager, NDList> reals(long... shape) {
        return m -> new NDList(floats(m, shape));
    }

    private static Function<NDManager, NDList> classes(int count, long... shape) {
        return m -> new NDList(integers(m, count, shape));
    }

    private static Function<NDManager, NDList> truths(long... shape) {
        return m -> new NDList(integers(m, 2, shape).toType(DataType.FLOAT32, false));
    }

    private static NDArray probabilities(NDManager m, long... shape) {
        return floats(m, shape).getNDArrayInternal().sigmoid();
    }

    @TestFactory
    List<DynamicTest> losses() {
        Function<NDManager, NDList> targets = m -> new NDList(floats(m, 2, 4, 5).get(1));
        evaluator("L1", Loss::l1Loss, targets, reals(4, 5));
        evaluator("L1 weighted", () -> Loss.l1Loss("l1", 0.3f), targets, reals(4, 5));
        evaluator("L2", Loss::l2Loss, targets, reals(4, 5));
        evaluator("quantile L1", () -> Loss.quantileL1Loss(0.3f), targets, reals(4, 5));
        evaluator("hinge", Loss::hingeLoss, targets, reals(4, 5));
        evaluator(
                "hinge with margin", () -> Loss.hingeLoss("hinge", 2, 0.5f), targets, reals(4, 5));
        evaluator(
                "sigmoid binary cross entropy",
                Loss::sigmoidBinaryCrossEntropyLoss,
                truths(4, 5),
                reals(4, 5));
        evaluator(
                "binary cross entropy of probabilities",
                () -> Loss.sigmoidBinaryCrossEntropyLoss("bce", 1, true),
                truths(4, 5),
                m -> new NDList(probabilities(m, 4, 5)));
        evaluator(
                "softmax cross entropy", Loss::softmaxCrossEntropyLoss, classes(5, 4), reals(4, 5));
        evaluator(
                "softmax cross entropy of axis 1",
                () -> Loss.softmaxCrossEntropyLoss("ce", 0.7f, 1, true, true),
                classes(5, 4, 1, 3),
                reals(4, 5, 3));
        evaluator(
                "softmax cross entropy of distributions",
                () -> Loss.softmaxCrossEntropyLoss("ce", 1, -1, false, true),
                m -> new NDList(floats(m, 2, 4, 5).get(1).softmax(-1)),
                reals(4, 5));
        evaluator(
                "cross entropy of logarithms",
                () -> Loss.softmaxCrossEntropyLoss("ce", 1, -1, true, false),
                classes(5, 4),
                m -> new NDList(floats(m, 4, 5).logSoftmax(-1)));
        maskedSoftmaxCrossEntropy();
        evaluator(
                "TabNet classification",
                TabNetClassificationLoss::new,
                classes(5, 4),
                m -> new NDList(floats(m, 4, 5), floats(m, 4)));
        evaluator(
                "TabNet regression",
                TabNetRegressionLoss::new,
                targets,
                m -> new NDList(floats(m, 4, 5), floats(m, 4)));
        evaluator(
                "one of several outputs",
                () -> new IndexLoss(Loss.l2Loss(), 1),
                m -> new NDList(floats(m, 3), floats(m, 2, 4, 5).get(1)),
                m -> new NDList(floats(m, 3), floats(m, 4, 5)));
        evaluator(
                "sum of losses",
                () ->
                        new SimpleCompositeLoss()
                                .addLoss(new IndexLoss(Loss.l1Loss(), 0))
                                .addLoss(new IndexLoss(Loss.softmaxCrossEntropyLoss(), 1)),
                m -> new NDList(floats(m, 2, 3).get(1), integers(m, 5, 4)),
                m -> new NDList(floats(m, 3), floats(m, 4, 5)));
        evaluator(
                "YOLOv3",
                () ->
                        YOLOv3Loss.builder()
                                .setInputShape(new Shape(416, 416))
                                .setNumClasses(2)
                                .build(),
                m -> new NDList(probabilities(m, 2, 3, 5).mul(0.5f)),
                m ->
                        new NDList(
                                floats(m, 2, 21, 4, 4),
                                floats(m, 2, 21, 8, 8),
                                floats(m, 2, 21, 16, 16)));
        weightDecay();
        return tests;
    }

    /** Sequences of 2 and 4 steps: those behind count as nothing, in a mean over all 4. */
    private void maskedSoftmaxCrossEntropy() {
        reference(
                "masked softmax cross entropy",
                m -> {
                    NDArray logarithms = floats(m, 2, 4, 5).logSoftmax(-1);
                    long[] classes = integers(m, 5, 2, 4).toLongArray();
                    float[] sums = new float[2];
                    for (int i = 0; i < 8; i++) {
                        if (i < 2 || i >= 4) {
                            sums[i / 4] -= logarithms.getFloat(i / 4, i % 4, classes[i]) / 4;
                        }
                    }
                    return new NDList(m.create(sums, new Shape(2, 1)));
                },
                m ->
                        new NDList(
                                Loss.maskedSoftmaxCrossEntropyLoss()
                                        .evaluate(
                                                new NDList(
                                                        integers(m, 5, 2, 4),
                                                        m.create(new int[] {2, 4})),
                                                new NDList(floats(m, 2, 4, 5)))));
    }

    /**
     * Two anchors, of which the first is the one object's box: its offsets are 0, and the other
     * anchor is background.
     */
    @TestFactory
    List<DynamicTest> detection() {
        Function<NDManager, NDList> labels =
                m -> new NDList(m.create(new float[] {0, .1f, .1f, .4f, .4f}, new Shape(1, 1, 5)));
        // Anchors, class scores of background and two classes, and offsets.
        Function<NDManager, NDList> predictions =
                m ->
                        new NDList(
                                m.create(
                                        new float[] {.1f, .1f, .4f, .4f, .6f, .6f, .9f, .9f},
                                        new Shape(1, 2, 4)),
                                m.create(new float[] {0, 2, 1, 0, 0, 3}, new Shape(1, 2, 3)),
                                m.create(new float[] {1, 2, -3, 4, 5, 6, 7, 8}, new Shape(1, 8)));
        double first = Math.log(1 + Math.exp(2) + Math.exp(1)) - 2;
        double second = Math.log(2 + Math.exp(3));
        reference(
                "single shot detection",
                m -> new NDList(m.create((float) ((first + second) / 2 + 10 / 8.0))),
                m ->
                        new NDList(
                                new SingleShotDetectionLoss()
                                        .evaluate(labels.apply(m), predictions.apply(m))));
        reference(
                "single shot detection accuracy",
                m -> new NDList(m.create(0.5f)),
                m -> {
                    Evaluator accuracy = new SingleShotDetectionAccuracy("accuracy");
                    accuracy.addAccumulator("all");
                    accuracy.updateAccumulator("all", labels.apply(m), predictions.apply(m));
                    return new NDList(m.create(accuracy.getAccumulator("all")));
                });
        reference(
                "bounding box error",
                m -> new NDList(m.create(new float[] {1, 2, 3, 4, 0, 0, 0, 0}, new Shape(1, 8))),
                m ->
                        new NDList(
                                new BoundingBoxError("error")
                                        .evaluate(labels.apply(m), predictions.apply(m))));
        return tests;
    }

    private void weightDecay() {
        test(
                "L1 weight decay",
                m -> Loss.l1WeightedDecay(weights(m)).evaluate(new NDList(), new NDList()));
        test(
                "L2 weight decay",
                m -> Loss.l2WeightedDecay(weights(m)).evaluate(new NDList(), new NDList()));
        test(
                "elastic net weight decay",
                m -> Loss.elasticNetWeightedDecay(weights(m)).evaluate(new NDList(), new NDList()));
    }

    private static NDList weights(NDManager m) {
        return new NDList(floats(m, 4, 5), floats(m, 3));
    }

    /** Labels of next sentences, of masked words, and the mask of these. */
    private static NDList sentences(NDManager m) {
        return new NDList(
                integers(m, 2, 4).toType(DataType.INT32, false),
                integers(m, 9, 4, 3).toType(DataType.INT32, false),
                integers(m, 2, 4, 3).toType(DataType.INT32, false));
    }

    private static NDList guesses(NDManager m) {
        return new NDList(floats(m, 4, 2).logSoftmax(1), floats(m, 12, 9).logSoftmax(1));
    }

    @TestFactory
    List<DynamicTest> pretraining() {
        test(
                "next sentence",
                m -> new BertNextSentenceLoss(0, 0).evaluate(sentences(m), guesses(m)));
        test(
                "next sentence accuracy",
                m -> new BertNextSentenceLoss(0, 0).accuracy(sentences(m), guesses(m)));
        test(
                "masked words",
                m -> new BertMaskedLanguageModelLoss(1, 2, 1).evaluate(sentences(m), guesses(m)));
        test(
                "masked words accuracy",
                m -> new BertMaskedLanguageModelLoss(1, 2, 1).accuracy(sentences(m), guesses(m)));
        test("both", m -> new BertPretrainingLoss().evaluate(sentences(m), guesses(m)));
        return tests;
    }

    @TestFactory
    List<DynamicTest> evaluators() {
        evaluator("accuracy", Accuracy::new, classes(5, 20), reals(20, 5));
        evaluator(
                "accuracy of one output",
                () -> new Accuracy("accuracy", 0),
                classes(5, 20),
                m -> new NDList(integers(m, 5, 2, 20).get(1)));
        evaluator("binary accuracy", BinaryAccuracy::new, classes(2, 20), reals(20));
        evaluator(
                "binary accuracy of probabilities",
                () -> new BinaryAccuracy(0.5f),
                classes(2, 20),
                m -> new NDList(probabilities(m, 20)));
        evaluator("top 3 accuracy", () -> new TopKAccuracy(3), classes(5, 20), reals(20, 5));
        evaluator("coverage", Coverage::new, m -> new NDList(floats(m, 2, 20).get(1)), reals(20));
        evaluator(
                "accuracy of one of several outputs",
                () -> new IndexEvaluator(new Accuracy(), 1),
                m -> new NDList(floats(m, 3), integers(m, 5, 20)),
                m -> new NDList(floats(m, 3), floats(m, 20, 5)));
        return tests;
    }
}
