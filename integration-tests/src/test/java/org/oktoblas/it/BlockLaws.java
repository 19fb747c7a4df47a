package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.MalformedModelException;
import ai.djl.modality.nlp.DefaultVocabulary;
import ai.djl.modality.nlp.embedding.TrainableWordEmbedding;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv1dTranspose;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv2dTranspose;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.core.ConstantEmbedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.core.LinearCollection;
import ai.djl.nn.core.Multiplication;
import ai.djl.nn.core.Prelu;
import ai.djl.nn.core.SparseMax;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.norm.GhostBatchNorm;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.nn.recurrent.GRU;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.recurrent.RNN;
import ai.djl.nn.transformer.BertBlock;
import ai.djl.nn.transformer.BertMaskedLanguageModelBlock;
import ai.djl.nn.transformer.BertNextSentenceBlock;
import ai.djl.nn.transformer.BertPretrainingBlock;
import ai.djl.nn.transformer.IdEmbedding;
import ai.djl.nn.transformer.PointwiseFeedForwardBlock;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.UniformInitializer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * DJL's own blocks compute the same with the same parameters: made by the peer, saved there and
 * loaded here.
 */
abstract class BlockLaws extends EngineParity {

    /** Of the largest output: float32 sums of many layers, each rounded in an order of its own. */
    private static final double PRECISION = 1e-5;

    BlockLaws(Target ours) {
        super(ours);
    }

    private void block(String name, Supplier<Block> block, long... shape) {
        blocks(name, block, false, m -> new NDList(floats(m, shape)));
    }

    /** Compares a block's outputs, in training or not, but without any dropout. */
    private void blocks(
            String name,
            Supplier<Block> supplier,
            boolean training,
            Function<NDManager, NDList> inputs) {
        compare(
                name,
                (theirs, own) -> {
                    Block block = made(supplier, inputs, theirs);
                    Block copy = copied(block, supplier, own);
                    NDList expected = forward(block, inputs.apply(theirs), training);
                    NDList actual = forward(copy, inputs.apply(own), training);
                    assertEquals(expected.size(), actual.size(), "number of arrays");
                    for (int i = 0; i < expected.size(); i++) {
                        compare(name, expected.get(i), actual.get(i));
                    }
                });
    }

    private static void compare(String name, NDArray expected, NDArray actual) {
        compare(name, expected, actual, PRECISION, Double.MIN_NORMAL);
    }

    private static NDList forward(Block block, NDList inputs, boolean training) {
        NDManager manager = inputs.head().getManager();
        return block.forward(new ParameterStore(manager, false), inputs, training);
    }

    /** Makes a block whose parameters, but for running variances, are all random. */
    private static Block made(
            Supplier<Block> supplier, Function<NDManager, NDList> inputs, NDManager manager) {
        manager.getEngine().setRandomSeed(7);
        Block block = supplier.get();
        block.setInitializer(
                new UniformInitializer(0.3f),
                parameter -> parameter.getType() != Parameter.Type.RUNNING_VAR);
        block.initialize(manager, DataType.FLOAT32, inputs.apply(manager).getShapes());
        return block;
    }

    private static Block copied(Block block, Supplier<Block> supplier, NDManager manager) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Block copy = supplier.get();
        try {
            block.saveParameters(new DataOutputStream(bytes));
            copy.loadParameters(
                    manager, new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (MalformedModelException e) {
            throw new AssertionError(e);
        }
        return copy;
    }

    @TestFactory
    List<DynamicTest> linear() {
        block("Linear", () -> Linear.builder().setUnits(7).build(), 4, 5);
        block(
                "Linear without bias",
                () -> Linear.builder().setUnits(7).optBias(false).build(),
                4,
                5);
        block("Linear of three axes", () -> Linear.builder().setUnits(7).build(), 2, 4, 5);
        block("LinearCollection", () -> LinearCollection.builder().setUnits(7).build(), 4, 3, 5);
        block("Multiplication", () -> Multiplication.builder().setUnits(3).build(), 4, 5);
        block("SparseMax", () -> new SparseMax(-1, 3), 4, 6);
        block("SparseMax along axis 1", () -> new SparseMax(1, 2), 2, 6, 3);
        block("batchFlatten", Blocks::batchFlattenBlock, 4, 3, 5);
        block("identity", Blocks::identityBlock, 4, 3, 5);
        return tests;
    }

    @TestFactory
    List<DynamicTest> convolution() {
        block(
                "Conv1d",
                () -> Conv1d.builder().setKernelShape(new Shape(3)).setFilters(6).build(),
                2,
                4,
                11);
        block(
                "Conv2d",
                () ->
                        Conv2d.builder()
                                .setKernelShape(new Shape(3, 5))
                                .setFilters(6)
                                .optStride(new Shape(2, 1))
                                .optPadding(new Shape(1, 2))
                                .optBias(false)
                                .build(),
                2,
                4,
                11,
                12);
        block(
                "Conv2d in groups",
                () ->
                        Conv2d.builder()
                                .setKernelShape(new Shape(3, 3))
                                .setFilters(6)
                                .optDilation(new Shape(2, 2))
                                .optGroups(2)
                                .build(),
                2,
                4,
                11,
                12);
        block(
                "Conv3d",
                () ->
                        Conv3d.builder()
                                .setKernelShape(new Shape(2, 3, 3))
                                .setFilters(5)
                                .optPadding(new Shape(1, 1, 0))
                                .build(),
                2,
                3,
                5,
                6,
                7);
        transposed(
                "Conv1dTranspose",
                () ->
                        Conv1dTranspose.builder()
                                .setKernelShape(new Shape(4))
                                .setFilters(6)
                                .optStride(new Shape(3))
                                .optOutPadding(new Shape(1))
                                .build(),
                new LayerReference.Geometry(
                        new long[] {1, 1, 4},
                        new long[] {1, 1, 3},
                        new long[3],
                        new long[] {1, 1, 1},
                        new long[] {0, 0, 1}),
                2,
                4,
                7);
        transposed(
                "Conv2dTranspose",
                () ->
                        Conv2dTranspose.builder()
                                .setKernelShape(new Shape(4, 3))
                                .setFilters(6)
                                .optStride(new Shape(2, 2))
                                .optPadding(new Shape(1, 0))
                                .build(),
                new LayerReference.Geometry(
                        new long[] {1, 4, 3},
                        new long[] {1, 2, 2},
                        new long[] {0, 1, 0},
                        new long[] {1, 1, 1},
                        new long[3]),
                2,
                4,
                7,
                6);
        return tests;
    }

    /** No other engine has transposed convolutions. */
    private void transposed(
            String name,
            Supplier<Block> supplier,
            LayerReference.Geometry geometry,
            long... shape) {
        Function<NDManager, NDList> inputs = m -> new NDList(floats(m, shape));
        compare(
                name,
                (theirs, own) -> {
                    Block block = made(supplier, inputs, theirs);
                    NDArray expected =
                            LayerReference.deconvolution(
                                    theirs,
                                    floats(theirs, shape),
                                    block.getParameters().valueAt(0).getArray(),
                                    block.getParameters().valueAt(1).getArray(),
                                    geometry,
                                    1);
                    NDList actual = forward(copied(block, supplier, own), inputs.apply(own), false);
                    assertEquals(
                            block.getOutputShapes(new Shape[] {new Shape(shape)})[0],
                            actual.singletonOrThrow().getShape());
                    compare(name, expected, actual.singletonOrThrow());
                });
    }

    @TestFactory
    List<DynamicTest> pooling() {
        Shape two = new Shape(2, 2);
        block("maxPool1d", () -> Pool.maxPool1dBlock(new Shape(3)), 2, 4, 11);
        block("maxPool2d", () -> Pool.maxPool2dBlock(new Shape(3, 3), two), 2, 4, 11, 12);
        block("maxPool3d", () -> Pool.maxPool3dBlock(new Shape(2, 2, 2)), 2, 4, 5, 6, 7);
        block("avgPool1d", () -> Pool.avgPool1dBlock(new Shape(3)), 2, 4, 11);
        block(
                "avgPool2d",
                () -> Pool.avgPool2dBlock(new Shape(3, 3), two, new Shape(1, 1)),
                2,
                4,
                11,
                12);
        block("avgPool3d", () -> Pool.avgPool3dBlock(new Shape(2, 2, 2)), 2, 4, 5, 6, 7);
        block("globalMaxPool1d", Pool::globalMaxPool1dBlock, 2, 4, 11);
        block("globalMaxPool2d", Pool::globalMaxPool2dBlock, 2, 4, 5, 6);
        block("globalMaxPool3d", Pool::globalMaxPool3dBlock, 2, 4, 5, 6, 7);
        block("globalAvgPool1d", Pool::globalAvgPool1dBlock, 2, 4, 11);
        block("globalAvgPool2d", Pool::globalAvgPool2dBlock, 2, 4, 5, 6);
        block("globalAvgPool3d", Pool::globalAvgPool3dBlock, 2, 4, 5, 6, 7);
        block("globalLpPool1d", () -> Pool.globalLpPool1dBlock(2), 2, 4, 11);
        block("globalLpPool2d", () -> Pool.globalLpPool2dBlock(2), 2, 4, 5, 6);
        return tests;
    }

    @TestFactory
    List<DynamicTest> normalization() {
        for (boolean training : new boolean[] {false, true}) {
            String name = training ? " in training" : "";
            blocks(
                    "BatchNorm" + name,
                    () -> BatchNorm.builder().build(),
                    training,
                    m -> new NDList(floats(m, 4, 6, 5, 3)));
            blocks(
                    "BatchNorm of axis 2" + name,
                    () -> BatchNorm.builder().optAxis(2).optMomentum(0.7f).build(),
                    training,
                    m -> new NDList(floats(m, 4, 6, 5)));
            blocks(
                    "GhostBatchNorm" + name,
                    () -> GhostBatchNorm.builder().optVirtualBatchSize(4).build(),
                    training,
                    m -> new NDList(floats(m, 8, 6, 5)));
        }
        block("LayerNorm", () -> LayerNorm.builder().build(), 4, 6, 5);
        block("LayerNorm of the last axis", () -> LayerNorm.builder().axis(2).build(), 4, 6, 5);
        block("Dropout", () -> Dropout.builder().optRate(0.4f).build(), 4, 6);
        return tests;
    }

    @TestFactory
    List<DynamicTest> activation() {
        block("relu", Activation::reluBlock, 4, 6);
        block("relu6", Activation::relu6Block, 4, 6);
        block("sigmoid", Activation::sigmoidBlock, 4, 6);
        block("tanh", Activation::tanhBlock, 4, 6);
        block("softPlus", Activation::softPlusBlock, 4, 6);
        block("softSign", Activation::softSignBlock, 4, 6);
        block("leakyRelu", () -> Activation.leakyReluBlock(0.2f), 4, 6);
        block("elu", () -> Activation.eluBlock(0.8f), 4, 6);
        block("selu", Activation::seluBlock, 4, 6);
        block("gelu", Activation::geluBlock, 4, 6);
        block("swish", () -> Activation.swishBlock(1.3f), 4, 6);
        block("mish", Activation::mishBlock, 4, 6);
        compare(
                "prelu",
                (theirs, own) -> {
                    Function<NDManager, NDList> inputs = m -> new NDList(floats(m, 4, 6));
                    Block block = made(Prelu::new, inputs, theirs);
                    NDArray x = floats(theirs, 4, 6);
                    NDArray alpha = block.getParameters().valueAt(0).getArray();
                    NDArray expected = NDArrays.where(x.gt(0), x, x.mul(alpha));
                    Block copy = copied(block, Prelu::new, own);
                    NDList actual = forward(copy, inputs.apply(own), false);
                    compare("prelu", expected, actual.singletonOrThrow());
                });
        return tests;
    }

    @TestFactory
    List<DynamicTest> embedding() {
        blocks(
                "TrainableWordEmbedding",
                () ->
                        TrainableWordEmbedding.builder()
                                .setVocabulary(new DefaultVocabulary(List.of("a", "b", "c", "d")))
                                .setEmbeddingSize(5)
                                .optDefaultItem("a")
                                .build(),
                false,
                m -> new NDList(integers(m, 4, 2, 3)));
        blocks(
                "IdEmbedding",
                () -> new IdEmbedding.Builder().setDictionarySize(9).setEmbeddingSize(5).build(),
                false,
                m -> new NDList(integers(m, 9, 2, 3)));
        lists(
                "ConstantEmbedding",
                m ->
                        forward(
                                new ConstantEmbedding(floats(m, 5)),
                                new NDList(integers(m, 9, 2, 3)),
                                false));
        return tests;
    }

    @TestFactory
    List<DynamicTest> recurrence() {
        for (boolean batchFirst : new boolean[] {false, true}) {
            String name = batchFirst ? " batch first" : "";
            block("LSTM" + name, () -> lstm(false, batchFirst), 3, 5, 4);
            block("GRU" + name, () -> gru(false, batchFirst), 3, 5, 4);
            bidirectional(
                    "LSTM in both directions" + name,
                    () -> lstm(true, batchFirst),
                    (input, params) -> {
                        NDArray state =
                                input.getManager().zeros(new Shape(4, batch(input, batchFirst), 6));
                        return input.getNDArrayInternal()
                                .lstm(
                                        input,
                                        new NDList(state, state),
                                        params,
                                        true,
                                        2,
                                        0,
                                        false,
                                        true,
                                        batchFirst);
                    });
            bidirectional(
                    "GRU in both directions" + name,
                    () -> gru(true, batchFirst),
                    (input, params) -> {
                        NDArray state =
                                input.getManager().zeros(new Shape(4, batch(input, batchFirst), 6));
                        return input.getNDArrayInternal()
                                .gru(input, state, params, true, 2, 0, false, true, batchFirst);
                    });
        }
        for (boolean both : new boolean[] {false, true}) {
            block(
                    "RNN without biases" + (both ? " in both directions" : ""),
                    () ->
                            RNN.builder()
                                    .setStateSize(6)
                                    .setNumLayers(2)
                                    .setActivation(RNN.Activation.TANH)
                                    .optHasBiases(false)
                                    .optBidirectional(both)
                                    .build(),
                    3,
                    5,
                    4);
        }
        block(
                "RNN with relu",
                () ->
                        RNN.builder()
                                .setStateSize(6)
                                .setNumLayers(1)
                                .setActivation(RNN.Activation.RELU)
                                .build(),
                3,
                5,
                4);
        return tests;
    }

    private static long batch(NDArray input, boolean batchFirst) {
        return input.getShape().get(batchFirst ? 0 : 1);
    }

    private static Block lstm(boolean bidirectional, boolean batchFirst) {
        return LSTM.builder()
                .setStateSize(6)
                .setNumLayers(2)
                .optDropRate(0.4f)
                .optBidirectional(bidirectional)
                .optBatchFirst(batchFirst)
                .optReturnState(true)
                .build();
    }

    private static Block gru(boolean bidirectional, boolean batchFirst) {
        return GRU.builder()
                .setStateSize(6)
                .setNumLayers(2)
                .optBidirectional(bidirectional)
                .optBatchFirst(batchFirst)
                .optReturnState(true)
                .build();
    }

    /**
     * Compares with the peer's operation, whose parameters lie in another order than the block's:
     * DJL's PyTorch engine does not take the block's own.
     */
    private void bidirectional(
            String name, Supplier<Block> supplier, BiFunction<NDArray, NDList, NDList> operation) {
        Function<NDManager, NDList> inputs = m -> new NDList(floats(m, 3, 5, 4));
        compare(
                name,
                (theirs, own) -> {
                    Block block = made(supplier, inputs, theirs);
                    NDList params = new NDList();
                    for (int i = 0; i < 16; i++) {
                        int at = new int[] {0, 1, 4, 5, 2, 3, 6, 7}[i % 8] + i / 8 * 8;
                        params.add(block.getParameters().valueAt(at).getArray());
                    }
                    NDList expected = operation.apply(floats(theirs, 3, 5, 4), params);
                    Block copy = copied(block, supplier, own);
                    NDList actual = forward(copy, inputs.apply(own), false);
                    assertEquals(expected.size(), actual.size(), "number of arrays");
                    for (int i = 0; i < expected.size(); i++) {
                        compare(name, expected.get(i), actual.get(i));
                    }
                });
    }

    @TestFactory
    List<DynamicTest> transformers() {
        Supplier<Block> attention =
                () ->
                        ScaledDotProductAttentionBlock.builder()
                                .setEmbeddingSize(12)
                                .setHeadCount(3)
                                .build();
        block("attention to itself", attention, 2, 5, 12);
        blocks(
                "masked attention",
                attention,
                false,
                m -> new NDList(floats(m, 2, 5, 12), integers(m, 2, 2, 1, 5, 5).mul(-1e5f)));
        blocks(
                "attention to others",
                attention,
                false,
                m -> new NDList(floats(m, 2, 5, 12), floats(m, 2, 5, 12), floats(m, 2, 5, 12)));
        block(
                "PointwiseFeedForwardBlock",
                () -> new PointwiseFeedForwardBlock(List.of(10, 8), 6, Activation::relu),
                2,
                5,
                6);
        block(
                "TransformerEncoderBlock",
                () -> new TransformerEncoderBlock(12, 3, 20, 0.1f, Activation::gelu),
                2,
                5,
                12);
        blocks("BertBlock", () -> bert().build(), false, m -> tokens(m).subNDList(0, 3));
        blocks(
                "BertMaskedLanguageModelBlock",
                () -> new BertMaskedLanguageModelBlock(bert().build(), Activation::gelu),
                false,
                m ->
                        new NDList(
                                floats(m, 2, 7, 256),
                                integers(m, 7, 2, 3).toType(DataType.INT32, false),
                                floats(m, 50, 256)));
        block("BertNextSentenceBlock", BertNextSentenceBlock::new, 4, 12);
        blocks(
                "BertPretrainingBlock",
                () -> new BertPretrainingBlock(bert()),
                false,
                BlockLaws::tokens);
        return tests;
    }

    private static BertBlock.Builder bert() {
        return BertBlock.builder().nano().optMaxSequenceLength(7).setTokenDictionarySize(50);
    }

    /** Token ids, sentence ids, a mask, and the places of masked words. */
    private static NDList tokens(NDManager m) {
        NDArray mask = m.ones(new Shape(2, 7), DataType.INT32);
        mask.set(new NDIndex("1, 5:"), 0);
        return new NDList(
                integers(m, 50, 2, 7).toType(DataType.INT32, false),
                integers(m, 2, 2, 7).toType(DataType.INT32, false),
                mask,
                integers(m, 7, 2, 3).toType(DataType.INT32, false));
    }

    @TestFactory
    List<DynamicTest> networks() {
        for (boolean training : new boolean[] {false, true}) {
            blocks(
                    "residual network" + (training ? " in training" : ""),
                    BlockLaws::residualNetwork,
                    training,
                    m -> new NDList(floats(m, 2, 3, 32, 32)));
        }
        block("perceptron", BlockLaws::perceptron, 4, 1, 28, 28);
        block("parallel convolutions", BlockLaws::inception, 2, 4, 9, 9);
        block("text convolution", BlockLaws::convolutionOfText, 2, 4, 20);
        return tests;
    }

    private static Block perceptron() {
        return new SequentialBlock()
                .add(Blocks.batchFlattenBlock(784))
                .add(Linear.builder().setUnits(128).build())
                .add(Activation::relu)
                .add(Linear.builder().setUnits(64).build())
                .add(Activation.geluBlock())
                .add(Dropout.builder().optRate(0.2f).build())
                .add(Linear.builder().setUnits(10).build());
    }

    private static Block residualNetwork() {
        return new SequentialBlock()
                .add(convolution(8, 7, 2))
                .add(BatchNorm.builder().build())
                .add(Activation::relu)
                .add(Pool.maxPool2dBlock(new Shape(3, 3), new Shape(2, 2), new Shape(1, 1)))
                .add(residual(8, 1))
                .add(residual(16, 2))
                .add(Pool.globalAvgPool2dBlock())
                .add(Linear.builder().setUnits(10).build());
    }

    private static Block residual(int filters, int stride) {
        SequentialBlock main =
                new SequentialBlock()
                        .add(convolution(filters, 3, stride))
                        .add(BatchNorm.builder().build())
                        .add(Activation::relu)
                        .add(convolution(filters, 3, 1))
                        .add(BatchNorm.builder().build());
        Block shortcut =
                stride == 1
                        ? Blocks.identityBlock()
                        : new SequentialBlock()
                                .add(convolution(filters, 1, stride))
                                .add(BatchNorm.builder().build());
        return new ParallelBlock(
                lists -> {
                    NDArray sum =
                            lists.get(0).singletonOrThrow().add(lists.get(1).singletonOrThrow());
                    return new NDList(Activation.relu(sum));
                },
                Arrays.asList(main, shortcut));
    }

    private static Block convolution(int filters, int kernel, int stride) {
        return Conv2d.builder()
                .setKernelShape(new Shape(kernel, kernel))
                .setFilters(filters)
                .optStride(new Shape(stride, stride))
                .optPadding(new Shape(kernel / 2, kernel / 2))
                .optBias(false)
                .build();
    }

    private static Block inception() {
        return new ParallelBlock(
                lists ->
                        new NDList(
                                NDArrays.concat(
                                        new NDList(
                                                lists.stream()
                                                        .map(NDList::singletonOrThrow)
                                                        .toList()),
                                        1)),
                List.of(
                        convolution(3, 1, 1),
                        new SequentialBlock()
                                .add(convolution(2, 1, 1))
                                .add(Activation.leakyReluBlock(0.1f))
                                .add(convolution(4, 3, 1)),
                        new SequentialBlock()
                                .add(
                                        Pool.maxPool2dBlock(
                                                new Shape(3, 3), new Shape(1, 1), new Shape(1, 1)))
                                .add(convolution(5, 5, 1))));
    }

    private static Block convolutionOfText() {
        return new SequentialBlock()
                .add(Conv1d.builder().setKernelShape(new Shape(5)).setFilters(6).build())
                .add(Activation::tanh)
                .add(LambdaBlock.singleton(a -> a.transpose(0, 2, 1)))
                .add(LSTM.builder().setStateSize(7).setNumLayers(1).build())
                .add(LambdaBlock.singleton(a -> a.get(":, -1")))
                .add(Linear.builder().setUnits(3).build());
    }
}
