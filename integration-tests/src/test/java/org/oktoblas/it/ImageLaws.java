package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.modality.cv.transform.CenterCrop;
import ai.djl.modality.cv.transform.CenterFit;
import ai.djl.modality.cv.transform.Crop;
import ai.djl.modality.cv.transform.Normalize;
import ai.djl.modality.cv.transform.OneHot;
import ai.djl.modality.cv.transform.Pad;
import ai.djl.modality.cv.transform.Resize;
import ai.djl.modality.cv.transform.ResizeShort;
import ai.djl.modality.cv.transform.ToTensor;
import ai.djl.modality.cv.util.NDImageUtils;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.Transform;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Images are resized, cropped and converted as by PyTorch's engine, or by the definition. */
abstract class ImageLaws extends EngineParity {

    private static final int[][] SIZES = {
        {4, 6}, {8, 12}, {2, 3}, {5, 7}, {3, 13}, {11, 4}, {1, 1}, {4, 1}, {16, 6}
    };

    private final Target ours;

    ImageLaws(Target ours) {
        super(ours);
        this.ours = ours;
    }

    @TestFactory
    List<DynamicTest> resize() {
        for (Image.Interpolation mode : Image.Interpolation.values()) {
            int number = mode.ordinal();
            for (int[] size : SIZES) {
                String to = " to " + Arrays.toString(size) + " by " + mode;
                test("image" + to, m -> resized(floats(m, 4, 6, 3), size, number));
                test("batch" + to, m -> resized(floats(m, 2, 4, 6, 3), size, number));
                test("gray image" + to, m -> resized(floats(m, 4, 6, 1), size, number));
                test(
                        "view" + to,
                        m -> resized(floats(m, 6, 5, 4).transpose().get(":, ::2"), size, number));
                test("planes" + to, m -> planes(floats(m, 2, 3, 4, 6), size, number));
                test("wide planes" + to, m -> planes(floats(m, 1, 1, 4, 13), size, number));
            }
        }
        for (DataType type : TYPES) {
            // Powers of two keep PyTorch's single precision exact before it cuts off.
            for (int number : new int[] {0, 1, 2}) {
                String of = " of " + type + " by " + Image.Interpolation.values()[number];
                test("half" + of, m -> resized(bytes(m, type, 4, 8, 3), new int[] {2, 4}, number));
                test("twice" + of, m -> resized(bytes(m, type, 4, 8, 3), new int[] {8, 4}, number));
            }
        }
        return tests;
    }

    private static NDArray resized(NDArray array, int[] size, int number) {
        return array.getNDArrayInternal().resize(size[1], size[0], number);
    }

    private static NDArray planes(NDArray array, int[] size, int number) {
        long[] lengths = {size[0], size[1]};
        return array.getNDArrayInternal().interpolation(lengths, number, false);
    }

    private static NDArray bytes(NDManager manager, DataType type, long... shape) {
        return integers(manager, 100, shape).toType(type, false);
    }

    @TestFactory
    List<DynamicTest> interpolationOfOtherRanks() {
        // Single precision takes the lower of two neighbours in the first three.
        for (long[] n : new long[][] {{2, 82}, {3, 123}, {3, 165}, {100, 101}, {59, 31}}) {
            test(
                    "nearest of " + n[0] + " to " + n[1],
                    m ->
                            m.arange((float) n[0])
                                    .reshape(1, 1, n[0])
                                    .getNDArrayInternal()
                                    .interpolation(new long[] {n[1]}, 0, false));
        }
        for (int mode : new int[] {0, 2}) {
            for (long n : new long[] {1, 3, 5, 9, 10}) {
                test(
                        "line " + mode + " to " + n,
                        m ->
                                floats(m, 2, 3, 5)
                                        .getNDArrayInternal()
                                        .interpolation(new long[] {n}, mode, false));
                test(
                        "volume " + mode + " to " + n,
                        m ->
                                floats(m, 1, 2, 3, 5, 4)
                                        .getNDArrayInternal()
                                        .interpolation(new long[] {2, n, 7}, mode, false));
            }
        }
        return tests;
    }

    @Test
    void nearestKeepsIntegers() {
        try (NDManager m = ours.newManager()) {
            NDArray wide = m.create(new long[] {1L << 60, -3, 7}, new Shape(1, 1, 3));
            NDArray result = wide.getNDArrayInternal().interpolation(new long[] {6}, 0, false);
            assertEquals(
                    m.create(new long[] {1L << 60, 1L << 60, -3, -3, 7, 7}, new Shape(1, 1, 6)),
                    result);
        }
    }

    /** Against sums written out in double precision. */
    @Test
    void convolutionsByDefinition() {
        try (NDManager m = ours.newManager()) {
            for (int mode : new int[] {1, 3}) {
                for (boolean align : new boolean[] {false, true}) {
                    for (int[] size : new int[][] {{301, 97}, {7, 40}, {13, 13}, {9, 1}, {1, 4}}) {
                        NDArray in = floats(m, 2, 1, size[0]);
                        NDArray out =
                                in.getNDArrayInternal()
                                        .interpolation(new long[] {size[1]}, mode, align);
                        float[] actual = out.toFloatArray();
                        float[] source = in.toFloatArray();
                        for (int i = 0; i < actual.length; i++) {
                            int row = i / size[1];
                            float[] line =
                                    Arrays.copyOfRange(source, row * size[0], (row + 1) * size[0]);
                            double expected = convolved(line, size[1], i % size[1], mode, align);
                            assertEquals(expected, actual[i], 3e-6, mode + " " + align + " " + i);
                        }
                    }
                }
            }
        }
    }

    /** The weighted mean of a line around one place of the result. */
    private static double convolved(float[] line, int to, int at, int mode, boolean align) {
        double scale = (double) line.length / to;
        double place = (at + 0.5) * scale - 0.5;
        if (align) {
            scale = to == 1 ? 0 : (line.length - 1.0) / (to - 1);
            place = at * scale;
        }
        double sum = 0;
        double weights = 0;
        for (int j = 0; j < line.length; j++) {
            double x = Math.abs(j - place) / Math.max(1, scale);
            double near = 1.5 * x * x * x - 2.5 * x * x + 1;
            double far = -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2;
            double cubic = x < 1 ? near : x < 2 ? far : 0;
            double weight = mode == 1 ? Math.max(0, 1 - x) : cubic;
            sum += weight * line[j];
            weights += weight;
        }
        return sum / weights;
    }

    /** PyTorch's engine repeats the first row here, and is right from two columns on. */
    @Test
    void columnsAreResampledLikeWiderImages() {
        try (NDManager m = ours.newManager()) {
            for (int mode = 0; mode < 4; mode++) {
                NDArray column = floats(m, 1, 2, 3, 1);
                NDArray alone = planes(column, new int[] {7, 1}, mode);
                NDArray beside = planes(column.concat(column, 3), new int[] {7, 2}, mode);
                assertEquals(beside.get(":, :, :, :1"), alone);
            }
        }
    }

    @Test
    void constantImagesStayConstant() {
        try (NDManager m = ours.newManager()) {
            for (DataType type : new DataType[] {DataType.UINT8, DataType.INT32, DataType.INT8}) {
                NDArray image = m.full(new Shape(17, 31, 3), 113).toType(type, false);
                for (int mode = 0; mode < 4; mode++) {
                    for (int[] size : new int[][] {{5, 7}, {40, 33}, {3, 29}}) {
                        NDArray result = resized(image, size, mode);
                        assertTrue(result.eq(113).all().getBoolean(), type + " by " + mode);
                    }
                }
            }
        }
    }

    @Test
    void bicubicOvershootIsLimited() {
        try (NDManager m = ours.newManager()) {
            NDArray edge = m.create(new int[] {0, 0, 0, 255, 255, 255}, new Shape(1, 6, 1));
            NDArray bytes = edge.toType(DataType.UINT8, false);
            NDArray wide = resized(edge, new int[] {1, 24}, 3);
            NDArray limited = resized(bytes, new int[] {1, 24}, 3).toType(DataType.INT32, false);
            assertTrue(wide.min().getInt() < 0 && wide.max().getInt() > 255);
            assertEquals(wide.clip(0, 255), limited);
            NDArray planes = bytes.reshape(1, 1, 1, 6);
            NDArray rounded = planes(planes, new int[] {1, 24}, 3);
            NDArray exact = planes(planes.toType(DataType.FLOAT64, false), new int[] {1, 24}, 3);
            assertEquals(exact.round().clip(0, 255).toType(DataType.UINT8, false), rounded);
        }
    }

    @Test
    void infinitiesReachTheirNeighboursOnly() {
        try (NDManager m = ours.newManager()) {
            NDArray line = m.zeros(new Shape(1, 1, 9));
            line.set(new float[] {0, 0, 0, 0, 0, 0, 0, 0, Float.POSITIVE_INFINITY});
            for (int mode = 1; mode < 3; mode++) {
                NDArray out = line.getNDArrayInternal().interpolation(new long[] {4}, mode, false);
                assertEquals(Float.POSITIVE_INFINITY, out.toFloatArray()[3]);
                assertEquals(0, out.toFloatArray()[0]);
            }
        }
    }

    @Test
    void refusals() {
        try (NDManager m = ours.newManager()) {
            NDArray image = floats(m, 4, 6, 3);
            assertThrows(IllegalArgumentException.class, () -> resized(image, new int[] {0, 3}, 1));
            assertThrows(IllegalArgumentException.class, () -> resized(image, new int[] {2, 3}, 4));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> resized(floats(m, 4, 6), new int[] {2, 3}, 1));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> NDImageUtils.resize(m.create(new Shape(0, 2, 3)), 20));
            NDArray flat = floats(m, 4, 6);
            assertThrows(IllegalArgumentException.class, () -> NDImageUtils.toTensor(flat));
            assertFalse(flat.isReleased());
            assertThrows(
                    IllegalArgumentException.class,
                    () -> planes(floats(m, 2, 3, 4), new int[] {2, 3}, 1));
        }
    }

    @TestFactory
    List<DynamicTest> transforms() {
        List<Transform> transforms =
                List.of(
                        new Resize(5, 7),
                        new Resize(6, 6, Image.Interpolation.AREA),
                        new ResizeShort(4),
                        new ResizeShort(4, 5, Image.Interpolation.NEAREST),
                        new CenterCrop(),
                        new CenterCrop(5, 2),
                        new CenterFit(5, 12),
                        new Crop(1, 2, 5, 4),
                        new Pad(7),
                        new ToTensor());
        for (Transform transform : transforms) {
            String name = transform.getClass().getSimpleName();
            test(name, m -> transform.transform(floats(m, 8, 10, 3)));
            test(name + " of a high image", m -> transform.transform(floats(m, 10, 6, 3)));
        }
        float[] mean = {0.3f, 0.4f, 0.5f};
        float[] deviation = {0.8f, 0.7f, 0.6f};
        Transform normalize = new Normalize(mean, deviation);
        test("Normalize", m -> normalize.transform(floats(m, 3, 8, 10)));
        test("Normalize batch", m -> normalize.transform(floats(m, 2, 3, 8, 10)));
        test("Normalize empty", m -> normalize.transform(floats(m, 3, 0, 1)));
        test("normalize numbers", m -> NDImageUtils.normalize(floats(m, 3, 4, 4), 0.5f, 2));
        test("crop batch", m -> NDImageUtils.crop(floats(m, 2, 8, 10, 3), 2, 1, 5, 4));
        for (DataType type : TYPES) {
            test("toTensor of " + type, m -> NDImageUtils.toTensor(bytes(m, type, 4, 5, 3)));
            test("toTensor batch " + type, m -> NDImageUtils.toTensor(bytes(m, type, 2, 4, 5, 3)));
            test("OneHot of " + type, m -> new OneHot(5).transform(typed(m, type, 4, 2)));
        }
        test("toTensor of empty", m -> NDImageUtils.toTensor(floats(m, 0, 4, 3)));
        return tests;
    }

    @TestFactory
    @RequiresDesktop
    List<DynamicTest> imagesOfTheFactory() {
        test("image to array", m -> picture().toNDArray(m));
        test("image to gray array", m -> picture().toNDArray(m, Image.Flag.GRAYSCALE));
        test("array to image", m -> back(picture().toNDArray(m)).toNDArray(m));
        test("planes to image", m -> back(picture().toNDArray(m).transpose(2, 0, 1)).toNDArray(m));
        test(
                "floats to image",
                m -> back(picture().toNDArray(m).toType(DataType.FLOAT32, true)).toNDArray(m));
        test("resized image", m -> picture().resize(4, 4, false).toNDArray(m));
        return tests;
    }

    private static Image back(NDArray array) {
        return ImageFactory.getInstance().fromNDArray(array);
    }

    private static Image picture() {
        BufferedImage image = new BufferedImage(7, 5, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 5; y++) {
            for (int x = 0; x < 7; x++) {
                image.setRGB(x, y, (x * 36 << 16) | (y * 50 << 8) | (x * y * 8));
            }
        }
        return ImageFactory.getInstance().fromImage(image);
    }
}
