package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/**
 * The boxes (xmin, ymin, xmax, ymax) of "SSD: Single Shot MultiBox Detector", Liu et al. 2016, in
 * parts of the image's width and height.
 */
final class MultiBox {

    /** What offsets of centers and of sizes are divided by, so that they vary about equally. */
    static final double CENTER_VARIANCE = 0.1;

    static final double SIZE_VARIANCE = 0.2;

    private final Operation operation;
    private final TensorMath math;

    MultiBox(Operation operation) {
        this.operation = operation;
        math = new TensorMath(operation);
    }

    /**
     * Makes boxes around the middle of each pixel of a feature map: one of the first ratio for each
     * size, then one of the first size for each further ratio. With size s and ratio r, they are s
     * · √r · height / width wide and s / √r high.
     *
     * @param shape the shape of the feature map, (N, C, H, W)
     * @param steps how far pixels are apart vertically and horizontally, 1 / H and 1 / W if one is
     *     not positive
     * @param offsets where the middle of a pixel is, vertically and horizontally, in steps
     * @return FLOAT32, (1, H · W · (sizes + ratios − 1), 4)
     */
    Tensor priors(
            long[] shape,
            List<Float> sizes,
            List<Float> ratios,
            List<Float> steps,
            List<Float> offsets,
            boolean clip) {
        if (shape.length != 4 || sizes.isEmpty() || steps.size() != 2 || offsets.size() != 2) {
            throw new IllegalArgumentException(
                    "multiBoxPrior of shape "
                            + Arrays.toString(shape)
                            + " with sizes "
                            + sizes
                            + ", steps "
                            + steps
                            + " and offsets "
                            + offsets
                            + ": it needs a feature map (N, C, H, W), a size or more, and two steps"
                            + " and offsets, of y and x.");
        }
        long height = shape[2];
        long width = shape[3];
        boolean given = steps.get(0) > 0 && steps.get(1) > 0;
        double[] halves = halves(sizes, ratios, (double) height / width);
        long count = halves.length / 4;
        Tensor boxes = operation.create(new long[] {height, width, count, 4}, DataType.FLOAT32);
        Tensor half = math.tensor(halves, DataType.FLOAT32, count, 4);
        for (int axis = 0; axis < 2; axis++) {
            // Axis 0 is y, whose numbers are the second and fourth of a box.
            double step = given ? steps.get(axis) : 1.0 / shape[2 + axis];
            double[] centers = new double[Math.toIntExact(shape[2 + axis])];
            for (int i = 0; i < centers.length; i++) {
                centers[i] = (i + offsets.get(axis)) * step;
            }
            long[] along = TensorMath.along(4, axis, centers.length);
            Tensor center = math.tensor(centers, DataType.FLOAT32, along);
            Tensor out = boxes.with(boxes.layout().slice(3, 1 - axis, 2, 2));
            Tensor size = half.with(half.layout().slice(1, 1 - axis, 2, 2));
            math.into(BinaryOp.ADD, center, size, out);
        }
        if (clip) {
            clip(boxes);
        }
        return operation.reshape(boxes, 1, height * width * count, 4);
    }

    /** Returns the boxes around the origin, one after another. */
    private static double[] halves(List<Float> sizes, List<Float> ratios, double aspect) {
        int count = sizes.size() + Math.max(0, ratios.size() - 1);
        double[] halves = new double[count * 4];
        for (int i = 0; i < count; i++) {
            int further = i - sizes.size() + 1;
            double size = sizes.get(further > 0 ? 0 : i);
            double ratio = ratios.isEmpty() ? 1 : Math.sqrt(ratios.get(Math.max(0, further)));
            double x = size * aspect * ratio / 2;
            double y = size / ratio / 2;
            double[] box = {-x, -y, x, y};
            System.arraycopy(box, 0, halves, i * 4, 4);
        }
        return halves;
    }

    /**
     * Turns predicted offsets of anchors into boxes: the center moves by 0.1 · offset · size, and
     * the size is multiplied by exp(0.2 · offset).
     *
     * @param offsets (B, A, 4)
     * @param anchors (A, 4)
     * @return (B, A, 4)
     */
    Tensor decode(Tensor offsets, Tensor anchors, boolean clip) {
        Tensor out = operation.create(offsets.layout().shape(), offsets.dataType());
        Tensor low = TensorMath.slice(anchors, 1, 0, 2);
        Tensor high = TensorMath.slice(anchors, 1, 2, 2);
        Tensor size = math.subtract(high, low);
        Tensor center = math.multiply(math.add(low, high), Scalar.of(0.5));
        Tensor moved = TensorMath.slice(offsets, 2, 0, 2);
        moved = math.multiply(moved, Scalar.of(CENTER_VARIANCE));
        center = math.add(math.multiply(moved, size), center);
        Tensor half = TensorMath.slice(offsets, 2, 2, 2);
        half = math.multiply(half, Scalar.of(SIZE_VARIANCE));
        math.into(UnaryOp.EXP, half, half);
        half = math.multiply(math.multiply(half, size), Scalar.of(0.5));
        math.into(BinaryOp.SUBTRACT, center, half, TensorMath.slice(out, 2, 0, 2));
        math.into(BinaryOp.ADD, center, half, TensorMath.slice(out, 2, 2, 2));
        if (clip) {
            clip(out);
        }
        return out;
    }

    private void clip(Tensor boxes) {
        math.into(BinaryOp.MAXIMUM, boxes, Scalar.of(0), boxes);
        math.into(BinaryOp.MINIMUM, boxes, Scalar.of(1), boxes);
    }

    /**
     * Returns what two boxes share, in parts of what they cover together; 0 if they cover nothing.
     */
    static float overlap(float[] a, int i, float[] b, int j) {
        float width = Math.min(a[i + 2], b[j + 2]) - Math.max(a[i], b[j]);
        float height = Math.min(a[i + 3], b[j + 3]) - Math.max(a[i + 1], b[j + 1]);
        float shared = Math.max(0, width) * Math.max(0, height);
        float all = area(a, i) + area(b, j) - shared;
        return all > 0 ? shared / all : 0;
    }

    private static float area(float[] boxes, int i) {
        return (boxes[i + 2] - boxes[i]) * (boxes[i + 3] - boxes[i + 1]);
    }

    /** Returns elements in single precision. */
    static float[] floats(Operation operation, Tensor tensor) {
        double[] doubles = HostElements.doubles(operation, tensor);
        float[] floats = new float[doubles.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) doubles[i];
        }
        return floats;
    }

    /**
     * Checks that arguments belong together.
     *
     * @throws IllegalArgumentException if not, naming their shapes
     */
    static void check(boolean fits, String needed, NDArray... arrays) {
        if (!fits) {
            StringBuilder shapes = new StringBuilder();
            for (NDArray one : arrays) {
                shapes.append(shapes.length() == 0 ? "" : ", ").append(one.getShape());
            }
            throw new IllegalArgumentException(needed + ", not " + shapes + ".");
        }
    }
}
