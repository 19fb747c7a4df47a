package org.oktoblas.gpt2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import java.util.ArrayList;
import java.util.List;
import org.oktoblas.engine.backend.Activation;
import org.oktoblas.gpt2.Gpt2Ops.Dense;
import org.oktoblas.gpt2.Gpt2Ops.Norm;
import org.oktoblas.gpt2.Gpt2Ops.Table;
import org.oktoblas.okm.Gpt2Config;

/**
 * The network: token and position embeddings, layers of attention and feed-forward with the norm
 * before each, a last norm, and the head. Hugging Face's {@code reorder_and_upcast_attn} asks for
 * float32 attention, which it has here in any case.
 *
 * <p>Immutable once loaded, so that many threads may run it.
 */
final class Gpt2Network {

    private record Layer(Norm norm1, Dense qkv, Dense merge, Norm norm2, Dense up, Dense down) {}

    private final Gpt2Config config;
    private final Gpt2Ops ops;
    private final Table tokens;
    private final Table positions;
    private final List<Layer> layers = new ArrayList<>();
    private final Norm lastNorm;
    private final Dense head;

    /** Loads the weights through the operations. */
    Gpt2Network(Gpt2Config config, Gpt2Ops ops) {
        this.config = config;
        this.ops = ops;
        double epsilon = config.layerNormEpsilon();
        tokens = ops.table("transformer.wte.weight");
        positions = ops.table("transformer.wpe.weight");
        for (int i = 0; i < config.numLayers(); i++) {
            String layer = "transformer.h." + i + ".";
            layers.add(
                    new Layer(
                            ops.norm(layer + "ln_1", epsilon),
                            ops.dense(layer + "attn.c_attn", Activation.NONE),
                            ops.dense(layer + "attn.c_proj", Activation.NONE),
                            ops.norm(layer + "ln_2", epsilon),
                            ops.dense(layer + "mlp.c_fc", config.activation()),
                            ops.dense(layer + "mlp.c_proj", Activation.NONE)));
        }
        lastNorm = ops.norm("transformer.ln_f", epsilon);
        head = ops.head(config.tieWordEmbeddings() ? "transformer.wte.weight" : "lm_head.weight");
    }

    /**
     * Runs the network without its head.
     *
     * @param manager to which the result is attached
     * @param ids (batch, time) INT64
     * @param positionIds (batch, time) INT64
     * @param visible (batch, past + time) INT64, 0 where a key is padding; null if none is
     * @param past keys and values so far, to which this pass adds
     * @param lastOnly whether only the last position is wanted; the others are then skipped where
     *     nothing depends on them
     * @return the last norm's output, (batch, time or 1, hidden)
     */
    NDArray forward(
            NDManager manager,
            NDArray ids,
            NDArray positionIds,
            NDArray visible,
            KeyValues past,
            boolean lastOnly) {
        long time = ids.getShape().get(1);
        try (NDManager pass = manager.newSubManager()) {
            NDArray x = tokens.rows(pass, ids).addi(positions.rows(pass, positionIds));
            NDArray mask = ops.mask(pass, visible, time, past.length() + time);
            for (int i = 0; i < layers.size(); i++) {
                boolean narrow = lastOnly && time > 1 && i == layers.size() - 1;
                if (narrow) {
                    mask = ops.mask(pass, visible, 1, past.length() + time);
                }
                x = layer(pass, i, x, mask, past, narrow);
            }
            NDArray hidden = lastNorm.apply(x);
            hidden.attach(manager);
            return hidden;
        }
    }

    /**
     * One layer; with {@code narrow}, keys and values of all positions but the rest of the last.
     */
    private NDArray layer(
            NDManager pass, int index, NDArray in, NDArray mask, KeyValues past, boolean narrow) {
        Layer layer = layers.get(index);
        long batch = in.getShape().get(0);
        long time = in.getShape().get(1);
        long heads = config.numHeads();
        try (NDManager scratch = pass.newSubManager()) {
            NDArray x = in;
            x.attach(scratch);
            // (3, batch, heads, time, width): query, key and value are views of one product
            NDArray qkv =
                    layer.qkv
                            .apply(layer.norm1.apply(x))
                            .reshape(batch, time, 3, heads, config.headSize())
                            .transpose(2, 0, 3, 1, 4);
            NDArray query = qkv.get(0);
            KeyValues.Pair all = past.append(scratch, index, qkv.get(1), qkv.get(2));
            if (narrow) {
                query = query.get(new NDIndex().addAllDim(2).addSliceDim(time - 1, time));
                x = lastPosition(scratch, x);
            }
            NDArray attended =
                    ops.attention(
                            query, all.keys(), all.values(), mask, attentionScale(config, index));
            x = layer.merge.addTo(x, attended);
            x = layer.down.addTo(x, layer.up.apply(layer.norm2.apply(x)));
            x.attach(pass);
            return x;
        }
    }

    /** What a layer's scores are multiplied by. */
    static double attentionScale(Gpt2Config config, int layer) {
        double scale = config.scaleAttnWeights() ? 1 / Math.sqrt(config.headSize()) : 1;
        return config.scaleAttnByInverseLayerIdx() ? scale / (layer + 1) : scale;
    }

    /** (batch, time, width) to the last position's (batch, 1, width). */
    private static NDArray lastPosition(NDManager manager, NDArray x) {
        long time = x.getShape().get(1);
        return x.get(manager, new NDIndex().addAllDim().addSliceDim(time - 1, time));
    }

    /**
     * Returns keys and values for a pass to continue.
     *
     * @param past two arrays a layer, or none
     * @param manager to which the longer ones are attached
     */
    PastKeyValues continuing(NDList past, NDManager manager) {
        return new PastKeyValues(ops, past, manager);
    }

    /** Applies the head: (batch, time, hidden) to logits (batch, time, vocabulary). */
    NDArray logits(NDArray hidden) {
        return head.apply(hidden);
    }
}
