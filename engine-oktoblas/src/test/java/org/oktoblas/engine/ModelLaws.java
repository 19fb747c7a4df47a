package org.oktoblas.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.NoopTranslator;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models: blocks of DJL, and formats found as services. */
abstract class ModelLaws {

    /** A format for tests: a text file with a number that the block adds. */
    public static final class SumFormat implements ModelFormat {

        @Override
        public boolean matches(Path path) {
            return path.toString().endsWith(".sum");
        }

        @Override
        public Block load(
                Path path,
                NDManager manager,
                Map<String, ?> options,
                Map<String, String> properties)
                throws IOException, MalformedModelException {
            String text = Files.readString(path).trim();
            float sum;
            try {
                sum = Float.parseFloat(text);
            } catch (NumberFormatException e) {
                throw new MalformedModelException(path + " holds no number", e);
            }
            properties.put("sum", text);
            NDArray weight = manager.create(sum);
            return new SequentialBlock()
                    .add(
                            list -> {
                                NDArray x = list.singletonOrThrow();
                                return new NDList(x.add(weight));
                            });
        }
    }

    private final Device device;

    @TempDir private Path directory;

    ModelLaws(Device device) {
        this.device = device;
    }

    private static Block network() {
        return new SequentialBlock()
                .add(Linear.builder().setUnits(5).build())
                .add(LayerNorm.builder().build())
                .add(Activation::gelu)
                .add(Linear.builder().setUnits(2).build());
    }

    @Test
    void blocksOfDjlAreSavedAndLoaded() throws Exception {
        float[] input = {1, -2, 3};
        float[] expected;
        try (Model model = Model.newInstance("net", device, "OktoBLAS")) {
            model.setBlock(network());
            model.getBlock().initialize(model.getNDManager(), DataType.FLOAT32, new Shape(1, 3));
            model.save(directory, "net");
            expected = predict(model, input);
        }
        assertEquals(2, expected.length);
        try (Model model = Model.newInstance("net", device, "OktoBLAS")) {
            model.setBlock(network());
            model.load(directory);
            assertArrayEquals(expected, predict(model, input));
        }
        try (Model model = Model.newInstance("net", device, "OktoBLAS")) {
            model.setBlock(network());
            model.load(Files.newInputStream(directory.resolve("net-0000.params")), null);
            assertArrayEquals(expected, predict(model, input));
        }
    }

    private static float[] predict(Model model, float[] input) throws Exception {
        try (Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator());
                NDManager manager = model.getNDManager().newSubManager()) {
            NDArray x = manager.create(input, new Shape(1, 3));
            return predictor.predict(new NDList(x)).head().toFloatArray();
        }
    }

    @Test
    void formatsAreFoundAsServices() throws Exception {
        long before = OktoEngine.get().memoryUse(device).used();
        Path file = directory.resolve("three.sum");
        Files.writeString(file, "3");
        Criteria<NDList, NDList> criteria =
                Criteria.builder()
                        .setTypes(NDList.class, NDList.class)
                        .optModelPath(file)
                        .optEngine("OktoBLAS")
                        .optDevice(device)
                        .optTranslator(new NoopTranslator())
                        .build();
        try (ZooModel<NDList, NDList> model = criteria.loadModel();
                Predictor<NDList, NDList> predictor = model.newPredictor();
                NDManager manager = model.getNDManager().newSubManager()) {
            assertEquals("3", model.getProperty("sum"));
            assertEquals(file.toAbsolutePath(), model.getModelPath());
            NDArray y = predictor.predict(new NDList(manager.create(4f))).head();
            assertEquals(7, y.getFloat());
        }
        assertEquals(before, OktoEngine.get().memoryUse(device).used());
        Files.writeString(file, "none");
        try (Model model = Model.newInstance("x", device, "OktoBLAS")) {
            assertThrows(MalformedModelException.class, () -> model.load(file));
        }
    }

    @Test
    void whatCannotBeLoadedSaysWhy() throws Exception {
        try (Model model = Model.newInstance("x", device, "OktoBLAS")) {
            Path missing = directory.resolve("missing");
            assertTrue(
                    assertThrows(FileNotFoundException.class, () -> model.load(missing))
                            .getMessage()
                            .contains("missing"));
            Path text = Files.writeString(directory.resolve("notes.txt"), "hello");
            MalformedModelException e =
                    assertThrows(MalformedModelException.class, () -> model.load(text));
            assertTrue(e.getMessage().contains("notes.txt"), e.getMessage());
            assertTrue(e.getMessage().contains(".okm"), e.getMessage());
            assertThrows(
                    UnsupportedOperationException.class,
                    () -> model.load(Files.newInputStream(text), null));
            model.setBlock(network());
            assertThrows(
                    MalformedModelException.class,
                    () -> model.load(Files.newInputStream(text), null));
        }
    }
}
