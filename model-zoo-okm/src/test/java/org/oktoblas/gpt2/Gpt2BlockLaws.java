package org.oktoblas.gpt2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.oktoblas.okm.Gpt2Config;

/** The block against {@link ReferenceGpt2}, fused and in plain array operations. */
abstract class Gpt2BlockLaws {

    private static final long[] IDS = {3, 17, 0, 29, 8, 8, 21};

    NDManager manager;

    abstract Device device();

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager(device(), "OktoBLAS");
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private Gpt2Block fused(SmallModel model) {
        return Gpt2Block.load(model.config(), model, null, manager, Precision.FP32);
    }

    private NDList forward(Gpt2Block block, NDArray... inputs) {
        return block.forward(new ParameterStore(manager, false), new NDList(inputs), false);
    }

    private NDArray ids(long[]... rows) {
        return manager.create(
                Arrays.stream(rows).flatMapToLong(Arrays::stream).toArray(),
                new Shape(rows.length, rows[0].length));
    }

    private static float[] flat(double[]... rows) {
        double[] all = Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
        float[] floats = new float[all.length];
        for (int i = 0; i < all.length; i++) {
            floats[i] = (float) all[i];
        }
        return floats;
    }

    static Stream<Consumer<JsonObject>> configurations() {
        List<Consumer<JsonObject>> changes = new ArrayList<>();
        for (String activation : Gpt2Config.ACTIVATIONS.keySet().stream().sorted().toList()) {
            changes.add(json -> json.addProperty("activation_function", activation));
        }
        changes.add(json -> json.addProperty("scale_attn_weights", false));
        changes.add(json -> json.addProperty("scale_attn_by_inverse_layer_idx", true));
        changes.add(json -> json.addProperty("reorder_and_upcast_attn", true));
        changes.add(json -> json.addProperty("tie_word_embeddings", false));
        changes.add(json -> json.addProperty("n_head", 1));
        changes.add(json -> json.addProperty("n_head", 12));
        changes.add(json -> json.addProperty("n_inner", 7));
        changes.add(json -> json.addProperty("layer_norm_epsilon", 0.1));
        changes.add(json -> json.addProperty("n_layer", 1));
        return changes.stream();
    }

    @ParameterizedTest
    @MethodSource("configurations")
    void everySwitchComputesWhatItSays(Consumer<JsonObject> change) {
        JsonObject json = SmallModel.json();
        change.accept(json);
        SmallModel model = new SmallModel(json, DataType.FLOAT32, 11);
        ReferenceGpt2 reference = new ReferenceGpt2(model);

        NDList fused = forward(fused(model), ids(IDS));
        assertArrayEquals(flat(reference.logits(IDS)), fused.head().toFloatArray(), 2e-5f);
        assertArrayEquals(
                flat(reference.hidden(IDS)), fused.get(fused.size() - 1).toFloatArray(), 2e-5f);

        Gpt2Network plain = new Gpt2Network(model.config(), new PortableOps(manager, model));
        PastKeyValues none = plain.continuing(new NDList(), manager);
        NDArray positions = Gpt2Inputs.positions(manager, ids(IDS));
        NDArray hidden = plain.forward(manager, ids(IDS), positions, null, none, false);
        assertArrayEquals(flat(reference.logits(IDS)), plain.logits(hidden).toFloatArray(), 2e-5f);
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT16", "BFLOAT16"})
    void storedSixteenBitWeightsAreExactInFloat32(DataType type) {
        SmallModel model = new SmallModel(SmallModel.json(), type, 5);
        float[] expected = flat(new ReferenceGpt2(model).logits(IDS));
        assertArrayEquals(expected, forward(fused(model), ids(IDS)).head().toFloatArray(), 2e-5f);
    }

    @Test
    void bfloat16PrecisionIsCloseAndDifferent() {
        double relative = relativeError(Precision.BF16);
        assertTrue(relative > 1e-5 && relative < 2e-2, "relative error " + relative);
    }

    /** Runs the plain model in a precision; its logits' relative root mean square error. */
    double relativeError(Precision precision) {
        SmallModel model = SmallModel.plain(6);
        Gpt2Block block = Gpt2Block.load(model.config(), model, null, manager, precision);
        assertEquals(precision, block.precision());
        float[] expected = flat(new ReferenceGpt2(model).logits(IDS));
        float[] actual = forward(block, ids(IDS)).head().toFloatArray();
        double error = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            error += Math.pow(actual[i] - expected[i], 2);
            size += Math.pow(expected[i], 2);
        }
        return Math.sqrt(error / size);
    }

    @Test
    void outputsHaveTheContractsShapesAndManager() {
        Gpt2Block block = fused(SmallModel.plain(1));
        try (NDManager own = manager.newSubManager()) {
            NDArray input = ids(IDS, IDS);
            input.attach(own);
            NDList outputs = forward(block, input);
            Shape[] shapes = block.getOutputShapes(new Shape[] {input.getShape()});
            assertEquals(2 * 2 + 2, outputs.size());
            assertArrayEquals(shapes, outputs.getShapes());
            outputs.forEach(output -> assertEquals(device(), output.getDevice()));
            assertEquals(new Shape(2, 7, 31), shapes[0]);
            assertEquals(new Shape(2, 3, 7, 4), shapes[1]);
            assertEquals(new Shape(2, 7, 12), shapes[5]);
            outputs.forEach(output -> assertSame(own, output.getManager()));
            assertEquals(1 + outputs.size(), own.getManagedArrays().size());
        }
    }

    /** Feeds a sequence in pieces, with the keys and values of each call given to the next. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void keysAndValuesStandForWhatWasBefore(boolean dummy) {
        SmallModel model = SmallModel.plain(2);
        Gpt2Block block = fused(model);
        float[] expected = flat(new ReferenceGpt2(model).logits(IDS));
        NDList past = new NDList();
        if (dummy) {
            // As PtGptTranslator does: one key of zeros before the first, masked.
            for (int i = 0; i < 4; i++) {
                past.add(manager.zeros(new Shape(1, 3, 1, 4)));
            }
        }
        List<Float> logits = new ArrayList<>();
        int[][] pieces = {{0, 3}, {3, 4}, {4, 7}};
        for (int[] piece : pieces) {
            long[] positions = {0, 1, 2, 3, 4, 5, 6};
            long[] mask = new long[piece[1] + (dummy ? 1 : 0)];
            Arrays.fill(mask, 1);
            mask[0] = dummy ? 0 : 1;
            NDList inputs =
                    new NDList(
                            ids(Arrays.copyOfRange(IDS, piece[0], piece[1])),
                            ids(Arrays.copyOfRange(positions, piece[0], piece[1])),
                            ids(mask));
            inputs.addAll(past);
            NDList outputs = forward(block, inputs.toArray(new NDArray[0]));
            for (float logit : outputs.head().toFloatArray()) {
                logits.add(logit);
            }
            past = outputs.subNDList(1, 5);
            assertEquals(mask.length, past.head().getShape().get(2));
        }
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], logits.get(i), 2e-5f, "logit " + i);
        }
    }

    /** Feeds one more token on keys and values. */
    private NDList step(Gpt2Block block, NDList past, long token) {
        int length = Math.toIntExact(past.head().getShape().get(2));
        long[] mask = new long[length + 1];
        Arrays.fill(mask, 1);
        NDList inputs = new NDList(ids(new long[] {token}), ids(new long[] {length}), ids(mask));
        inputs.addAll(past);
        return forward(block, inputs.toArray(new NDArray[0]));
    }

    private static float[] last(double[][] logits) {
        return flat(logits[logits.length - 1]);
    }

    /** Whether writing to one array shows in the other; what was there is put back. */
    private static boolean shareMemory(NDArray a, NDArray b) {
        float kept = a.getFloat(0, 0, 0, 0);
        a.setScalar(new NDIndex(0, 0, 0, 0), kept + 1);
        boolean shared = b.getFloat(0, 0, 0, 0) == kept + 1;
        a.setScalar(new NDIndex(0, 0, 0, 0), kept);
        return shared;
    }

    @Test
    void newestKeysAndValuesAreContinuedInPlaceAndForksAreCopied() {
        SmallModel model = SmallModel.plain(9);
        ReferenceGpt2 reference = new ReferenceGpt2(model);
        Gpt2Block block = fused(model);
        NDList root = forward(block, ids(IDS)).subNDList(1, 5);
        float[][] before = new float[4][];
        for (int i = 0; i < 4; i++) {
            before[i] = root.get(i).toFloatArray();
        }
        for (long token : new long[] {4, 11, 30}) {
            NDList outputs = step(block, root, token);
            long[] sequence = Arrays.copyOf(IDS, IDS.length + 1);
            sequence[IDS.length] = token;
            assertArrayEquals(
                    last(reference.logits(sequence)), outputs.head().toFloatArray(), 2e-5f);
            NDList present = outputs.subNDList(1, 5);
            // The fork goes on in its own memory.
            NDList next = step(block, present, 1).subNDList(1, 5);
            for (int i = 0; i < 4; i++) {
                assertEquals(token == 4, shareMemory(root.get(i), present.get(i)));
                assertTrue(shareMemory(present.get(i), next.get(i)));
                assertArrayEquals(before[i], root.get(i).toFloatArray());
            }
        }
    }

    @Test
    void paddingOnTheLeftChangesNothing() {
        SmallModel model = SmallModel.plain(3);
        long[] shorter = {9, 4, 30};
        NDList outputs =
                forward(
                        fused(model),
                        ids(IDS, new long[] {0, 0, 0, 0, 9, 4, 30}),
                        ids(new long[] {0, 1, 2, 3, 4, 5, 6}, new long[] {0, 0, 0, 0, 0, 1, 2}),
                        ids(new long[] {1, 1, 1, 1, 1, 1, 1}, new long[] {0, 0, 0, 0, 1, 1, 1}));
        ReferenceGpt2 reference = new ReferenceGpt2(model);
        assertArrayEquals(flat(reference.logits(IDS)), outputs.head().get(0).toFloatArray(), 2e-5f);
        assertArrayEquals(
                flat(reference.logits(shorter)), outputs.head().get("1, 4:").toFloatArray(), 2e-5f);
    }

    @Test
    void likelihoodIsTheReferences() {
        SmallModel model = SmallModel.plain(4);
        Gpt2Block block = fused(model);
        ReferenceGpt2 reference = new ReferenceGpt2(model);
        for (int from = 1; from <= IDS.length; from++) {
            assertEquals(
                    reference.negativeLogLikelihood(IDS, from),
                    block.negativeLogLikelihood(manager, IDS, from),
                    1e-4);
        }
    }

    @Test
    void itsOwnStreamIsGreedyToTheContextsEnd() {
        SmallModel model = SmallModel.plain(8);
        long[] expected = new ReferenceGpt2(model).greedy(IDS, 20 - IDS.length);
        Iterator<NDList> stream =
                fused(model)
                        .forwardStream(
                                new ParameterStore(manager, false), new NDList(ids(IDS)), false)
                        .iterator();
        for (long token : expected) {
            assertEquals(token, stream.next().head().getLong(0, 0));
        }
        assertEquals(false, stream.hasNext());
    }

    @Test
    void mistakesAreToldInTheCallersWords() {
        Gpt2Block block = fused(SmallModel.plain(1));
        refused(block, "got 2 arrays", ids(IDS), ids(IDS));
        refused(block, "Token id 31 is outside 0 … 30", ids(new long[] {1, 31}));
        refused(block, "Token id -1", ids(new long[] {-1}));
        refused(block, "21 tokens, but the model's context holds 20", ids(new long[21]));
        refused(block, "must be int64", ids(IDS).toType(DataType.INT32, true));
        refused(block, "(batch, time)", ids(IDS).flatten());
        refused(
                block,
                "Position id 20 is outside 0 … 19",
                ids(new long[] {1}),
                ids(new long[] {20}),
                ids(new long[] {1}));
        refused(
                block,
                "Attention mask must be",
                ids(IDS),
                Gpt2Inputs.positions(manager, ids(IDS)),
                ids(new long[] {1, 1}));
        NDArray wrong = manager.zeros(new Shape(1, 3, 2, 5));
        NDArray one = ids(new long[] {1});
        NDArray mask = ids(new long[] {1, 1, 1});
        refused(block, "Past keys and values", one, one, mask, wrong, wrong, wrong, wrong);
        assertThrows(
                UnsupportedOperationException.class,
                () ->
                        block.forward(
                                new ParameterStore(manager, false), new NDList(ids(IDS)), true));
    }

    private void refused(Gpt2Block block, String reason, NDArray... inputs) {
        String message =
                assertThrows(IllegalArgumentException.class, () -> forward(block, inputs))
                        .getMessage();
        assertTrue(message.contains(reason), message);
    }
}
