package org.oktoblas.gpt2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.oktoblas.okm.Gpt2Config;

/** How likely a sequence is. */
final class Likelihood {

    /**
     * How many positions' logits are computed at once: over a whole context they would take 200 MB
     * for GPT-2's vocabulary.
     */
    private static final int CHUNK = 64;

    private Likelihood() {}

    /** See {@link Gpt2Block#negativeLogLikelihood}. */
    static double of(
            NDManager parent, Gpt2Config config, Gpt2Network network, long[] ids, int from) {
        Gpt2Inputs.checkLength(ids.length, config);
        Gpt2Inputs.checkIds(ids, config);
        if (from < 1) {
            throw new IllegalArgumentException("The first token has nothing to be predicted from");
        }
        if (from >= ids.length) {
            return 0;
        }
        double sum = 0;
        try (NDManager manager = parent.newSubManager()) {
            // The last token predicts nothing that is asked for.
            NDArray input =
                    manager.create(
                            Arrays.copyOf(ids, ids.length - 1), new Shape(1, ids.length - 1));
            NDArray hidden =
                    network.forward(
                            manager,
                            input,
                            Gpt2Inputs.positions(manager, input),
                            null,
                            network.continuing(new NDList(), manager),
                            false);
            for (int start = from; start < ids.length; start += CHUNK) {
                long[] targets =
                        Arrays.copyOfRange(ids, start, Math.min(ids.length, start + CHUNK));
                try (NDManager chunk = manager.newSubManager()) {
                    NDIndex rows =
                            new NDIndex()
                                    .addAllDim()
                                    .addSliceDim(start - 1, start - 1 + targets.length);
                    NDArray likelihoods =
                            network.logits(hidden.get(chunk, rows))
                                    .reshape(targets.length, config.vocabSize())
                                    .logSoftmax(1)
                                    .gather(chunk.create(targets, new Shape(targets.length, 1)), 1);
                    for (float likelihood : likelihoods.toFloatArray()) {
                        sum -= likelihood;
                    }
                }
            }
        }
        return sum;
    }
}
