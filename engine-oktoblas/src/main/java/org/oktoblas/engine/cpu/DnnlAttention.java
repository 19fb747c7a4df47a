package org.oktoblas.engine.cpu;

import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/**
 * Attention of many queries, as of a prompt: all heads of a block of queries in one product by
 * oneDNN, which is compiled for their number and that of the keys.
 */
final class DnnlAttention {

    private static final int QUERIES = 128;

    /** Scores worth another thread: some twenty microseconds of exponentials. */
    private static final long GRAIN = 1 << 14;

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

    /**
     * Computes attention, if oneDNN can with these layouts; the arguments are those of {@link
     * org.oktoblas.engine.backend.Backend#attention}.
     *
     * @return false if it cannot; out is then undefined
     */
    static boolean run(
            CpuMemory memory,
            Tensor query,
            Tensor keys,
            Tensor values,
            Tensor mask,
            double scale,
            Tensor out) {
        DnnlAttention attention =
                new DnnlAttention(
                        memory,
                        query,
                        keys,
                        values,
                        mask == null ? null : new KeyMask(mask),
                        (float) scale,
                        out);
        int batch = Math.toIntExact(out.layout().size(0));
        int queries = Math.toIntExact(out.layout().size(2));
        for (int b = 0; b < batch; b++) {
            for (int first = 0; first < queries; first += QUERIES) {
                if (!attention.block(b, first, Math.min(QUERIES, queries - first))) {
                    return false;
                }
            }
        }
        return true;
    }

    private boolean block(int b, int first, int count) {
        int heads = Math.toIntExact(query.layout().size(1));
        int before = Math.toIntExact(keys.layout().size(2) - query.layout().size(2));
        int visible = before + first + count;
        Layout dense = Layout.contiguous(heads, count, visible);
        CpuStorage space = memory.allocate(dense.count() * Float.BYTES);
        try {
            Tensor scores = new Tensor(space, DataType.FLOAT32, dense);
            Layout seen = part(keys, b, 0, visible).layout();
            Tensor turned = keys.with(Axes.select(seen, new int[] {0, 2, 1}, 3));
            if (!DnnlProducts.multiply(memory, part(query, b, first, count), turned, scores)) {
                return false;
            }
            long[] allowed = mask == null ? null : mask.load(b, visible);
            View<float[]> rows = FloatArithmetic.INSTANCE.view(scores);
            Parallel.run(
                    (long) heads * count,
                    Math.max(1, GRAIN / visible),
                    (start, end) -> {
                        float[] row = Scratch.get().floats(0, visible);
                        for (long i = start; i < end; i++) {
                            int own = before + first + (int) (i % count) + 1;
                            rows.load(i * visible, own, row);
                            for (int j = 0; j < own; j++) {
                                row[j] *= scale;
                            }
                            KeyMask.weigh(row, allowed, own, visible);
                            rows.store(i * visible, visible, row);
                        }
                    });
            return DnnlProducts.multiply(
                    memory, scores, part(values, b, 0, visible), part(out, b, first, count));
        } finally {
            space.release();
        }
    }

    /** Returns some rows of all the heads of one element of the batch. */
    private static Tensor part(Tensor tensor, int b, int first, int count) {
        Layout layout = tensor.layout();
        return tensor.with(
                new Layout(
                        new long[] {layout.size(1), count, layout.size(3)},
                        new long[] {layout.stride(1), layout.stride(2), layout.stride(3)},
                        layout.offset() + b * layout.stride(0) + first * layout.stride(2)));
    }
}
