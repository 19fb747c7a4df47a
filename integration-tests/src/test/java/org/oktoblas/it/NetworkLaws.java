package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.pooling.Pool;
import ai.djl.nn.recurrent.GRU;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.recurrent.RNN;
import ai.djl.nn.transformer.BertBlock;
import ai.djl.nn.transformer.BertMaskedLanguageModelBlock;
import ai.djl.nn.transformer.BertNextSentenceBlock;
import ai.djl.nn.transformer.BertPretrainingBlock;
import ai.djl.nn.transformer.PointwiseFeedForwardBlock;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** DJL's recurrent blocks, transformers and networks compute the same with the same parameters. */
abstract class NetworkLaws extends BlockParity {

    NetworkLaws(Target ours) {
        super(ours);
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
                NetworkLaws::tokens);
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
                    NetworkLaws::residualNetwork,
                    training,
                    m -> new NDList(floats(m, 2, 3, 32, 32)));
        }
        block("perceptron", NetworkLaws::perceptron, 4, 1, 28, 28);
        block("parallel convolutions", NetworkLaws::inception, 2, 4, 9, 9);
        block("text convolution", NetworkLaws::convolutionOfText, 2, 4, 20);
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
