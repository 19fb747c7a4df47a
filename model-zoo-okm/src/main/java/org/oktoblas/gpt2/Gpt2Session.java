package org.oktoblas.gpt2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.okm.Gpt2Config;

/**
 * GPT-2 generating. Rows of different lengths are padded on the left, so that all rows' newest
 * tokens stand at the same time; padding is masked, and positions count from each row's first
 * token.
 */
final class Gpt2Session extends ConfiguredSession {

    private final Gpt2Network network;
    private final NDManager manager;
    private final KeyValueCache cache;

    /** How many padding tokens each row starts with. */
    private long[] padding;

    /**
     * (batch, capacity) 0 at padding; null if there is none. What is not filled yet counts as 1.
     */
    private NDArray visible;

    /** (batch, vocabulary), of the last pass. */
    private NDArray logits;

    Gpt2Session(NDManager parent, Gpt2Config config, Gpt2Network network) {
        super(config);
        this.network = network;
        manager = parent.newSubManager();
        cache = new KeyValueCache(manager, config);
    }

    @Override
    public void prompt(List<long[]> prompts) {
        if (padding != null) {
            throw new IllegalStateException("This session has had its prompts");
        }
        Gpt2Inputs.checkPrompts(prompts, config);
        int batch = prompts.size();
        int time = prompts.stream().mapToInt(prompt -> prompt.length).max().orElse(0);
        long[] ids = new long[batch * time];
        padding = new long[batch];
        for (int row = 0; row < batch; row++) {
            long[] prompt = prompts.get(row);
            padding[row] = time - prompt.length;
            System.arraycopy(prompt, 0, ids, row * time + time - prompt.length, prompt.length);
        }
        pass(ids, batch, time);
    }

    @Override
    public void next(long[] tokens) {
        if (padding == null || tokens.length != padding.length) {
            throw new IllegalStateException("Expected one token for each prompt given before");
        }
        Gpt2Inputs.checkIds(tokens, config);
        pass(tokens, tokens.length, 1);
    }

    private void pass(long[] ids, int batch, int time) {
        long before = cache.length();
        long total = before + time;
        if (total > cache.capacity()) {
            cache.reserve(batch, total);
            makeVisible(batch);
        }
        try (NDManager scratch = manager.newSubManager()) {
            Shape shape = new Shape(batch, time);
            NDArray mask = null;
            if (visible != null) {
                mask = visible.get(scratch, new NDIndex().addAllDim().addSliceDim(0, total));
            }
            NDArray hidden =
                    network.forward(
                            scratch,
                            scratch.create(ids, shape),
                            scratch.create(positions(before, batch, time), shape),
                            mask,
                            cache,
                            true);
            NDArray newLogits = network.logits(hidden).reshape(batch, config.vocabSize());
            newLogits.attach(manager);
            if (logits != null) {
                logits.close();
            }
            logits = newLogits;
        }
        cache.advance(time);
    }

    /** Padding is at position 0, and a row that goes on beyond the context stays at the last. */
    private long[] positions(long before, int batch, int time) {
        long[] positions = new long[batch * time];
        for (int i = 0; i < positions.length; i++) {
            long position = before + i % time - padding[i / time];
            positions[i] = Math.max(0, Math.min(position, config.contextLength() - 1));
        }
        return positions;
    }

    private void makeVisible(int batch) {
        if (Arrays.stream(padding).allMatch(count -> count == 0)) {
            return;
        }
        if (visible != null) {
            visible.close();
        }
        int capacity = Math.toIntExact(cache.capacity());
        long[] mask = new long[batch * capacity];
        Arrays.fill(mask, 1);
        for (int row = 0; row < batch; row++) {
            int start = row * capacity;
            Arrays.fill(mask, start, start + Math.toIntExact(padding[row]), 0);
        }
        visible = manager.create(mask, new Shape(batch, capacity));
    }

    @Override
    public float[] logits(int row) {
        try (NDArray one = logits.get(row)) {
            return one.toFloatArray();
        }
    }

    @Override
    public long[] argMax() {
        // The largest are asked for rather than looked up: a look-up checks its indices, and waits
        // for a GPU's work to do so.
        try (NDArray best = logits.argMax(-1);
                NDArray largest = logits.max(new int[] {-1})) {
            for (float logit : largest.toFloatArray()) {
                if (!Float.isFinite(logit)) {
                    throw new IllegalStateException(NOT_NUMBERS);
                }
            }
            return best.toLongArray();
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
