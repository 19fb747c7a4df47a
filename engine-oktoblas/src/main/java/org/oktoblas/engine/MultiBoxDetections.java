package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Tensor;

/**
 * The objects that an SSD has found, as MXNet's operator of this name defines them: each anchor's
 * likeliest class, if that is likely enough, with its box, the likeliest first. Of those that
 * overlap, non-maximum suppression leaves the likeliest.
 */
final class MultiBoxDetections {

    private static final int ROW = 6;

    private final boolean clip;
    private final float threshold;
    private final int background;
    private final float nmsThreshold;
    private final boolean forceSuppress;
    private final int topK;

    /** Takes over what {@link ai.djl.modality.cv.MultiBoxDetection} documents. */
    MultiBoxDetections(
            boolean clip,
            float threshold,
            int background,
            float nmsThreshold,
            boolean forceSuppress,
            int topK) {
        this.clip = clip;
        this.threshold = threshold;
        this.background = background;
        this.nmsThreshold = nmsThreshold;
        this.forceSuppress = forceSuppress;
        this.topK = topK;
    }

    /**
     * Computes the detections of a batch.
     *
     * @param inputs class probabilities (B, C + 1, A), box offsets (B, A · 4) and anchors (1, A, 4)
     * @return (B, A, 6), rows of class, score, xmin, ymin, xmax and ymax in the probabilities' data
     *     type. The class is counted without the background. It is −1 where a box was suppressed or
     *     is not among the top K; rows behind the last box are −1 throughout. If the threshold of
     *     suppression is not in (0, 1], boxes stay in the order of their anchors.
     * @throws IllegalArgumentException if the shapes are others
     */
    Tensor compute(Operation operation, NDList inputs) {
        NDArray[] arrays = inputs.toArray(new NDArray[0]);
        MultiBox.check(arrays.length == 3, "multiBoxDetection needs three arrays", arrays);
        Shape shape = arrays[0].getShape();
        boolean fits =
                shape.dimension() == 3
                        && shape.get(1) >= 2
                        && background >= 0
                        && background < shape.get(1)
                        && arrays[1].size() == shape.get(0) * shape.get(2) * 4
                        && arrays[2].size() == shape.get(2) * 4;
        MultiBox.check(
                fits,
                "multiBoxDetection with background "
                        + background
                        + " needs class probabilities (B, C + 1, A) of it and others, box offsets"
                        + " (B, A * 4) and anchors (1, A, 4)",
                arrays);
        DataType type = Types.floating(arrays[0].getDataType());
        Tensor classes = operation.read(arrays[0], type);
        Tensor offsets = operation.read(arrays[1], type);
        Tensor anchors = operation.read(arrays[2], type);
        int batch = Math.toIntExact(shape.get(0));
        int count = Math.toIntExact(shape.get(2));
        double[] rows = new double[batch * count * ROW];
        Arrays.fill(rows, -1);
        if (rows.length > 0) {
            offsets = operation.reshape(offsets, batch, count, 4);
            anchors = operation.reshape(anchors, count, 4);
            Tensor boxes = new MultiBox(operation).decode(offsets, anchors, clip);
            float[] all = MultiBox.floats(operation, boxes);
            Best best = best(operation, classes);
            for (int image = 0; image < batch; image++) {
                detect(best, all, image * count, count, rows);
            }
        }
        return new TensorMath(operation).tensor(rows, type, batch, count, ROW);
    }

    /** Finds each anchor's likeliest class beside the background. */
    private Best best(Operation operation, Tensor classes) {
        long[] shape = classes.layout().shape();
        shape[1]--;
        Tensor objects = classes;
        if (background == 0) {
            objects = TensorMath.slice(classes, 1, 1, shape[1]);
        } else {
            long[] others =
                    IntStream.range(0, (int) shape[1] + 1)
                            .filter(i -> i != background)
                            .asLongStream()
                            .toArray();
            Tensor index = HostElements.tensor(operation, others);
            objects = Selection.gather(operation, classes, 1, index);
        }
        Tensor scores = new TensorMath(operation).reduce(ReduceOp.MAX, objects, 1);
        shape[1] = 1;
        Tensor ids = operation.create(shape, DataType.INT64);
        operation.backend.argReduce(true, objects, 1, ids);
        return new Best(HostElements.longs(operation, ids), MultiBox.floats(operation, scores));
    }

    /** Writes the rows of one image, whose anchors begin at a place. */
    private void detect(Best best, float[] boxes, int at, int count, double[] rows) {
        float[] scores = best.scores;
        IntStream found =
                IntStream.range(at, at + count)
                        .filter(i -> scores[i] > -1 && scores[i] >= threshold);
        boolean suppress = nmsThreshold > 0 && nmsThreshold <= 1;
        int[] order =
                suppress
                        ? found.boxed()
                                .sorted(Comparator.comparing(i -> -scores[i]))
                                .mapToInt(i -> i)
                                .toArray()
                        : found.toArray();
        int kept = suppress && topK > 0 ? Math.min(topK, order.length) : order.length;
        boolean[] dropped = new boolean[order.length];
        Arrays.fill(dropped, kept, order.length, true);
        for (int i = 0; suppress && i < kept; i++) {
            for (int j = i + 1; !dropped[i] && j < kept; j++) {
                boolean rivals = forceSuppress || best.ids[order[i]] == best.ids[order[j]];
                if (rivals && !dropped[j]) {
                    float overlap = MultiBox.overlap(boxes, order[i] * 4, boxes, order[j] * 4);
                    dropped[j] = overlap >= nmsThreshold;
                }
            }
        }
        for (int i = 0; i < order.length; i++) {
            int row = (at + i) * ROW;
            rows[row] = dropped[i] ? -1 : best.ids[order[i]];
            rows[row + 1] = scores[order[i]];
            for (int k = 0; k < 4; k++) {
                rows[row + 2 + k] = boxes[order[i] * 4 + k];
            }
        }
    }

    /** Each anchor's likeliest class and its probability. */
    private record Best(long[] ids, float[] scores) {}
}
