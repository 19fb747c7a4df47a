package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.oktoblas.engine.backend.Tensor;

/**
 * What an SSD is trained towards, as MXNet's operator of this name defines it. First every object
 * gets the anchor that overlaps it most, the pair of most overlap first. Then every other anchor
 * takes the object it overlaps most, if by more than the threshold. Anchors without object are
 * negatives, of the background, class 0; with negative mining, only those among them are whose
 * background is predicted as least likely and whose overlaps are below the mining threshold, and
 * the rest is ignored. All anchors of an image without objects are ignored.
 */
final class MultiBoxTargets {

    /** Overlaps up to here are none. */
    private static final float LEAST = 1e-6f;

    private static final int FREE = -1;

    private final float iouThreshold;
    private final float ignoreLabel;
    private final float miningRatio;
    private final float miningThreshold;
    private final int minNegatives;

    /** Takes over what {@link ai.djl.modality.cv.MultiBoxTarget} documents. */
    MultiBoxTargets(
            float iouThreshold,
            float ignoreLabel,
            float miningRatio,
            float miningThreshold,
            int minNegatives) {
        this.iouThreshold = iouThreshold;
        this.ignoreLabel = ignoreLabel;
        this.miningRatio = miningRatio;
        this.miningThreshold = miningThreshold;
        this.minNegatives = minNegatives;
    }

    /**
     * Computes the targets of a batch.
     *
     * @param inputs anchors (1, A, 4); labels (B, G, 5), rows of class, xmin, ymin, xmax and ymax
     *     up to one of class −1; and class predictions before the softmax (B, C + 1, A), of which
     *     the first is the background
     * @return offsets (B, A · 4), masks (B, A · 4) and classes (B, A), in the anchors' data type
     * @throws IllegalArgumentException if the shapes are others
     */
    NDList compute(Operation operation, NDList inputs) {
        MultiBox.check(inputs.size() == 3, "multiBoxTarget needs three arrays", array(inputs));
        NDArray anchors = inputs.get(0);
        NDArray labels = inputs.get(1);
        NDArray predictions = inputs.get(2);
        Shape of = predictions.getShape();
        Shape rows = labels.getShape();
        boolean fits =
                anchors.size() % 4 == 0
                        && rows.dimension() == 3
                        && rows.get(2) >= 5
                        && of.dimension() == 3
                        && of.get(0) == rows.get(0)
                        && of.get(2) == anchors.size() / 4;
        MultiBox.check(
                fits,
                "multiBoxTarget needs anchors (1, A, 4), labels (B, G, 5) and class predictions"
                        + " (B, C + 1, A)",
                array(inputs));
        int count = Math.toIntExact(of.get(2));
        int batch = Math.toIntExact(rows.get(0));
        float[] boxes = MultiBox.floats(operation, operation.read(anchors));
        float[] objects = MultiBox.floats(operation, operation.read(labels));
        float[] background = null;
        if (miningRatio > 0) {
            background = MultiBox.floats(operation, background(operation, predictions));
        }
        Result result = new Result(batch, count);
        Arrays.fill(result.classes, ignoreLabel);
        int width = Math.toIntExact(rows.get(2));
        int capacity = Math.toIntExact(rows.get(1));
        for (int image = 0; image < batch; image++) {
            float[][] own = objects(objects, image * capacity * width, capacity, width);
            if (own.length > 0) {
                float[] likely =
                        background == null
                                ? null
                                : Arrays.copyOfRange(
                                        background, image * count, (image + 1) * count);
                assign(boxes, own, likely, result, image * count);
            }
        }
        DataType type = Types.floating(anchors.getDataType());
        TensorMath math = new TensorMath(operation);
        Tensor offsets = math.tensor(result.offsets, type, batch, count * 4L);
        Tensor masks = math.tensor(result.masks, type, batch, count * 4L);
        Tensor classes = math.tensor(result.classes, type, batch, count);
        return new NDList(
                operation.result(offsets), operation.result(masks), operation.result(classes));
    }

    private static NDArray[] array(NDList list) {
        return list.toArray(new NDArray[0]);
    }

    /** Returns the background's probabilities, (B, A). */
    private static Tensor background(Operation operation, NDArray predictions) {
        Tensor in = operation.read(predictions, Types.floating(predictions.getDataType()));
        Tensor out = operation.create(in.layout().shape(), in.dataType());
        if (out.layout().count() > 0) {
            operation.backend.softmax(false, in, 1, out);
        }
        return TensorMath.select(out, 1, 0);
    }

    private static float[][] objects(float[] labels, int from, int capacity, int width) {
        int count = 0;
        while (count < capacity && labels[from + count * width] != -1) {
            count++;
        }
        float[][] objects = new float[count][];
        for (int i = 0; i < count; i++) {
            int start = from + i * width;
            objects[i] = Arrays.copyOfRange(labels, start, start + 5);
        }
        return objects;
    }

    /** Writes the targets of one image, whose anchors' results begin at a place. */
    private void assign(
            float[] anchors, float[][] objects, float[] background, Result result, int at) {
        int count = anchors.length / 4;
        float[][] overlaps = new float[count][objects.length];
        int[] best = new int[count];
        for (int i = 0; i < count; i++) {
            for (int k = 0; k < objects.length; k++) {
                overlaps[i][k] = MultiBox.overlap(anchors, i * 4, objects[k], 1);
                best[i] = overlaps[i][k] > overlaps[i][best[i]] ? k : best[i];
            }
        }
        int[] match = new int[count];
        Arrays.fill(match, FREE);
        matchEachObject(overlaps, objects.length, match);
        int positives = 0;
        for (int i = 0; i < count; i++) {
            if (match[i] == FREE && iouThreshold > 0 && overlaps[i][best[i]] > iouThreshold) {
                match[i] = best[i];
            }
            positives += match[i] == FREE ? 0 : 1;
        }
        for (int i = 0; i < count; i++) {
            if (match[i] != FREE) {
                result.positive(anchors, i, objects[match[i]], at);
            }
        }
        IntStream negatives = IntStream.range(0, count).filter(i -> match[i] == FREE);
        if (background != null) {
            long limit = Math.max((long) (positives * miningRatio), minNegatives);
            negatives =
                    negatives
                            .filter(i -> overlaps[i][best[i]] < miningThreshold)
                            .boxed()
                            .sorted(Comparator.comparing(i -> background[i]))
                            .mapToInt(i -> i)
                            .limit(limit);
        }
        negatives.forEach(i -> result.classes[at + i] = 0);
    }

    /** Gives each object an anchor, the pair of most overlap first. */
    private static void matchEachObject(float[][] overlaps, int objects, int[] match) {
        boolean[] matched = new boolean[objects];
        for (int turn = 0; turn < objects; turn++) {
            int anchor = -1;
            int object = -1;
            float most = LEAST;
            for (int i = 0; i < overlaps.length; i++) {
                for (int k = 0; match[i] == FREE && k < objects; k++) {
                    if (!matched[k] && overlaps[i][k] > most) {
                        most = overlaps[i][k];
                        anchor = i;
                        object = k;
                    }
                }
            }
            if (anchor < 0) {
                return;
            }
            match[anchor] = object;
            matched[object] = true;
        }
    }

    /** The targets of a batch. */
    private static final class Result {

        final double[] offsets;
        final double[] masks;
        final double[] classes;

        Result(int batch, int anchors) {
            offsets = new double[batch * anchors * 4];
            masks = new double[batch * anchors * 4];
            classes = new double[batch * anchors];
        }

        /** Writes that an anchor is to find an object: the inverse of {@link MultiBox#decode}. */
        void positive(float[] anchors, int anchor, float[] object, int at) {
            classes[at + anchor] = object[0] + 1;
            int start = (at + anchor) * 4;
            Arrays.fill(masks, start, start + 4, 1);
            for (int axis = 0; axis < 2; axis++) {
                double low = anchors[anchor * 4 + axis];
                double high = anchors[anchor * 4 + axis + 2];
                double from = object[1 + axis];
                double to = object[3 + axis];
                double moved = (from + to - low - high) / 2;
                offsets[start + axis] = moved / (high - low) / MultiBox.CENTER_VARIANCE;
                double stretched = Math.log((to - from) / (high - low));
                offsets[start + axis + 2] = stretched / MultiBox.SIZE_VARIANCE;
            }
        }
    }
}
