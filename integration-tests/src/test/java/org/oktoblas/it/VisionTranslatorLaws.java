package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.modality.cv.output.Joints;
import ai.djl.modality.cv.translator.BigGANTranslator;
import ai.djl.modality.cv.translator.ImageClassificationTranslator;
import ai.djl.modality.cv.translator.ImageFeatureExtractor;
import ai.djl.modality.cv.translator.InstanceSegmentationTranslator;
import ai.djl.modality.cv.translator.Sam2Translator;
import ai.djl.modality.cv.translator.SemanticSegmentationTranslator;
import ai.djl.modality.cv.translator.SimplePoseTranslator;
import ai.djl.modality.cv.translator.SingleShotDetectionTranslator;
import ai.djl.modality.cv.translator.StyleTransferTranslator;
import ai.djl.modality.cv.translator.YoloPoseTranslator;
import ai.djl.modality.cv.translator.YoloSegmentationTranslator;
import ai.djl.modality.cv.translator.YoloTranslator;
import ai.djl.modality.cv.translator.YoloV5Translator;
import ai.djl.modality.cv.translator.YoloV8Translator;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import java.awt.image.BufferedImage;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** DJL's translators of images prepare inputs and read outputs as on PyTorch's engine. */
abstract class VisionTranslatorLaws extends EngineParity {

    private static final List<String> CLASSES = List.of("cat", "dog", "owl");

    private final Target ours;

    VisionTranslatorLaws(Target ours) {
        super(ours);
        this.ours = ours;
    }

    @TestFactory
    @RequiresDesktop
    List<DynamicTest> inputs() {
        List<Map<String, String>> pipelines =
                List.of(
                        sized(4, 4, "resize", "true"),
                        sized(16, 4, "resize", "16,4,NEAREST", "normalize", "true"),
                        sized(4, 8, "resize", "4,8,AREA", "normalize", "0,0.5,1,1,2,4"),
                        sized(4, 4, "resizeShort", "4"),
                        sized(5, 3, "centerCrop", "true"),
                        sized(6, 11, "centerFit", "true"),
                        sized(8, 8, "pad", "3", "range", "-1,1", "toTensor", "false"),
                        sized(8, 8, "flag", "GRAYSCALE", "range", "0,1"));
        for (Map<String, String> pipeline : pipelines) {
            lists(
                    "input of " + pipeline,
                    m ->
                            input(
                                    ImageClassificationTranslator.builder(pipeline)
                                            .optSynset(CLASSES)
                                            .build(),
                                    m,
                                    picture()));
        }
        lists("input of YOLO", m -> input(yolo5(), m, picture()));
        lists("input of a style transfer", m -> input(new StyleTransferTranslator(), m, picture()));
        lists(
                "input of instance segmentation",
                m -> input(instances().optShortEdge(4).optMaxEdge(8).build(), m, picture()));
        lists(
                "input of BigGAN",
                m -> {
                    NDList list = input(new BigGANTranslator(0.5f), m, new int[] {3, 999});
                    NDArray seed = list.get(0);
                    // Every engine draws its own numbers, from -1 to 1.
                    list.set(0, seed.abs().lte(1));
                    return list;
                });
        return tests;
    }

    private static Map<String, String> sized(int width, int height, String... more) {
        Map<String, String> arguments = new TreeMap<>();
        arguments.put("width", Integer.toString(width));
        arguments.put("height", Integer.toString(height));
        for (int i = 0; i < more.length; i += 2) {
            arguments.put(more[i], more[i + 1]);
        }
        return arguments;
    }

    private static <I> NDList input(Translator<I, ?> translator, NDManager manager, I input) {
        try {
            return translator.processInput(context(manager), input);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private <O> void output(
            String name,
            Translator<?, O> translator,
            Function<NDManager, NDList> list,
            Function<O, Object> shown) {
        texts(
                "output of " + name,
                m -> {
                    try {
                        TranslatorContext context = context(m);
                        translator.prepare(context);
                        O output = translator.processOutput(context, list.apply(m));
                        return shown.apply(output).toString();
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                });
    }

    @TestFactory
    @RequiresDesktop
    List<DynamicTest> outputs() {
        Map<String, String> size = sized(64, 32, "rescale", "true");
        output(
                "image classification",
                ImageClassificationTranslator.builder(size).optSynset(CLASSES).build(),
                m -> new NDList(eighths(m, 8, 3)),
                o -> o);
        output(
                "image classification with softmax",
                ImageClassificationTranslator.builder(size)
                        .optSynset(CLASSES)
                        .optApplySoftmax(true)
                        .build(),
                m -> new NDList(m.zeros(eighths(m, 8, 3).getShape())),
                o -> o);
        output(
                "SSD",
                SingleShotDetectionTranslator.builder(size).optSynset(CLASSES).build(),
                m -> detections(m, eighths(m, 64, 6, 4)),
                o -> o);
        output(
                "YOLO",
                YoloTranslator.builder(size).optSynset(CLASSES).build(),
                m -> detections(m, eighths(m, 600, 6, 4)),
                o -> o);
        output("YOLO 5", yolo5(), m -> new NDList(eighths(m, 8, 20, 8)), o -> o);
        output(
                "YOLO 8",
                YoloV8Translator.builder(sized(64, 32, "maxBox", "20")).optSynset(CLASSES).build(),
                m -> new NDList(eighths(m, 8, 7, 20)),
                o -> o);
        output(
                "YOLO's poses",
                YoloPoseTranslator.builder(size).build(),
                m -> new NDList(eighths(m, 8, 56, 20)),
                Arrays::<Joints>toString);
        output(
                "YOLO's segmentation",
                YoloSegmentationTranslator.builder(size).optSynset(CLASSES).build(),
                m -> new NDList(eighths(m, 8, 39, 20), eighths(m, 8, 32, 4, 5).sub(0.4375f)),
                o -> o.toJson());
        output(
                "semantic segmentation",
                SemanticSegmentationTranslator.builder(size).optSynset(CLASSES).build(),
                m -> new NDList(eighths(m, 8, 1), eighths(m, 64, 3, 4, 5)),
                o -> o);
        output(
                "instance segmentation",
                instances().build(),
                m -> {
                    NDList list = detections(m, eighths(m, 8, 6, 4));
                    list.add(eighths(m, 8, 6, 3, 2));
                    return list;
                },
                o -> o.toJson());
        output(
                "SAM 2",
                Sam2Translator.builder(size).build(),
                m -> new NDList(eighths(m, 64, 1, 3, 8, 16).sub(4), eighths(m, 64, 1, 3)),
                o -> o.toJson());
        output(
                "feature extraction",
                ImageFeatureExtractor.builder(size).build(),
                m -> new NDList(eighths(m, 8, 7)),
                Arrays::toString);
        lists(
                "output of BigGAN",
                m -> {
                    NDList list = new NDList(eighths(m, 16, 2, 3, 4, 5).sub(1));
                    NDList pixels = new NDList();
                    for (Image image : new BigGANTranslator(1).processOutput(context(m), list)) {
                        pixels.add(image.toNDArray(m));
                    }
                    return pixels;
                });
        test(
                "output of a style transfer",
                m -> {
                    NDList list = new NDList(eighths(m, 8, 1, 3, 4, 5));
                    return new StyleTransferTranslator()
                            .processOutput(context(m), list)
                            .toNDArray(m);
                });
        return tests;
    }

    /** PyTorch's engine has no tile along an axis, which this translator calls. */
    @Test
    void posesByHand() throws Exception {
        try (NDManager m = ours.newManager()) {
            NDArray heat = m.zeros(new Shape(3, 2, 4));
            heat.set(new NDIndex("0, 1, 3"), 0.75f);
            heat.set(new NDIndex("1, 0, 2"), 0.125f);
            heat.set(new NDIndex("2, 1, 0"), 0.5f);
            SimplePoseTranslator translator =
                    SimplePoseTranslator.builder(sized(4, 2)).optThreshold(0.25f).build();
            Joints joints = translator.processOutput(context(m), new NDList(heat));
            List<Joints.Joint> found = joints.getJoints();
            assertEquals(2, found.size());
            assertEquals(0.75, found.get(0).getX());
            assertEquals(0.5, found.get(0).getY());
            assertEquals(0.75, found.get(0).getConfidence());
            assertEquals(0, found.get(1).getX());
            assertEquals(0.5, found.get(1).getY());
        }
    }

    private static NDList detections(NDManager manager, NDArray boxes) {
        NDArray classes = manager.create(new float[] {0, 2, -1, 1, 1, 0});
        NDArray scores = manager.create(new float[] {0.75f, 0.5f, 0.875f, 0.125f, 0.25f, 1});
        return new NDList(classes, scores, boxes);
    }

    private static YoloV5Translator yolo5() {
        return YoloV5Translator.builder(sized(64, 32, "threshold", "0.25"))
                .optSynset(CLASSES)
                .build();
    }

    private static InstanceSegmentationTranslator.Builder instances() {
        return InstanceSegmentationTranslator.builder()
                .addTransform(array -> array)
                .optSynset(CLASSES);
    }

    /** Multiples of an eighth, which no engine rounds. */
    private static NDArray eighths(NDManager manager, int below, long... shape) {
        return integers(manager, below, shape).toType(DataType.FLOAT32, false).div(8);
    }

    private static Image picture() {
        BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 8; y++) {
            for (int x = 0; x < 8; x++) {
                image.setRGB(x, y, (x * 32 << 16) | (y * 16 << 8) | (x * y * 4));
            }
        }
        return ImageFactory.getInstance().fromImage(image);
    }

    /** A context without a model: a manager and attachments. */
    private static TranslatorContext context(NDManager manager) {
        Map<Object, Object> attachments = new HashMap<>();
        attachments.put("width", 64);
        attachments.put("height", 32);
        attachments.put("processedWidth", 64);
        attachments.put("processedHeight", 32);
        return (TranslatorContext)
                Proxy.newProxyInstance(
                        VisionTranslatorLaws.class.getClassLoader(),
                        new Class<?>[] {TranslatorContext.class},
                        (proxy, method, arguments) -> {
                            switch (method.getName()) {
                                case "getModel":
                                    return null;
                                case "getNDManager":
                                    return manager;
                                case "getAttachment":
                                    return attachments.get(arguments[0]);
                                case "setAttachment":
                                    return attachments.put(arguments[0], arguments[1]);
                                default:
                                    throw new UnsupportedOperationException(method.getName());
                            }
                        });
    }
}
