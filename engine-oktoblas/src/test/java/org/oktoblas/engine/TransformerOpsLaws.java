package org.oktoblas.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.oktoblas.engine.backend.Activation;
import org.oktoblas.engine.backend.MathMode;

/** The fused operations against doubles in plain Java. */
abstract class TransformerOpsLaws {

    private final Device device;
    private final OktoNDManager manager;
    private final TransformerOps ops;
    private final Random random = new Random(7);

    TransformerOpsLaws(Device device) {
        this.device = device;
        manager = OktoNDManager.system().newSubManager(device);
        ops = manager.transformerOps();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private static final DoubleUnaryOperator GELU_TANH =
            x -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

    @Test
    void linearWithBiasAndActivation() {
        Reference x = Reference.random(random, 6, 40);
        Reference w = Reference.random(random, 40, 24);
        Reference b = Reference.random(random, 24);
        Reference expected = x.times(w).with(b, Double::sum);
        NDArray weight = w.array(manager);
        NDArray bias = b.array(manager);
        try (TransformerOps.Linear linear =
                ops.linear(manager, weight, false, bias, MathMode.FLOAT32)) {
            weight.close();
            bias.close();
            assertEquals(40, linear.inputSize());
            assertEquals(24, linear.outputSize());
            assertTrue(linear.byteSize() >= 40 * 24 * 2);
            NDArray in = x.array(manager);
            expected.assertEqual(ops.apply(linear, in, Activation.NONE), 1e-4);
            expected.map(GELU_TANH).assertEqual(ops.apply(linear, in, Activation.GELU_TANH), 1e-4);
            expected.map(v -> Math.max(0, v))
                    .assertEqual(ops.apply(linear, in, Activation.RELU), 1e-4);
            NDArray batched = in.reshape(2, 3, 40);
            expected.reshape(2, 3, 24)
                    .assertEqual(ops.apply(linear, batched, Activation.NONE), 1e-4);
            // A view whose rows do not lie densely
            NDArray scattered = x.permute(1, 0).array(manager).transpose();
            expected.assertEqual(ops.apply(linear, scattered, Activation.NONE), 1e-4);
        }
    }

    @Test
    void linearTakesEveryStorageTypeAndOrientation() {
        Reference x = Reference.random(random, 5, 16);
        Reference w = Reference.random(random, 16, 8);
        DataType[] types = {DataType.FLOAT32, DataType.FLOAT16, DataType.BFLOAT16};
        for (DataType type : types) {
            NDArray stored = w.array(manager).toType(type, false);
            Reference rounded = new Reference(Reference.doubles(stored), 16, 8);
            Reference expected = x.times(rounded);
            for (boolean transposed : new boolean[] {false, true}) {
                NDArray weight = transposed ? stored.transpose().duplicate() : stored;
                try (TransformerOps.Linear linear =
                        ops.linear(manager, weight, transposed, null, MathMode.FLOAT32)) {
                    NDArray y = ops.apply(linear, x.array(manager), Activation.NONE);
                    expected.assertEqual(y, 1e-5);
                }
            }
        }
    }

    @Test
    void addToWritesIntoTheResidual() {
        Reference x = Reference.random(random, 6, 16);
        Reference w = Reference.random(random, 16, 8);
        Reference b = Reference.random(random, 8);
        Reference r = Reference.random(random, 6, 8);
        Reference expected = x.times(w).with(b, Double::sum).with(r, Double::sum);
        try (TransformerOps.Linear linear =
                ops.linear(manager, w.array(manager), false, b.array(manager), MathMode.FLOAT32)) {
            NDArray residual = r.array(manager);
            assertSame(residual, ops.addTo(residual, linear, x.array(manager)));
            expected.assertEqual(residual, 1e-5);
            NDArray scattered = r.permute(1, 0).array(manager).transpose();
            ops.addTo(scattered, linear, x.array(manager));
            expected.assertEqual(scattered, 1e-5);
            NDArray batched = r.array(manager).reshape(2, 3, 8);
            ops.addTo(batched, linear, x.array(manager).reshape(2, 3, 16));
            expected.reshape(2, 3, 8).assertEqual(batched, 1e-5);
            IllegalArgumentException e =
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> ops.addTo(x.array(manager), linear, x.array(manager)));
            assertTrue(e.getMessage().contains("(6, 16)"), e.getMessage());
        }
    }

    @Test
    void addToTakesAnInputThatSharesTheResidualsMemory() {
        Reference x = Reference.random(random, 40, 40);
        Reference w = Reference.random(random, 40, 40);
        Reference expected = x.times(w).with(x, Double::sum);
        try (TransformerOps.Linear linear =
                ops.linear(manager, w.array(manager), false, null, MathMode.FLOAT32)) {
            NDArray same = x.array(manager);
            ops.addTo(same, linear, same);
            expected.assertEqual(same, 1e-4);
            // Rows 1 to 40 of a longer array take up what comes from rows 0 to 39.
            NDArray all = x.array(manager).concat(manager.zeros(new Shape(1, 40)));
            NDArray shifted = all.get("1:").duplicate();
            ops.addTo(all.get("1:"), linear, all.get(":40"));
            NDArray apart = shifted.add(ops.apply(linear, x.array(manager), Activation.NONE));
            new Reference(Reference.doubles(apart), 40, 40).assertEqual(all.get("1:"), 1e-4);
        }
    }

    @Test
    void layerNorm() {
        Reference x = Reference.random(random, 6, 16);
        Reference gamma = Reference.random(random, 16);
        Reference beta = Reference.random(random, 16);
        Reference mean = x.fold(1, 0, Double::sum).map(v -> v / 16);
        Reference centred = x.with(mean, (a, b) -> a - b);
        Reference variance = centred.map(v -> v * v).fold(1, 0, Double::sum).map(v -> v / 16);
        Reference expected =
                centred.with(variance, (a, b) -> a / Math.sqrt(b + 1e-3))
                        .with(gamma, (a, b) -> a * b)
                        .with(beta, Double::sum);
        expected.assertEqual(
                ops.layerNorm(x.array(manager), gamma.array(manager), beta.array(manager), 1e-3),
                1e-5);
    }

    /** Attention by the formula in its Javadoc, one query at a time. */
    private static double[] attend(
            Reference q, Reference k, Reference v, long[] mask, double scale) {
        int batch = q.size(0);
        int heads = q.size(1);
        int time = q.size(2);
        int width = q.size(3);
        int keys = k.size(2);
        double[] out = new double[batch * time * heads * width];
        for (int b = 0; b < batch; b++) {
            for (int h = 0; h < heads; h++) {
                for (int t = 0; t < time; t++) {
                    int seen = keys - time + t + 1;
                    double[] weight = new double[seen];
                    double sum = 0;
                    for (int s = 0; s < seen; s++) {
                        double score = 0;
                        for (int d = 0; d < width; d++) {
                            score +=
                                    q.values()[((b * heads + h) * time + t) * width + d]
                                            * k.values()[((b * heads + h) * keys + s) * width + d];
                        }
                        boolean visible = mask == null || mask[b * keys + s] != 0;
                        weight[s] = visible ? Math.exp(scale * score) : 0;
                        sum += weight[s];
                    }
                    for (int s = 0; s < seen; s++) {
                        double share = sum == 0 ? 1.0 / seen : weight[s] / sum;
                        for (int d = 0; d < width; d++) {
                            out[((b * time + t) * heads + h) * width + d] +=
                                    share * v.values()[((b * heads + h) * keys + s) * width + d];
                        }
                    }
                }
            }
        }
        return out;
    }

    @Test
    void attentionOverACacheWithPadding() {
        long[] mask = {0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
        for (int time : new int[] {1, 3, 7}) {
            Reference q = Reference.random(random, 2, 3, time, 8);
            Reference k = Reference.random(random, 2, 3, 7, 8);
            Reference v = Reference.random(random, 2, 3, 7, 8);
            NDArray query = q.permute(0, 2, 1, 3).array(manager).transpose(0, 2, 1, 3);
            // Keys and values as views of a longer cache
            NDArray room = manager.full(new Shape(2, 3, 5, 8), Float.NaN);
            NDArray keys = k.array(manager).concat(room, 2).get(":, :, :7");
            NDArray values = v.array(manager).concat(room, 2).get(":, :, :7");
            NDArray visible = manager.create(mask, new Shape(2, 7));
            NDArray masked = ops.attention(query, keys, values, visible, 0.3);
            assertEquals(new Shape(2, time, 24), masked.getShape());
            assertArrayEquals(attend(q, k, v, mask, 0.3), Reference.doubles(masked), 1e-5);
            NDArray all = ops.attention(query, keys, values, null, 0.3);
            assertArrayEquals(attend(q, k, v, null, 0.3), Reference.doubles(all), 1e-5);
        }
    }

    @Test
    void attentionOfSixteenBits() {
        for (DataType type : new DataType[] {DataType.FLOAT16, DataType.BFLOAT16}) {
            for (int time : new int[] {1, 40}) {
                int keys = time + 3;
                NDArray[] arrays = {
                    Reference.random(random, 2, 3, time, 8).array(manager),
                    Reference.random(random, 2, 3, keys, 8).array(manager),
                    Reference.random(random, 2, 3, keys, 8).array(manager)
                };
                Reference[] rounded = new Reference[3];
                for (int i = 0; i < 3; i++) {
                    arrays[i] = arrays[i].toType(type, false);
                    long[] shape = arrays[i].getShape().getShape();
                    rounded[i] = new Reference(Reference.doubles(arrays[i]), shape);
                }
                NDArray result = ops.attention(arrays[0], arrays[1], arrays[2], null, 0.3);
                assertEquals(type, result.getDataType());
                // Results are at most 4 or so; weights may be rounded to the type, too.
                double tolerance = type == DataType.FLOAT16 ? 8e-3 : 6e-2;
                assertArrayEquals(
                        attend(rounded[0], rounded[1], rounded[2], null, 0.3),
                        Reference.doubles(result),
                        tolerance);
                // Types that differ meet in float32.
                NDArray wide = arrays[0].toType(DataType.FLOAT32, false);
                NDArray mixed = ops.attention(wide, arrays[1], arrays[2], null, 0.3);
                assertEquals(DataType.FLOAT32, mixed.getDataType());
                assertArrayEquals(
                        attend(rounded[0], rounded[1], rounded[2], null, 0.3),
                        Reference.doubles(mixed),
                        1e-5);
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        NDArray four = manager.ones(new Shape(1, 2, 3, 4));
        NDArray two = manager.ones(new Shape(1, 2, 2, 4));
        assertThrows(IllegalArgumentException.class, () -> ops.attention(four, two, two, null, 1));
        NDArray weight = manager.ones(new Shape(4, 8));
        NDArray bias = manager.ones(new Shape(4));
        assertThrows(
                IllegalArgumentException.class,
                () -> ops.linear(manager, weight, false, bias, MathMode.FLOAT32));
        try (TransformerOps.Linear linear =
                ops.linear(manager, weight, true, bias, MathMode.FLOAT32)) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> ops.apply(linear, manager.ones(new Shape(2, 4)), Activation.NONE));
            assertEquals(
                    new Shape(0, 4),
                    ops.apply(linear, manager.ones(new Shape(0, 8)), Activation.NONE).getShape());
        }
    }

    @Test
    void theOwnerFreesTheWeights() {
        long before = OktoEngine.get().memoryUse(device).used();
        OktoNDManager owner = manager.newSubManager();
        TransformerOps.Linear linear;
        try (NDArray weight = owner.ones(new Shape(64, 64));
                NDArray bias = owner.ones(new Shape(64))) {
            linear = ops.linear(owner, weight, false, bias, MathMode.FLOAT32);
        }
        owner.close();
        assertEquals(before, OktoEngine.get().memoryUse(device).used());
        NDArray x = manager.ones(new Shape(1, 64));
        assertThrows(IllegalStateException.class, () -> ops.apply(linear, x, Activation.NONE));
    }
}
