package org.oktoblas.engine;

import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.RandomOp;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/**
 * Random changes of images (N, H, W, C), of each for itself. Numbers are drawn where the images
 * are, from the engine's generator.
 */
final class Augmentation {

    /** The weights of red, green and blue in gray, ITU-R BT.601. */
    private static final double[] GRAY = {0.299, 0.587, 0.114};

    private static final int CHANNELS = 3;

    private final Operation operation;
    private final TensorMath math;

    Augmentation(Operation operation) {
        this.operation = operation;
        math = new TensorMath(operation);
    }

    /** Reverses an axis of images (N, H, W, C), or of one (H, W, C), with a probability of 0.5. */
    Tensor flip(Tensor images, int axis) {
        Layout layout = images.layout();
        long[] draws = TensorMath.along(layout.rank(), 0, 1);
        if (layout.rank() == 4) {
            draws[0] = layout.size(0);
        }
        long length = layout.size(axis);
        Tensor flipped = images.with(layout.slice(axis, length - 1, length, -1));
        Tensor half = uniform(draws, DataType.FLOAT32, 0, 1);
        half = math.binary(BinaryOp.LESS, half, Scalar.of(0.5));
        return math.where(half, flipped, images);
    }

    private Tensor uniform(long[] shape, DataType type, double low, double high) {
        Tensor out = operation.create(shape, type);
        return Distributions.draw(operation, RandomOp.UNIFORM, low, high, out);
    }

    /**
     * Changes brightness, contrast, saturation and hue in random order, each unless its strength is
     * 0. Returns the images themselves if all are.
     */
    Tensor jitter(
            Tensor images, double brightness, double contrast, double saturation, double hue) {
        double[] strengths = {brightness, contrast, saturation, hue};
        int changes = 0;
        for (double strength : strengths) {
            changes += strength > 0 ? 1 : 0;
        }
        double[] keys = new double[strengths.length];
        if (changes > 1) {
            keys = HostElements.doubles(operation, uniform(new long[] {4}, DataType.FLOAT64, 0, 1));
        }
        Tensor result = images;
        boolean[] done = new boolean[strengths.length];
        for (int turn = 0; turn < keys.length; turn++) {
            int next = -1;
            for (int i = 0; i < keys.length; i++) {
                next = !done[i] && (next < 0 || keys[i] < keys[next]) ? i : next;
            }
            done[next] = true;
            if (strengths[next] > 0) {
                result = change(result, next, strengths[next]);
            }
        }
        return result;
    }

    private Tensor change(Tensor images, int kind, double strength) {
        boolean hue = kind == 3;
        double low = hue ? -strength : Math.max(0, 1 - strength);
        double high = hue ? strength : 1 + strength;
        long[] draws = TensorMath.along(4, 0, images.layout().size(0));
        Tensor amount = uniform(draws, images.dataType(), low, high);
        switch (kind) {
            case 0:
                return math.multiply(images, amount);
            case 1:
                return blend(math.reduce(ReduceOp.MEAN, gray(images), 1, 2, 3), images, amount);
            case 2:
                return blend(gray(images), images, amount);
            default:
                return turnHue(images, amount);
        }
    }

    /** from + amount · (to − from). */
    private Tensor blend(Tensor from, Tensor to, Tensor amount) {
        Tensor result = math.subtract(to, from);
        math.into(BinaryOp.MULTIPLY, result, amount, result);
        math.into(BinaryOp.ADD, result, from, result);
        return result;
    }

    private Tensor gray(Tensor images) {
        if (images.layout().size(3) == 1) {
            return images;
        }
        Tensor weights = math.tensor(GRAY, images.dataType(), CHANNELS);
        return math.reduce(ReduceOp.SUM, math.multiply(images, weights), 3);
    }

    /** Adds to the hue, which is counted in full circles. */
    private Tensor turnHue(Tensor images, Tensor turn) {
        if (images.layout().size(3) == 1) {
            return images;
        }
        DataType type = images.dataType();
        // Channel by channel, each of which then lies densely.
        Tensor planes = operation.copy(images.with(images.layout().permute(3, 0, 1, 2)), type);
        Tensor red = TensorMath.slice(planes, 0, 0, 1);
        Tensor green = TensorMath.slice(planes, 0, 1, 1);
        Tensor blue = TensorMath.slice(planes, 0, 2, 1);
        Tensor value = math.maximum(math.maximum(red, green), blue);
        Tensor chroma = math.subtract(value, math.minimum(math.minimum(red, green), blue));
        // A gray pixel has no hue: any will do, as its chroma is 0.
        Tensor gray = math.binary(BinaryOp.EQUAL, chroma, Scalar.of(0));
        Tensor divisor = math.where(gray, one(chroma), chroma);
        // The place in the circle of six sectors, by which channel is the largest.
        Tensor ofRed = math.divide(math.subtract(green, blue), divisor);
        Tensor ofGreen = math.divide(math.subtract(blue, red), divisor);
        Tensor ofBlue = math.divide(math.subtract(red, green), divisor);
        math.into(BinaryOp.ADD, ofGreen, Scalar.of(2), ofGreen);
        math.into(BinaryOp.ADD, ofBlue, Scalar.of(4), ofBlue);
        Tensor sector = math.where(math.binary(BinaryOp.EQUAL, green, value), ofGreen, ofBlue);
        sector = math.where(math.binary(BinaryOp.EQUAL, red, value), ofRed, sector);
        Tensor sectors = math.multiply(turn, Scalar.of(6));
        sectors = sectors.with(sectors.layout().permute(3, 0, 1, 2));
        math.into(BinaryOp.ADD, sector, sectors, sector);

        // Back: channel = value − chroma · clip(min(k, 4 − k), 0, 1), k = (n + sector) mod 6.
        Tensor out = operation.create(planes.layout().shape(), type);
        for (int channel = 0; channel < CHANNELS; channel++) {
            Tensor k = math.add(sector, Scalar.of(5 - 2 * channel));
            math.into(BinaryOp.REMAINDER, k, Scalar.of(6), k);
            Tensor share = math.unary(UnaryOp.NEGATE, k);
            math.into(BinaryOp.ADD, share, Scalar.of(4), share);
            math.into(BinaryOp.MINIMUM, share, k, share);
            math.into(BinaryOp.MAXIMUM, share, Scalar.of(0), share);
            math.into(BinaryOp.MINIMUM, share, Scalar.of(1), share);
            math.into(BinaryOp.MULTIPLY, share, chroma, share);
            Tensor target = TensorMath.slice(out, 0, channel, 1);
            math.into(BinaryOp.SUBTRACT, value, share, target);
        }
        return operation.dense(out.with(out.layout().permute(1, 2, 3, 0)));
    }

    private Tensor one(Tensor like) {
        Tensor one = operation.create(new long[] {1}, like.dataType());
        operation.backend.fill(one, Scalar.of(1));
        return one;
    }
}
