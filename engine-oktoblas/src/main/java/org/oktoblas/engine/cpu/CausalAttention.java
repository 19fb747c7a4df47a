package org.oktoblas.engine.cpu;

import java.util.Arrays;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/**
 * Causal attention: a block of one head's queries at a time, so that a long prompt's scores stay in
 * the cache and keys that no query of the block may see are never looked at. The two products of a
 * block are a subclass's.
 */
abstract class CausalAttention {

    /** Multiplications worth another thread. */
    private static final long GRAIN = 1 << 19;

    final Tensor query;
    final Tensor keys;
    final Tensor values;
    final Tensor out;
    final int queryCount;
    final int keyCount;
    final int width;
    final float scale;
    private final int blockSize;
    private final View<long[]> mask;
    private final long heads;

    /**
     * Prepares one call; the arguments are those of {@link
     * org.oktoblas.engine.backend.Backend#attention}.
     *
     * @param blockSize the largest number of queries in a block
     */
    CausalAttention(
            Tensor query,
            Tensor keys,
            Tensor values,
            Tensor mask,
            double scale,
            Tensor out,
            int blockSize) {
        this.query = query;
        this.keys = keys;
        this.values = values;
        this.out = out;
        this.mask = mask == null ? null : LongArithmetic.INSTANCE.view(mask);
        this.scale = (float) scale;
        this.blockSize = blockSize;
        Layout layout = query.layout();
        heads = layout.size(1);
        queryCount = Math.toIntExact(layout.size(2));
        width = Math.toIntExact(layout.size(3));
        keyCount = Math.toIntExact(keys.layout().size(2));
    }

    /** Computes all heads. */
    final void run() {
        if (out.layout().count() == 0) {
            return;
        }
        long blocks = (queryCount + blockSize - 1) / blockSize;
        long work = (long) Math.min(blockSize, queryCount) * keyCount * width;
        Parallel.run(
                query.layout().size(0) * heads * blocks,
                Math.max(1, GRAIN / Math.max(1, work)),
                (start, end) -> {
                    for (long i = start; i < end; i++) {
                        int first = (int) (i % blocks) * blockSize;
                        int count = Math.min(blockSize, queryCount - first);
                        block(i / blocks, first, count, keyCount - queryCount + first + count);
                    }
                });
    }

    /**
     * Computes some queries of one head.
     *
     * @param head the head, counted over the batch
     * @param first the first query
     * @param count how many there are
     * @param visible how many keys the last of them sees
     */
    abstract void block(long head, int first, int count, int visible);

    /** Returns the numbers of a head's keys that may be seen, 0 where not, or null if all may. */
    final long[] allowed(long head, int visible) {
        if (mask == null) {
            return null;
        }
        long[] allowed = Scratch.get().longs(0, visible);
        mask.load(head / heads * keyCount, visible, allowed);
        return allowed;
    }

    /**
     * Turns scores into weights: hidden keys get 0, and with nothing left to see all keys count
     * alike.
     *
     * @param row the scores of one query for all the keys that its block sees
     * @param own how many of them the query sees
     */
    static void weigh(float[] row, long[] allowed, int own, int visible) {
        if (allowed != null) {
            boolean any = false;
            for (int i = 0; i < own; i++) {
                if (allowed[i] == 0) {
                    row[i] = Float.NEGATIVE_INFINITY;
                } else {
                    any = true;
                }
            }
            if (!any) {
                Arrays.fill(row, 0, own, 0f);
            }
        }
        Normalization.softmax(false, row, own);
        Arrays.fill(row, own, visible, 0f);
    }

    /** Returns where a head begins, counted in elements. */
    final long start(Tensor tensor, long head) {
        Layout layout = tensor.layout();
        return layout.offset() + head / heads * layout.stride(0) + head % heads * layout.stride(1);
    }
}
