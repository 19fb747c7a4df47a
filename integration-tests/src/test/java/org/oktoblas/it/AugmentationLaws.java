package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.modality.cv.util.NDImageUtils;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.awt.Color;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Random changes of images are what they are called, of each image for itself, and repeatable. */
abstract class AugmentationLaws {

    private static final int IMAGES = 64;

    private final Target ours;

    AugmentationLaws(Target ours) {
        this.ours = ours;
    }

    private static NDArray images(NDManager manager, DataType type, long... shape) {
        Shape s = new Shape(shape);
        Random random = new Random(s.size());
        float[] values = new float[(int) s.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextInt(256);
        }
        return manager.create(values, s).toType(type, false);
    }

    private static NDArray image(NDArray batch, int i) {
        return batch.get(i).toType(DataType.FLOAT64, true);
    }

    @Test
    void flips() {
        try (NDManager m = ours.newManager()) {
            m.getEngine().setRandomSeed(3);
            for (DataType type : EngineParity.TYPES) {
                NDArray in = images(m, type, IMAGES, 3, 4, 2);
                assertFlips(in, NDImageUtils.randomFlipLeftRight(in), 1);
                assertFlips(in, NDImageUtils.randomFlipTopBottom(in), 0);
            }
            int flipped = 0;
            NDArray one = images(m, DataType.UINT8, 3, 4, 3);
            for (int i = 0; i < IMAGES; i++) {
                flipped += NDImageUtils.randomFlipTopBottom(one).equals(one) ? 0 : 1;
            }
            assertHalf(flipped);
        }
    }

    private static void assertFlips(NDArray in, NDArray out, int axis) {
        assertEquals(in.getDataType(), out.getDataType());
        int flipped = 0;
        for (int i = 0; i < IMAGES; i++) {
            boolean same = out.get(i).equals(in.get(i));
            assertTrue(same || out.get(i).equals(in.get(i).flip(axis)), "image " + i);
            flipped += same ? 0 : 1;
        }
        if (in.getDataType() != DataType.BOOLEAN) {
            assertHalf(flipped);
        }
    }

    /** Of 64 fair coins fewer than 16 or more than 48 fall on one side once in 40,000 times. */
    private static void assertHalf(int count) {
        assertTrue(count >= 16 && count <= 48, count + " of " + IMAGES);
    }

    @Test
    void brightnessMultiplies() {
        try (NDManager m = ours.newManager()) {
            m.getEngine().setRandomSeed(4);
            NDArray in = images(m, DataType.FLOAT32, IMAGES, 5, 4, 3);
            NDArray out = NDImageUtils.randomBrightness(in, 0.25f);
            double lowest = 2;
            double highest = 0;
            for (int i = 0; i < IMAGES; i++) {
                double factor = image(out, i).sum().getDouble() / image(in, i).sum().getDouble();
                lowest = Math.min(lowest, factor);
                highest = Math.max(highest, factor);
                assertClose(image(in, i).mul(factor), image(out, i));
            }
            assertTrue(lowest >= 0.75 && lowest < 0.8, "lowest " + lowest);
            assertTrue(highest <= 1.25 && highest > 1.2, "highest " + highest);
        }
    }

    @Test
    void integersAreRoundedAndLimited() {
        try (NDManager m = ours.newManager()) {
            NDArray wide = images(m, DataType.FLOAT32, IMAGES, 5, 4, 3);
            NDArray in = wide.toType(DataType.UINT8, false);
            m.getEngine().setRandomSeed(5);
            NDArray out = NDImageUtils.randomBrightness(in, 1);
            m.getEngine().setRandomSeed(5);
            NDArray exact = NDImageUtils.randomBrightness(wide, 1);
            assertTrue(exact.max().getFloat() > 256, "some are too bright");
            assertEquals(exact.round().clip(0, 255).toType(DataType.UINT8, false), out);
        }
    }

    @Test
    void contrastKeepsTheMeanOfGray() {
        try (NDManager m = ours.newManager()) {
            m.getEngine().setRandomSeed(6);
            NDArray in = images(m, DataType.FLOAT32, IMAGES, 5, 4, 3);
            NDArray out = NDImageUtils.randomColorJitter(in, 0, 0.5f, 0, 0);
            for (int i = 0; i < IMAGES; i++) {
                NDArray from = image(in, i);
                NDArray to = image(out, i);
                double mean = gray(from).mean().getDouble();
                double factor = blended(from.sub(mean), to.sub(mean));
                assertTrue(factor >= 0.5 && factor <= 1.5, "factor " + factor);
                assertClose(from.sub(mean).mul(factor).add(mean), to);
            }
        }
    }

    @Test
    void saturationBlendsWithGray() {
        try (NDManager m = ours.newManager()) {
            m.getEngine().setRandomSeed(7);
            NDArray in = images(m, DataType.FLOAT64, IMAGES, 5, 4, 3);
            NDArray out = NDImageUtils.randomColorJitter(in, 0, 0, 0.5f, 0);
            for (int i = 0; i < IMAGES; i++) {
                NDArray from = image(in, i);
                NDArray gray = gray(from).expandDims(2);
                double factor = blended(from.sub(gray), image(out, i).sub(gray));
                assertTrue(factor >= 0.5 && factor <= 1.5, "factor " + factor);
                assertClose(from.sub(gray).mul(factor).add(gray), image(out, i));
            }
        }
    }

    private static NDArray gray(NDArray image) {
        NDArray weights = image.getManager().create(new double[] {0.299, 0.587, 0.114});
        return image.mul(weights).sum(new int[] {2});
    }

    /** The factor of least squares between two arrays. */
    private static double blended(NDArray from, NDArray to) {
        return from.mul(to).sum().getDouble() / from.square().sum().getDouble();
    }

    /** Against the JDK's own conversion between RGB and HSV. */
    @Test
    @RequiresDesktop
    void hueTurns() {
        try (NDManager m = ours.newManager()) {
            m.getEngine().setRandomSeed(8);
            NDArray in = images(m, DataType.FLOAT32, IMAGES, 5, 4, 3);
            in.set(new ai.djl.ndarray.index.NDIndex(":, 0, 0, :"), 77);
            NDArray out = NDImageUtils.randomHue(in, 0.3f);
            double widest = 0;
            for (int i = 0; i < IMAGES; i++) {
                float[] from = in.get(i).toFloatArray();
                float[] to = out.get(i).toFloatArray();
                assertEquals(77, to[0], 1e-3, "gray stays");
                double turn = 0;
                double best = 0;
                for (int p = 3; p < from.length; p += 3) {
                    float[] before = hsv(from, p);
                    float[] after = hsv(to, p);
                    assertEquals(before[1], after[1], 0.02, "saturation");
                    assertEquals(before[2], after[2], 0.01, "value");
                    // The hue of the most colourful pixel is the most exact.
                    if (before[1] * before[2] > best) {
                        best = before[1] * before[2];
                        turn = after[0] - before[0];
                        turn -= Math.rint(turn);
                    }
                }
                widest = Math.max(widest, Math.abs(turn));
                for (int p = 3; p < from.length; p += 3) {
                    float[] before = hsv(from, p);
                    int rgb = Color.HSBtoRGB((float) (before[0] + turn), before[1], before[2]);
                    // Bytes, and a turn that was measured from bytes.
                    assertEquals(rgb >> 16 & 255, to[p], 4, "red");
                    assertEquals(rgb >> 8 & 255, to[p + 1], 4, "green");
                    assertEquals(rgb & 255, to[p + 2], 4, "blue");
                }
            }
            assertTrue(widest <= 0.31 && widest > 0.25, "widest turn " + widest);
        }
    }

    private static float[] hsv(float[] pixels, int at) {
        return Color.RGBtoHSB(
                Math.round(pixels[at]),
                Math.round(pixels[at + 1]),
                Math.round(pixels[at + 2]),
                null);
    }

    @Test
    void seedsRepeat() {
        assertRepeats(a -> NDImageUtils.randomFlipLeftRight(a));
        assertRepeats(a -> NDImageUtils.randomFlipTopBottom(a));
        assertRepeats(a -> NDImageUtils.randomBrightness(a, 0.6f));
        assertRepeats(a -> NDImageUtils.randomHue(a, 0.6f));
        assertRepeats(a -> NDImageUtils.randomColorJitter(a, 0.6f, 0.8f, 0.7f, 0.6f));
        assertRepeats(a -> NDImageUtils.randomResizedCrop(a.get(0), 10, 10, 0.3, 0.7, 0.5, 2));
    }

    private void assertRepeats(UnaryOperator<NDArray> change) {
        try (NDManager m = ours.newManager()) {
            for (DataType type : new DataType[] {DataType.UINT8, DataType.FLOAT32}) {
                NDArray in = images(m, type, 8, 20, 15, 3);
                m.getEngine().setRandomSeed(9);
                NDArray first = change.apply(in);
                NDArray second = change.apply(in);
                m.getEngine().setRandomSeed(9);
                assertEquals(first, change.apply(in));
                assertNotEquals(first, second);
                assertEquals(type, first.getDataType());
            }
        }
    }

    @Test
    void grayImagesHaveNoColors() {
        try (NDManager m = ours.newManager()) {
            NDArray in = images(m, DataType.UINT8, 5, 4, 1);
            assertEquals(in, NDImageUtils.randomHue(in, 0.5f));
            assertEquals(in, NDImageUtils.randomColorJitter(in, 0, 0, 0.5f, 0.5f));
            assertNotEquals(in, NDImageUtils.randomColorJitter(in, 0, 0.9f, 0, 0));
        }
    }

    @Test
    void nothingToDoGivesACopy() {
        try (NDManager m = ours.newManager()) {
            NDArray in = images(m, DataType.FLOAT32, 5, 4, 3);
            NDArray out = NDImageUtils.randomColorJitter(in, 0, 0, 0, 0);
            assertEquals(in, out);
            out.addi(1);
            assertNotEquals(in, out);
            Shape empty = new Shape(0, 5, 4, 3);
            NDArray none = m.create(empty);
            assertEquals(empty, NDImageUtils.randomColorJitter(none, 1, 1, 1, 1).getShape());
            assertEquals(empty, NDImageUtils.randomFlipLeftRight(none).getShape());
        }
    }

    @Test
    void refusals() {
        try (NDManager m = ours.newManager()) {
            NDArray four = images(m, DataType.FLOAT32, 5, 4, 4);
            NDArray flat = images(m, DataType.FLOAT32, 5, 4);
            assertThrows(IllegalArgumentException.class, () -> NDImageUtils.randomHue(four, 0.1f));
            assertThrows(
                    IllegalArgumentException.class, () -> NDImageUtils.randomBrightness(four, -1));
            assertThrows(
                    IllegalArgumentException.class, () -> NDImageUtils.randomFlipTopBottom(flat));
        }
    }

    private static void assertClose(NDArray expected, NDArray actual) {
        double[] e = expected.toDoubleArray();
        double[] a = actual.toDoubleArray();
        for (int i = 0; i < e.length; i++) {
            // Single precision of values up to some 400, and of the factor found from them.
            assertEquals(e[i], a[i], 1e-3, "element " + i);
        }
    }
}
