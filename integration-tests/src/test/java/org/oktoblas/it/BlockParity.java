package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.UniformInitializer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Runs DJL's own blocks with the same parameters: made by the peer, saved there and loaded here.
 */
abstract class BlockParity extends EngineParity {

    /** Of the largest output: float32 sums of many layers, each rounded in an order of its own. */
    private static final double PRECISION = 1e-5;

    BlockParity(Target ours) {
        super(ours);
    }

    final void block(String name, Supplier<Block> block, long... shape) {
        blocks(name, block, false, m -> new NDList(floats(m, shape)));
    }

    /** Compares a block's outputs, in training or not, but without any dropout. */
    final void blocks(
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

    static void compare(String name, NDArray expected, NDArray actual) {
        compare(name, expected, actual, PRECISION, Double.MIN_NORMAL);
    }

    static NDList forward(Block block, NDList inputs, boolean training) {
        NDManager manager = inputs.head().getManager();
        return block.forward(new ParameterStore(manager, false), inputs, training);
    }

    /**
     * Makes a block whose parameters, but for running variances, are random. They are as large as a
     * trained network's: with larger ones a transformer has less than {@link #PRECISION} in float32
     * whoever computes it.
     */
    static Block made(
            Supplier<Block> supplier, Function<NDManager, NDList> inputs, NDManager manager) {
        manager.getEngine().setRandomSeed(7);
        Block block = supplier.get();
        block.setInitializer(
                new UniformInitializer(0.1f),
                parameter -> parameter.getType() != Parameter.Type.RUNNING_VAR);
        block.initialize(manager, DataType.FLOAT32, inputs.apply(manager).getShapes());
        return block;
    }

    static Block copied(Block block, Supplier<Block> supplier, NDManager manager) {
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
}
