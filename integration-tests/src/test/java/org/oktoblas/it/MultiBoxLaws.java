package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.modality.cv.MultiBoxDetection;
import ai.djl.modality.cv.MultiBoxPrior;
import ai.djl.modality.cv.MultiBoxTarget;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.SingleShotDetectionLoss;
import ai.djl.training.loss.YOLOv3Loss;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** SSD's boxes are PyTorch's where that engine has them, and else those of the definition. */
abstract class MultiBoxLaws extends EngineParity {

    private final Target ours;

    MultiBoxLaws(Target ours) {
        super(ours);
        this.ours = ours;
    }

    @TestFactory
    List<DynamicTest> priorsAndDetections() {
        // PyTorch's engine makes twice as many boxes as sizes: one ratio more fills them all.
        List<Float> sizes = List.of(0.2f, 0.272f);
        List<Float> ratios = List.of(1.5f, 2f, 0.5f);
        test("priors", m -> priors(m, sizes, ratios, List.of(-1f, -1f), List.of(0.5f, 0.5f), 5, 4));
        test("stepped", m -> priors(m, sizes, ratios, List.of(0.1f, 0.3f), List.of(0f, 1f), 3, 7));
        for (float nms : new float[] {0.1f, 0.3f, 0.5f, 0.9f}) {
            for (boolean clip : new boolean[] {true, false}) {
                test(
                        "detections, suppressed from " + nms + (clip ? ", clipped" : ""),
                        m -> {
                            MultiBoxDetection detection =
                                    MultiBoxDetection.builder()
                                            .optThreshold(0)
                                            .optNmsThreshold(nms)
                                            .optClip(clip)
                                            .build();
                            return detection.detection(predictions(m, 3, 4, 50)).head();
                        });
            }
        }
        return tests;
    }

    @TestFactory
    List<DynamicTest> losses() {
        test(
                "YOLO 3's loss",
                m ->
                        YOLOv3Loss.builder()
                                .setNumClasses(3)
                                .build()
                                .evaluate(
                                        new NDList(object(m)),
                                        new NDList(
                                                floats(m, 1, 24, 13, 13),
                                                floats(m, 1, 24, 26, 26),
                                                floats(m, 1, 24, 52, 52))));
        return tests;
    }

    private static NDArray object(NDManager manager) {
        return manager.create(new float[] {1, 0.2f, 0.2f, 0.3f, 0.4f}, new Shape(1, 1, 5));
    }

    /** No box overlaps the object as much as the one that is it, and all is predicted well. */
    @Test
    void lossOfASingleShot() {
        try (NDManager m = ours.newManager()) {
            float[] boxes = {0.2f, 0.2f, 0.3f, 0.4f, 0.5f, 0.5f, 1, 1};
            NDArray anchors = m.create(boxes, new Shape(1, 2, 4));
            // Likely are class 1, which is 2 with the background, and the background.
            float[] scores = {0, 0, 2, 3, 0, 0};
            NDArray predictions = m.create(scores, new Shape(1, 2, 3));
            NDArray offsets = m.create(new float[] {0.5f, 0, 0, 0, 9, 9, 9, 9}, new Shape(1, 8));
            NDList outputs = new NDList(anchors, predictions, offsets);
            double loss =
                    new SingleShotDetectionLoss()
                            .evaluate(new NDList(object(m)), outputs)
                            .getFloat();
            double first = Math.log(1 + 2 * Math.exp(-2));
            double second = Math.log(1 + 2 * Math.exp(-3));
            // The mean of the classes' losses, and that of offsets where an object is.
            assertEquals((first + second) / 2 + 0.5 / 8, loss, 1e-5);
        }
    }

    private static NDArray priors(
            NDManager manager,
            List<Float> sizes,
            List<Float> ratios,
            List<Float> steps,
            List<Float> offsets,
            long height,
            long width) {
        return MultiBoxPrior.builder()
                .setSizes(sizes)
                .setRatios(ratios)
                .optSteps(new ArrayList<>(steps))
                .optOffsets(offsets)
                .build()
                .generateAnchorBoxes(manager.zeros(new Shape(2, 3, height, width)));
    }

    /** Anchors, which all have an area and lie in the image. */
    private static NDArray anchors(NDManager manager, int count) {
        Random random = new Random(count);
        float[] boxes = new float[count * 4];
        for (int i = 0; i < boxes.length; i++) {
            // The second half of a box is its low corner and a size of 0.1 to 0.5.
            boolean high = i % 4 > 1;
            float part = random.nextFloat();
            boxes[i] = high ? boxes[i - 2] + 0.1f + 0.4f * part : 0.5f * part;
        }
        return manager.create(boxes, new Shape(1, count, 4));
    }

    private static NDList predictions(NDManager manager, int batch, int classes, int count) {
        NDArray scores = floats(manager, batch, classes, count).softmax(1);
        NDArray offsets = floats(manager, batch, count * 4L);
        return new NDList(scores, offsets, anchors(manager, count));
    }

    @Test
    void priorsByHand() {
        try (NDManager m = ours.newManager()) {
            List<Float> auto = List.of(-1f, -1f);
            List<Float> middle = List.of(0.5f, 0.5f);
            NDArray two = priors(m, List.of(0.5f), List.of(1f, 4f), auto, middle, 1, 2);
            // Middles at x 0.25 and 0.75; a height of half a width halves widths.
            float[] expected = {
                0.125f, 0.25f, 0.375f, 0.75f, 0, 0.375f, 0.5f, 0.625f, //
                0.625f, 0.25f, 0.875f, 0.75f, 0.5f, 0.375f, 1, 0.625f
            };
            assertEquals(new Shape(1, 4, 4), two.getShape());
            assertEquals(DataType.FLOAT32, two.getDataType());
            assertArrayEquals(expected, two.toFloatArray(), 1e-6f);
            NDArray clipped =
                    MultiBoxPrior.builder()
                            .setSizes(List.of(1f, 0.5f))
                            .optSteps(List.of(0.5f, 0.5f))
                            .optClip(true)
                            .build()
                            .generateAnchorBoxes(m.zeros(new Shape(1, 1, 1, 1)));
            float[] corner = {0, 0, 0.75f, 0.75f, 0, 0, 0.5f, 0.5f};
            assertArrayEquals(corner, clipped.toFloatArray(), 1e-6f);
            assertEquals(
                    new Shape(1, 3 * 5 * 7, 4),
                    priors(
                                    m,
                                    List.of(0.1f, 0.2f, 0.3f),
                                    List.of(1f, 2f, 3f, 4f, 5f),
                                    auto,
                                    middle,
                                    3,
                                    5)
                            .getShape());
        }
    }

    /** Five anchors and two objects: one matched as the best, one by its overlap, in each case. */
    @Test
    void targetsByHand() {
        try (NDManager m = ours.newManager()) {
            NDArray anchors =
                    m.create(
                            new float[] {
                                0,
                                0,
                                0.5f,
                                0.5f, // the first object itself
                                0,
                                0,
                                0.5f,
                                0.4f, // 0.8 of it
                                0.5f,
                                0.5f,
                                1,
                                1, // a quarter of the second, which has no better
                                0.9f,
                                0,
                                1,
                                0.1f, // nothing
                                0,
                                0,
                                0.25f,
                                0.5f // half of the first, which is not more than half
                            },
                            new Shape(1, 5, 4));
            NDArray labels =
                    m.create(
                            new float[] {
                                2, 0, 0, 0.5f, 0.5f, 0, 0.75f, 0.75f, 1, 1, -1, -1, -1, -1, -1
                            },
                            new Shape(1, 3, 5));
            NDArray predictions = m.zeros(new Shape(1, 4, 5));
            NDList targets =
                    MultiBoxTarget.builder()
                            .build()
                            .target(new NDList(anchors, labels, predictions));
            float[] classes = {3, 3, 1, 0, 0};
            assertEquals(new Shape(1, 5), targets.get(2).getShape());
            assertArrayEquals(classes, targets.get(2).toFloatArray());
            float[] masks = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0};
            assertEquals(new Shape(1, 20), targets.get(1).getShape());
            assertArrayEquals(masks, targets.get(1).toFloatArray());
            float[] offsets = new float[20];
            // The second anchor: its middle is 0.05 too high, 0.125 of its height, and 1.25 times.
            offsets[5] = 1.25f;
            offsets[7] = (float) (Math.log(1.25) / 0.2);
            // The third: a quarter of its size off, and half of it.
            offsets[8] = 2.5f;
            offsets[9] = 2.5f;
            offsets[10] = (float) (Math.log(0.5) / 0.2);
            offsets[11] = offsets[10];
            assertArrayEquals(offsets, targets.get(0).toFloatArray(), 1e-5f);
        }
    }

    /** What is decoded from the offsets of targets are the objects. */
    @Test
    void detectionsInvertTargets() {
        try (NDManager m = ours.newManager()) {
            int count = 40;
            NDArray anchors = anchors(m, count);
            NDArray labels = m.create(new Shape(2, 1, 5));
            float[] objects = {1, 0.1f, 0.2f, 0.4f, 0.6f, 2, 0.3f, 0.3f, 0.8f, 0.5f};
            labels.set(objects);
            NDList targets =
                    MultiBoxTarget.builder()
                            .optIouThreshold(0.2f)
                            .build()
                            .target(new NDList(anchors, labels, m.zeros(new Shape(2, 4, count))));
            NDArray scores = targets.get(2).toType(DataType.INT64, false).oneHot(4);
            NDArray found =
                    MultiBoxDetection.builder()
                            .optNmsThreshold(0)
                            .build()
                            .detection(
                                    new NDList(scores.transpose(0, 2, 1), targets.get(0), anchors))
                            .head();
            float[] rows = found.toFloatArray();
            int seen = 0;
            for (int i = 0; i < rows.length; i += 6) {
                int image = i / (count * 6);
                if (rows[i] != -1) {
                    seen++;
                    assertEquals(objects[image * 5], rows[i]);
                    for (int k = 1; k < 5; k++) {
                        assertEquals(objects[image * 5 + k], rows[i + 1 + k], 1e-5);
                    }
                }
            }
            assertTrue(seen >= 4, seen + " anchors with objects");
        }
    }

    @Test
    void minedNegatives() {
        try (NDManager m = ours.newManager()) {
            NDArray anchors =
                    m.create(
                            new float[] {
                                0, 0, 0.5f, 0.5f, // the object
                                0, 0, 0.5f, 0.3f, // overlaps by 0.6, too much for a negative
                                0.5f, 0.5f, 1, 1, 0.6f, 0.6f, 1, 1, 0.7f, 0.7f, 1, 1
                            },
                            new Shape(1, 5, 4));
            NDArray labels = m.create(new float[] {0, 0, 0, 0.5f, 0.5f}, new Shape(1, 1, 5));
            // How likely the background is: the fourth anchor least, then the fifth.
            NDArray predictions =
                    m.create(new float[] {0, 0, 3, 1, 2, 0, 0, 0, 0, 0}, new Shape(1, 2, 5));
            NDList inputs = new NDList(anchors, labels, predictions);
            assertArrayEquals(new float[] {1, -5, -5, 0, -5}, mined(inputs, 1, 0));
            assertArrayEquals(new float[] {1, -5, -5, 0, 0}, mined(inputs, 2, 0));
            assertArrayEquals(new float[] {1, -5, 0, 0, 0}, mined(inputs, 9, 0));
            assertArrayEquals(new float[] {1, -5, -5, -5, -5}, mined(inputs, 0.5f, 0));
            assertArrayEquals(new float[] {1, -5, -5, 0, 0}, mined(inputs, 0.5f, 2));
            assertArrayEquals(new float[] {1, 0, 0, 0, 0}, mined(inputs, -1, 0));
        }
    }

    private static float[] mined(NDList inputs, float ratio, int atLeast) {
        return MultiBoxTarget.builder()
                .optIouThreshold(0.7f)
                .optIgnoreLabel(-5)
                .optNegativeMinigRatio(ratio)
                .optNegativeMiningThreshold(0.5f)
                .optMinNegativeSamples(atLeast)
                .build()
                .target(inputs)
                .get(2)
                .toFloatArray();
    }

    /** Two anchors want one object and one of them the other: the closest pair comes first. */
    @Test
    void objectsAreMatchedByTheirOverlap() {
        try (NDManager m = ours.newManager()) {
            NDArray anchors =
                    m.create(
                            new float[] {0, 0, 0.4f, 1, 0, 0, 0.5f, 1, 0.9f, 0, 1, 0.01f},
                            new Shape(1, 3, 4));
            NDArray labels =
                    m.create(new float[] {0, 0, 0, 0.6f, 1, 1, 0, 0, 0.5f, 1}, new Shape(1, 2, 5));
            NDList inputs = new NDList(anchors, labels, m.zeros(new Shape(1, 3, 3)));
            MultiBoxTarget strict = MultiBoxTarget.builder().optIouThreshold(0.99f).build();
            float[] classes = strict.target(inputs).get(2).toFloatArray();
            assertArrayEquals(new float[] {1, 2, 0}, classes);
            NDArray none = m.full(new Shape(1, 2, 5), -1f);
            NDList without = new NDList(anchors, none, m.zeros(new Shape(1, 3, 3)));
            assertArrayEquals(
                    new float[] {-1, -1, -1}, strict.target(without).get(2).toFloatArray());
        }
    }

    @Test
    void detectionsByHand() {
        try (NDManager m = ours.newManager()) {
            NDArray scores =
                    m.create(
                            new float[] {
                                0.1f, 0.2f, 0.3f, 0.9f, //
                                0.8f, 0.1f, 0.65f, 0.05f, //
                                0.1f, 0.7f, 0.05f, 0.05f
                            },
                            new Shape(1, 3, 4));
            NDArray anchors =
                    m.create(
                            new float[] {
                                0, 0, 0.5f, 0.5f, 0, 0, 0.5f, 0.45f, 0, 0.05f, 0.5f, 0.5f, //
                                0.5f, 0.5f, 1, 1
                            },
                            new Shape(1, 4, 4));
            NDList inputs = new NDList(scores, m.zeros(new Shape(1, 16)), anchors);
            float[] first = {0, 0.8f, 0, 0, 0.5f, 0.5f};
            float[] second = {1, 0.7f, 0, 0, 0.5f, 0.45f};
            float[] third = {0, 0.65f, 0, 0.05f, 0.5f, 0.5f};
            float[] gone = {-1, 0.65f, 0, 0.05f, 0.5f, 0.5f};
            float[] beside = {-1, 0.7f, 0, 0, 0.5f, 0.45f};
            float[] none = {-1, -1, -1, -1, -1, -1};
            MultiBoxDetection.Builder builder = MultiBoxDetection.builder().optThreshold(0.1f);
            assertRows(builder, inputs, first, second, gone, none);
            assertRows(builder.optForceSuppress(true), inputs, first, beside, gone, none);
            builder.optForceSuppress(false).optNmsThreshold(0.95f);
            assertRows(builder, inputs, first, second, third, none);
            assertRows(builder.optNmsTopK(2), inputs, first, second, gone, none);
            builder.optNmsTopK(-1).optThreshold(0.69f);
            assertRows(builder, inputs, first, second, none, none);
            builder.optBackgroundId(2).optThreshold(0.6f).optNmsThreshold(0.5f);
            float[] far = {0, 0.9f, 0.5f, 0.5f, 1, 1};
            float[] one = {1, 0.8f, 0, 0, 0.5f, 0.5f};
            float[] lost = {-1, 0.65f, 0, 0.05f, 0.5f, 0.5f};
            assertRows(builder, inputs, far, one, lost, none);
        }
    }

    private static void assertRows(
            MultiBoxDetection.Builder builder, NDList inputs, float[]... rows) {
        NDArray found = builder.build().detection(inputs).head();
        assertEquals(new Shape(1, rows.length, 6), found.getShape());
        for (int i = 0; i < rows.length; i++) {
            assertArrayEquals(rows[i], found.get(0, i).toFloatArray(), 1e-6f, "row " + i);
        }
    }

    @Test
    void imagesOfABatchAreApart() {
        try (NDManager m = ours.newManager()) {
            NDList together = predictions(m, 3, 5, 30);
            MultiBoxDetection detection = MultiBoxDetection.builder().optThreshold(0.4f).build();
            NDArray all = detection.detection(together).head();
            for (int i = 0; i < 3; i++) {
                String one = i + ":" + (i + 1);
                NDList alone =
                        new NDList(
                                together.get(0).get(one),
                                together.get(1).get(one),
                                together.get(2));
                assertEquals(all.get(one), detection.detection(alone).head());
            }
            NDList none = new NDList();
            none.add(m.create(new Shape(0, 5, 30)));
            none.add(m.create(new Shape(0, 120)));
            none.add(together.get(2));
            assertEquals(new Shape(0, 30, 6), detection.detection(none).head().getShape());
        }
    }

    @Test
    void refusals() {
        try (NDManager m = ours.newManager()) {
            NDList inputs = predictions(m, 2, 3, 10);
            NDList wrong = new NDList(inputs.get(0), inputs.get(1), anchors(m, 9));
            MultiBoxDetection detection = MultiBoxDetection.builder().build();
            assertThrows(IllegalArgumentException.class, () -> detection.detection(wrong));
            NDList labels = new NDList(inputs.get(2), m.zeros(new Shape(2, 4)), inputs.get(0));
            MultiBoxTarget target = MultiBoxTarget.builder().build();
            assertThrows(IllegalArgumentException.class, () -> target.target(labels));
            MultiBoxPrior prior = MultiBoxPrior.builder().build();
            NDArray flat = m.zeros(new Shape(3, 4));
            assertThrows(IllegalArgumentException.class, () -> prior.generateAnchorBoxes(flat));
        }
    }
}
