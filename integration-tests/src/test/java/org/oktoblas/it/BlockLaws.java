package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.modality.nlp.DefaultVocabulary;
import ai.djl.modality.nlp.embedding.TrainableWordEmbedding;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
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
import ai.djl.nn.transformer.IdEmbedding;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** DJL's blocks of one layer compute the same with the same parameters. */
abstract class BlockLaws extends BlockParity {

    BlockLaws(Target ours) {
        super(ours);
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
}
