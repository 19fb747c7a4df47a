package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.modality.cv.MultiBoxDetection;
import ai.djl.modality.cv.MultiBoxPrior;
import ai.djl.modality.cv.MultiBoxTarget;
import ai.djl.modality.cv.util.NDImageUtils;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.oktoblas.engine.OktoEngine;

/** Nothing but its result stays of an operation on images, boxes or weights. */
abstract class VisionMemoryLaws {

    private final Target ours;

    VisionMemoryLaws(Target ours) {
        this.ours = ours;
    }

    private long used() {
        return OktoEngine.get().memoryUse(ours.device()).used();
    }

    /** Runs an operation that fails or gives arrays, which are closed. */
    private void leavesNothing(NDArray of, Function<NDArray, NDList> operation) {
        long before = used();
        int resources = of.getManager().getManagedArrays().size();
        try (NDList results = operation.apply(of)) {
            assertEquals(resources + results.size(), of.getManager().getManagedArrays().size());
        } catch (IllegalArgumentException e) {
            assertEquals(resources, of.getManager().getManagedArrays().size());
        }
        assertEquals(before, used(), "bytes outstanding");
    }

    @Test
    void images() {
        try (NDManager m = ours.newManager()) {
            List<Function<NDArray, NDArray>> operations =
                    List.of(
                            a -> NDImageUtils.resize(a, 7, 9),
                            a -> NDImageUtils.toTensor(a),
                            a -> NDImageUtils.randomFlipLeftRight(a),
                            a -> NDImageUtils.randomFlipTopBottom(a),
                            a -> NDImageUtils.randomBrightness(a, 0.5f),
                            a -> NDImageUtils.randomHue(a, 0.5f),
                            a -> NDImageUtils.randomColorJitter(a, 0.5f, 0.5f, 0.5f, 0.5f),
                            a -> a.getNDArrayInternal().resize(7, 9, 3),
                            a -> a.getNDArrayInternal().interpolation(new long[] {3}, 2, false));
            for (DataType type : new DataType[] {DataType.UINT8, DataType.FLOAT32}) {
                for (Shape shape : new Shape[] {new Shape(20, 30, 3), new Shape(20, 30, 2)}) {
                    NDArray image = m.ones(shape, type);
                    for (Function<NDArray, NDArray> operation : operations) {
                        leavesNothing(image, a -> new NDList(operation.apply(a)));
                    }
                }
            }
        }
    }

    @Test
    void boxes() {
        try (NDManager m = ours.newManager()) {
            NDArray map = m.ones(new Shape(1, 3, 4, 5));
            MultiBoxPrior prior = MultiBoxPrior.builder().optClip(true).build();
            leavesNothing(map, a -> new NDList(prior.generateAnchorBoxes(a)));
            NDArray anchors = prior.generateAnchorBoxes(map);
            NDArray labels = m.create(new float[] {0, 0, 0, 1, 1}, new Shape(1, 1, 5));
            NDArray scores = m.full(new Shape(1, 2, 20), 0.5f);
            MultiBoxTarget target = MultiBoxTarget.builder().optNegativeMinigRatio(3).build();
            leavesNothing(anchors, a -> target.target(new NDList(a, labels, scores)));
            leavesNothing(anchors, a -> target.target(new NDList(a, scores, labels)));
            NDArray offsets = m.zeros(new Shape(1, 80));
            MultiBoxDetection detection = MultiBoxDetection.builder().optBackgroundId(1).build();
            leavesNothing(anchors, a -> detection.detection(new NDList(scores, offsets, a)));
        }
    }

    @Test
    void updates() {
        try (NDManager m = ours.newManager()) {
            Optimizer[] optimizers = {
                Optimizer.sgd()
                        .setLearningRateTracker(Tracker.fixed(0.1f))
                        .optMomentum(0.5f)
                        .build(),
                Optimizer.nag()
                        .setLearningRateTracker(Tracker.fixed(0.1f))
                        .setMomentum(0.5f)
                        .build(),
                Optimizer.adam().optWeightDecays(0.1f).build(),
                Optimizer.adamW().optClipGrad(1).build(),
                Optimizer.rmsprop().build(),
                Optimizer.rmsprop().optCentered(true).build(),
                Optimizer.adadelta().build()
            };
            for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT16}) {
                for (Optimizer optimizer : optimizers) {
                    String name = type.toString();
                    NDArray weight = m.ones(new Shape(30), type);
                    NDArray gradient = m.ones(new Shape(30), type);
                    // The first step makes the states.
                    optimizer.update(name, weight, gradient);
                    NDList none = new NDList();
                    leavesNothing(
                            weight,
                            a -> {
                                optimizer.update(name, a, gradient);
                                return none;
                            });
                }
            }
        }
    }
}
