package org.oktoblas.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.translate.NoopTranslator;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Streams of a GPU beside each other, on the same arrays: nothing is read early or freed early. */
@RequiresGpu
class GpuStreamsTest {

    private static final Device GPU = Device.gpu();

    /** Large enough for a kernel to run a while after its launch. */
    private static final Shape LARGE = new Shape(4 << 20);

    private long before;

    @BeforeEach
    void count() {
        before = OktoEngine.get().memoryUse(GPU).used();
    }

    @AfterEach
    void nothingIsLeft() {
        assertEquals(before, OktoEngine.get().memoryUse(GPU).used(), "bytes in use");
    }

    private static OktoNDManager newManager() {
        return OktoNDManager.system().newSubManager(GPU);
    }

    private static void assertAll(float expected, NDArray array) {
        assertEquals(expected, array.min().getFloat());
        assertEquals(expected, array.max().getFloat());
    }

    @Test
    void treesHaveStreamsOfTheirOwnAndSubManagersShareThem() throws Exception {
        try (OktoNDManager one = newManager();
                OktoNDManager other = newManager();
                Model model = Model.newInstance("streams", GPU, OktoEngine.ENGINE_NAME)) {
            assertNotSame(one.backend(), other.backend());
            assertSame(one.backend(), one.newSubManager().backend());
            assertSame(one.backend(), one.newSubManager().newSubManager().backend());
            OktoNDManager weights = OktoNDManager.of(model.getNDManager());
            OktoNDManager first = weights.newSubManager();
            OktoNDManager second = weights.newSubManager();
            assertNotSame(weights.backend(), first.backend());
            assertNotSame(first.backend(), second.backend());
            assertSame(first.backend(), first.newSubManager().backend());
        }
    }

    @Test
    void arraysClosedWhileAnotherStreamReadsThem() {
        try (OktoNDManager producer = newManager();
                OktoNDManager consumer = newManager()) {
            NDArray zeros = consumer.zeros(LARGE);
            for (int i = 0; i < 200; i++) {
                NDArray made = producer.full(LARGE, (float) i).muli(2).addi(1);
                NDArray copy = zeros.add(made);
                made.close();
                // Takes the block that the other stream may still be reading.
                NDArray next = producer.full(LARGE, -1f);
                assertAll(2 * i + 1, copy);
                copy.close();
                next.close();
            }
        }
    }

    @Test
    void arraysWrittenByOneStreamAndReadByAnother() {
        try (OktoNDManager owner = newManager();
                OktoNDManager user = newManager()) {
            NDArray sum = owner.zeros(LARGE);
            NDArray ones = user.ones(LARGE);
            for (int i = 1; i <= 200; i++) {
                sum.addi(ones);
                NDArray seen = ones.mul(sum);
                ones.muli(1);
                if (i % 20 == 0) {
                    assertAll(i, seen);
                }
                seen.close();
            }
            assertAll(200, sum);
        }
    }

    @Test
    void arraysReadLaterByTheStreamThatWroteThem() {
        try (OktoNDManager owner = newManager();
                OktoNDManager writer = newManager()) {
            for (int i = 0; i < 100; i++) {
                NDArray array = owner.zeros(LARGE);
                NDArray held = array.get(writer, new NDIndex(":"));
                held.addi(i);
                NDArray first = held.mul(1);
                NDArray second = held.mul(2);
                array.close();
                held.close();
                NDArray next = owner.full(LARGE, -1f);
                assertAll(i, first);
                assertAll(2 * i, second);
                next.close();
                first.close();
                second.close();
            }
        }
    }

    @Test
    void arraysOutliveTheStreamTheyWereMadeOn() {
        for (int i = 0; i < 50; i++) {
            OktoNDManager first = newManager();
            NDArray array = first.full(LARGE, (float) i).addi(1);
            array.detach();
            first.close();
            assertEquals(GPU, array.getDevice());
            try (OktoNDManager second = newManager()) {
                NDArray noise = second.full(LARGE, -1f);
                NDArray more = array.add(1);
                noise.addi(1);
                array.attach(second);
                more.attach(second);
                assertAll(i + 1, array);
                assertAll(i + 2, more);
            }
        }
    }

    @Test
    void threadsWithTreesOfTheirOwnShareWeights() throws Exception {
        try (OktoNDManager manager = newManager()) {
            NDArray weight = manager.randomNormal(new Shape(256, 256));
            NDArray x = manager.randomNormal(new Shape(64, 256));
            float[] expected = x.matMul(weight).softmax(1).toFloatArray();
            ExecutorService pool = Executors.newFixedThreadPool(8);
            try {
                List<Future<Void>> all = new ArrayList<>();
                for (int thread = 0; thread < 8; thread++) {
                    all.add(
                            pool.submit(
                                    () -> {
                                        for (int i = 0; i < 100; i++) {
                                            try (OktoNDManager own = newManager()) {
                                                NDArray input = own.zeros(x.getShape()).add(x);
                                                NDArray y = input.matMul(weight).softmax(1);
                                                input.close();
                                                assertArrayEquals(expected, y.toFloatArray());
                                            }
                                        }
                                        return null;
                                    }));
                }
                for (Future<Void> one : all) {
                    one.get();
                }
            } finally {
                pool.shutdownNow();
            }
        }
    }

    @Test
    void predictorsShareTheModelsArrays() throws Exception {
        try (Model model = Model.newInstance("shared", GPU, OktoEngine.ENGINE_NAME)) {
            NDManager weights = model.getNDManager();
            NDArray weight = weights.full(LARGE, 3f);
            Block block =
                    new LambdaBlock(
                            list -> new NDList(list.singletonOrThrow().mul(weight).addi(1)));
            model.setBlock(block);
            ExecutorService pool = Executors.newFixedThreadPool(6);
            try {
                List<Future<Void>> all = new ArrayList<>();
                for (int thread = 0; thread < 6; thread++) {
                    float value = thread;
                    all.add(
                            pool.submit(
                                    () -> {
                                        predict(model, value);
                                        return null;
                                    }));
                }
                for (Future<Void> one : all) {
                    one.get();
                }
            } finally {
                pool.shutdownNow();
            }
        }
    }

    private static void predict(Model model, float value) throws Exception {
        try (Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator());
                NDManager manager = newManager()) {
            for (int i = 0; i < 50; i++) {
                NDArray x = manager.full(LARGE, value);
                NDList y = predictor.predict(new NDList(x));
                x.close();
                assertAll(3 * value + 1, y.head());
                y.close();
            }
        }
    }
}
