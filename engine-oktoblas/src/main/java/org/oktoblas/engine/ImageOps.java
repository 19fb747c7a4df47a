package org.oktoblas.engine;

import ai.djl.modality.cv.Image;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/** Operations on images, and on the boxes of objects in them. */
abstract class ImageOps extends LayerOps {

    ImageOps(OktoNDArray array) {
        super(array);
    }

    /**
     * Resamples the axes behind the first two, (N, C, W), (N, C, H, W) or (N, C, D, H, W), with the
     * coordinates of {@link Interpolation}. Integers are rounded, and limited to what INT8 and
     * UINT8 have.
     *
     * @param size the new lengths of those axes
     * @param mode the ordinal of a {@link ai.djl.modality.cv.Image.Interpolation}
     * @param alignCorners whether the middles of the corner pixels stay where they are, which
     *     matters to bilinear and bicubic, rather than the outer corners of the image
     * @throws IllegalArgumentException if there is no such mode, or the shape or size does not fit
     */
    @Override
    public OktoNDArray interpolation(long[] size, int mode, boolean alignCorners) {
        long[] shape = array.getShape().getShape();
        if (shape.length < 3 || shape.length > 5 || size.length != shape.length - 2) {
            throw new IllegalArgumentException(
                    "interpolation to "
                            + Arrays.toString(size)
                            + " of shape "
                            + array.getShape()
                            + ": the array needs 3 to 5 axes, (N, C, ...), and a size for each axis"
                            + " behind the first two.");
        }
        return resample(2, size, mode, alignCorners, "interpolation", true);
    }

    /**
     * Resamples images (H, W, C) or (N, H, W, C), with the coordinates of {@link Interpolation}.
     * Integers are cut off behind the point, and limited to what INT8 and UINT8 have.
     *
     * @throws IllegalArgumentException if the array is empty or no image, or the size is not
     *     positive
     */
    @Override
    public OktoNDArray resize(int width, int height, int interpolation) {
        int first = imageAxis("resize");
        if (array.isEmpty()) {
            throw new IllegalArgumentException(
                    "resize of shape " + array.getShape() + ": the image is empty.");
        }
        long[] size = {height, width};
        return resample(first, size, interpolation, false, "resize", false);
    }

    private OktoNDArray resample(
            int first, long[] size, int number, boolean alignCorners, String name, boolean round) {
        Image.Interpolation mode = Interpolation.mode(number);
        for (int i = 0; i < size.length; i++) {
            if (size[i] < 1 || array.getShape().get(first + i) < 1) {
                throw new IllegalArgumentException(
                        name
                                + " to "
                                + Arrays.toString(size)
                                + " of shape "
                                + array.getShape()
                                + ": lengths of images must be positive.");
            }
        }
        DataType type = array.getDataType();
        try (Operation operation = array.operation()) {
            Interpolation interpolation = new Interpolation(operation, mode, alignCorners);
            Tensor in = operation.read(array, interpolation.workingType(type));
            Tensor out = interpolation.resample(in, first, size);
            if (out.dataType() != type) {
                TensorMath math = new TensorMath(operation);
                out = round ? math.roundTo(out, type) : math.truncateTo(out, type);
            }
            return operation.result(operation.cast(out, type));
        }
    }

    /**
     * Returns the axis of an image's rows.
     *
     * @throws IllegalArgumentException if the array is no image (H, W, C) and no batch of them
     */
    private int imageAxis(String name) {
        int rank = array.getShape().dimension();
        if (rank != 3 && rank != 4) {
            throw new IllegalArgumentException(
                    name
                            + " of shape "
                            + array.getShape()
                            + ": an image must be (H, W, C), a batch of images (N, H, W, C).");
        }
        return rank - 3;
    }

    /**
     * Turns images (H, W, C) or (N, H, W, C) of 0 to 255 into FLOAT32 ones (C, H, W) or (N, C, H,
     * W) of 0 to 1.
     *
     * @throws IllegalArgumentException if the array is no image
     */
    @Override
    public OktoNDArray toTensor() {
        int first = imageAxis("toTensor");
        try (Operation operation = array.operation()) {
            Tensor in = operation.read(array, Types.floating(array.getDataType()));
            int[] order = first == 0 ? new int[] {2, 0, 1} : new int[] {0, 3, 1, 2};
            in = in.with(in.layout().permute(order));
            Tensor out = new TensorMath(operation).divide(in, Scalar.of(255));
            return operation.result(operation.cast(out, DataType.FLOAT32));
        }
    }

    /** Flips an image (H, W, C), or each of a batch for itself, with a probability of 0.5. */
    @Override
    public OktoNDArray randomFlipLeftRight() {
        return flip(1, "randomFlipLeftRight");
    }

    /** Flips an image (H, W, C), or each of a batch for itself, with a probability of 0.5. */
    @Override
    public OktoNDArray randomFlipTopBottom() {
        return flip(0, "randomFlipTopBottom");
    }

    private OktoNDArray flip(int axis, String name) {
        int first = imageAxis(name);
        try (Operation operation = array.operation()) {
            Augmentation images = new Augmentation(operation);
            return operation.result(images.flip(operation.read(array), first + axis));
        }
    }

    /**
     * Multiplies an image (H, W, C), or each of a batch by a factor of its own, by a factor from
     * [max(0, 1 − brightness), 1 + brightness). Floating point images may be of any range; integers
     * are rounded, and limited to what INT8 and UINT8 have.
     */
    @Override
    public OktoNDArray randomBrightness(float brightness) {
        return randomColorJitter("randomBrightness", brightness, 0, 0, 0);
    }

    /**
     * Turns the hue of an image (H, W, 3), or of each of a batch for itself, by a part from [−hue,
     * hue) of the full circle of HSV. Value and saturation stay; gray images (H, W, 1) do too.
     */
    @Override
    public OktoNDArray randomHue(float hue) {
        return randomColorJitter("randomHue", 0, 0, 0, hue);
    }

    /**
     * Changes brightness, contrast, saturation and hue of an image (H, W, C), or of each of a batch
     * for itself, in random order. The first three are blends a · image + (1 − a) · other with a
     * from [max(0, 1 − strength), 1 + strength), where the other is black, the mean of the gray
     * image, and the gray image (0.299 R + 0.587 G + 0.114 B); hue is as in {@link #randomHue}. A
     * strength of 0 leaves out the change.
     *
     * @throws IllegalArgumentException if a strength is negative, or an image to be changed in more
     *     than brightness has neither 1 nor 3 channels
     */
    @Override
    public OktoNDArray randomColorJitter(
            float brightness, float contrast, float saturation, float hue) {
        return randomColorJitter("randomColorJitter", brightness, contrast, saturation, hue);
    }

    private OktoNDArray randomColorJitter(
            String name, float brightness, float contrast, float saturation, float hue) {
        int first = imageAxis(name);
        long channels = array.getShape().get(first + 2);
        boolean colors = contrast != 0 || saturation != 0 || hue != 0;
        if (colors && channels != 1 && channels != 3) {
            throw new IllegalArgumentException(
                    name
                            + " of shape "
                            + array.getShape()
                            + ": an image must have 1 or 3 channels, which are its last axis.");
        }
        for (float strength : new float[] {brightness, contrast, saturation, hue}) {
            if (!(strength >= 0)) {
                throw new IllegalArgumentException(
                        name + " by " + strength + ": the strength must be 0 or more.");
            }
        }
        DataType type = array.getDataType();
        DataType working = type == DataType.FLOAT64 ? type : DataType.FLOAT32;
        try (Operation operation = array.operation()) {
            Tensor in = operation.read(array, working);
            Tensor batch = first == 0 ? in.with(in.layout().insertAxis(0)) : in;
            Augmentation images = new Augmentation(operation);
            Tensor out = images.jitter(batch, brightness, contrast, saturation, hue);
            if (out.layout().count() > 0 && type != working) {
                out = new TensorMath(operation).roundTo(out, type);
            }
            out = out == batch ? operation.copy(out, type) : operation.cast(out, type);
            return operation.result(first == 0 ? TensorMath.select(out, 0, 0) : out);
        }
    }

    /**
     * Computes what SSD is trained towards, by {@link MultiBoxTargets}.
     *
     * @param inputs anchors (1, A, 4), labels (B, G, 5) and class predictions (B, C + 1, A)
     * @return offsets (B, A · 4), their masks (B, A · 4) and classes (B, A)
     */
    @Override
    public NDList multiBoxTarget(
            NDList inputs,
            float iouThreshold,
            float ignoreLabel,
            float negativeMiningRatio,
            float negativeMiningThreshold,
            int minNegativeSamples) {
        MultiBoxTargets targets =
                new MultiBoxTargets(
                        iouThreshold,
                        ignoreLabel,
                        negativeMiningRatio,
                        negativeMiningThreshold,
                        minNegativeSamples);
        try (Operation operation = array.operation()) {
            return targets.compute(operation, inputs);
        }
    }

    /**
     * Makes the anchor boxes of a feature map (N, C, H, W), by {@link MultiBox#priors}.
     *
     * @return FLOAT32 boxes (1, H · W · (sizes + ratios − 1), 4)
     */
    @Override
    public NDList multiBoxPrior(
            List<Float> sizes,
            List<Float> ratios,
            List<Float> steps,
            List<Float> offsets,
            boolean clip) {
        try (Operation operation = array.operation()) {
            MultiBox boxes = new MultiBox(operation);
            Tensor priors =
                    boxes.priors(array.getShape().getShape(), sizes, ratios, steps, offsets, clip);
            return new NDList(operation.result(priors));
        }
    }

    /**
     * Turns predictions of SSD into detected objects, by {@link MultiBoxDetections}.
     *
     * @param inputs class probabilities (B, C + 1, A), offsets (B, A · 4) and anchors (1, A, 4)
     * @return rows (class, score, xmin, ymin, xmax, ymax), (B, A, 6)
     */
    @Override
    public NDList multiBoxDetection(
            NDList inputs,
            boolean clip,
            float threshold,
            int backgroundId,
            float nmsThreshold,
            boolean forceSuppress,
            int nmsTopK) {
        MultiBoxDetections detections =
                new MultiBoxDetections(
                        clip, threshold, backgroundId, nmsThreshold, forceSuppress, nmsTopK);
        try (Operation operation = array.operation()) {
            return new NDList(operation.result(detections.compute(operation, inputs)));
        }
    }
}
