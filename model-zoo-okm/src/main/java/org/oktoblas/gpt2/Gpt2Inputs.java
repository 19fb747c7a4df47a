package org.oktoblas.gpt2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.oktoblas.okm.Gpt2Config;

/** Checks a block's inputs, so that mistakes are told in the caller's words. */
final class Gpt2Inputs {

    private Gpt2Inputs() {}

    /** Refuses inputs that {@link Gpt2Block} does not take. */
    static void check(NDList inputs, Gpt2Config config) {
        int full = 3 + 2 * config.numLayers();
        int size = inputs.size();
        if (size != 1 && size != 3 && size != full) {
            throw new IllegalArgumentException(
                    "GPT-2 takes [ids], or [ids, positionIds, attentionMask] and none or "
                            + (full - 3)
                            + " past keys and values (two for each of "
                            + config.numLayers()
                            + " layers); got "
                            + size
                            + " arrays");
        }
        NDArray ids = inputs.head();
        if (ids.getShape().dimension() != 2 || ids.getShape().size() == 0) {
            throw new IllegalArgumentException(
                    "Token ids must be (batch, time) and not empty, but are " + ids.getShape());
        }
        long batch = ids.getShape().get(0);
        long time = ids.getShape().get(1);
        expect("Token ids", ids, ids.getShape(), DataType.INT64);
        checkIds(ids.toLongArray(), config);
        if (size == 1) {
            checkLength(time, config);
            return;
        }
        expect("Position ids", inputs.get(1), ids.getShape(), DataType.INT64);
        range(
                "Position id",
                inputs.get(1).toLongArray(),
                config.contextLength(),
                "the model's context length");
        long past = 0;
        if (size == full) {
            if (inputs.get(3).getShape().dimension() != 4) {
                throw new IllegalArgumentException(
                        "Past keys and values must be (batch, heads, time, width), but are "
                                + inputs.get(3).getShape());
            }
            past = inputs.get(3).getShape().get(2);
            Shape shape = new Shape(batch, config.numHeads(), past, config.headSize());
            for (int i = 3; i < full; i++) {
                expect("Past keys and values", inputs.get(i), shape, DataType.FLOAT32);
            }
        }
        expect("Attention mask", inputs.get(2), new Shape(batch, past + time), DataType.INT64);
    }

    /** Refuses prompts that a session does not take. */
    static void checkPrompts(List<long[]> prompts, Gpt2Config config) {
        for (int row = 0; row < prompts.size(); row++) {
            long[] prompt = prompts.get(row);
            if (prompt.length == 0) {
                throw new IllegalArgumentException("Prompt " + row + " is empty");
            }
            checkLength(prompt.length, config);
            checkIds(prompt, config);
        }
    }

    /** Refuses more tokens than the context holds. */
    static void checkLength(long tokens, Gpt2Config config) {
        if (tokens > config.contextLength()) {
            throw new IllegalArgumentException(
                    "The prompt has "
                            + tokens
                            + " tokens, but the model's context holds "
                            + config.contextLength());
        }
    }

    private static void expect(String what, NDArray array, Shape shape, DataType type) {
        if (!array.getShape().equals(shape) || array.getDataType() != type) {
            throw new IllegalArgumentException(
                    what
                            + " must be "
                            + type
                            + " "
                            + shape
                            + ", but are "
                            + array.getDataType()
                            + " "
                            + array.getShape());
        }
    }

    /** Refuses tokens that the vocabulary does not have. */
    static void checkIds(long[] ids, Gpt2Config config) {
        range("Token id", ids, config.vocabSize(), "the vocabulary's size");
    }

    private static void range(String what, long[] values, long limit, String limitName) {
        for (long value : values) {
            if (value < 0 || value >= limit) {
                throw new IllegalArgumentException(
                        what
                                + " "
                                + value
                                + " is outside 0 … "
                                + (limit - 1)
                                + ", "
                                + limitName
                                + " being "
                                + limit);
            }
        }
    }

    /** Returns the positions 0, 1, … for every row of ids. */
    static NDArray positions(NDManager manager, NDArray ids) {
        int batch = Math.toIntExact(ids.getShape().get(0));
        int time = Math.toIntExact(ids.getShape().get(1));
        long[] positions = new long[batch * time];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = i % time;
        }
        return manager.create(positions, ids.getShape());
    }
}
