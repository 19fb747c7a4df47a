package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/**
 * Attention of many queries, as of a prompt: a block of one head's queries at a time, its products
 * by oneDNN.
 */
final class DnnlAttention {

    private static final int QUERIES = 64;

    private final CpuMemory memory;
    private final Tensor query;
    private final Tensor keys;
    private final Tensor values;
    private final KeyMask mask;
    private final float scale;
    private final Tensor out;

    private DnnlAttention(
            CpuMemory memory,
            Tensor query,
            Tensor keys,
            Tensor values,
            KeyMask mask,
            float scale,
            Tensor out) {
        this.memory = memory;
        this.query = query;
        this.keys = keys;
        this.values = values;
        this.mask = mask;
        this.scale = scale;
        this.out = out;
    }

    /** Returns whether oneDNN can describe the arguments. */
    static boolean suits(Tensor query, Tensor keys, Tensor values, Tensor out) {
        return DnnlProducts.Matrix.fits(query.layout())
                && DnnlProducts.Matrix.fits(keys.layout())
                && DnnlProducts.Matrix.fits(values.layout())
                && DnnlProducts.Matrix.fits(out.layout());
    }

    /**
     * Computes attention, which suits; the arguments are those of {@link
     * org.oktoblas.engine.backend.Backend#attention}.
     */
    static void run(
            CpuMemory memory,
            Tensor query,
            Tensor keys,
            Tensor values,
            Tensor mask,
            double scale,
            Tensor out) {
        KeyMask keyMask = mask == null ? null : new KeyMask(mask);
        DnnlAttention attention =
                new DnnlAttention(memory, query, keys, values, keyMask, (float) scale, out);
        Layout layout = out.layout();
        int queries = Math.toIntExact(layout.size(2));
        long blocks = (queries + QUERIES - 1) / QUERIES;
        Parallel.run(
                layout.size(0) * layout.size(1) * blocks,
                1,
                (start, end) -> {
                    for (long i = start; i < end; i++) {
                        int first = (int) (i % blocks) * QUERIES;
                        attention.block(i / blocks, first, Math.min(QUERIES, queries - first));
                    }
                });
    }

    /** Computes some queries of one head, counted over the batch. */
    private void block(long head, int first, int count) {
        int before = Math.toIntExact(keys.layout().size(2) - query.layout().size(2));
        int visible = before + first + count;
        long width = query.layout().size(3);
        CpuStorage space = memory.allocate((long) count * visible * Float.BYTES);
        try {
            var scores = new DnnlProducts.Matrix(space.address(), count, visible, visible, 1);
            var ownQueries = DnnlProducts.Matrix.of(query, head).part(first, count, 0, width);
            var seenKeys = DnnlProducts.Matrix.of(keys, head).part(0, visible, 0, width);
            DnnlProducts.multiply(ownQueries, seenKeys.transposed(), scores);
            weigh(head, before + first, count, visible, space);
            DnnlProducts.multiply(
                    scores,
                    DnnlProducts.Matrix.of(values, head).part(0, visible, 0, width),
                    DnnlProducts.Matrix.of(out, head).part(first, count, 0, width));
        } finally {
            space.release();
        }
    }

    private void weigh(long head, int before, int count, int visible, CpuStorage space) {
        long[] allowed = mask == null ? null : mask.load(head / query.layout().size(1), visible);
        Elements<float[], ?> scores = new FloatingElements.Float32(space);
        float[] row = Scratch.get().floats(0, visible);
        for (int t = 0; t < count; t++) {
            int own = before + t + 1;
            scores.load((long) t * visible, 1, row, 0, own);
            for (int i = 0; i < own; i++) {
                row[i] *= scale;
            }
            KeyMask.weigh(row, allowed, own, visible);
            scores.store((long) t * visible, 1, row, 0, visible);
        }
    }
}
