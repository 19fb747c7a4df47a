package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/**
 * Attention in plain Java: a block of one head's queries at a time, so that scores stay in the
 * cache and keys that no query of the block may see are never looked at. For a single query this is
 * the fastest way, too: it takes a few microseconds, in which a library's threads would hardly
 * wake.
 */
final class JavaAttention {

    private static final int QUERIES = 16;

    /** Keys or values that are copied to the heap at a time. */
    private static final int ROWS = 128;

    /** Multiplications worth another thread. */
    private static final long GRAIN = 1 << 18;

    private static final Scalar ZERO = new Scalar(0, 0);

    private final FloatArithmetic kind = FloatArithmetic.INSTANCE;
    private final View<float[]> query;
    private final View<float[]> keys;
    private final View<float[]> keyColumns;
    private final Elements<float[], ?> values;
    private final Layout valueLayout;
    private final View<float[]> out;
    private final KeyMask mask;
    private final int heads;
    private final int queryCount;
    private final int keyCount;
    private final int width;
    private final float scale;

    /** Whether a key's numbers lie apart and the keys side by side. */
    private final boolean turned;

    private JavaAttention(
            Tensor query, Tensor keys, Tensor values, Tensor mask, double scale, Tensor out) {
        this.query = kind.view(query);
        this.keys = kind.view(keys);
        Layout layout = keys.layout();
        keyColumns = kind.view(keys.with(Axes.select(layout, new int[] {0, 1, 3, 2}, 4)));
        turned = layout.stride(2) == 1 && layout.stride(3) != 1;
        this.values = kind.elements((CpuStorage) values.storage(), values.dataType());
        valueLayout = values.layout();
        this.mask = mask == null ? null : new KeyMask(mask);
        this.out = kind.view(out);
        this.scale = (float) scale;
        heads = Math.toIntExact(layout.size(1));
        queryCount = Math.toIntExact(query.layout().size(2));
        keyCount = Math.toIntExact(layout.size(2));
        width = Math.toIntExact(layout.size(3));
    }

    /**
     * Computes attention; the arguments are those of {@link
     * org.oktoblas.engine.backend.Backend#attention}.
     */
    static void run(
            Tensor query, Tensor keys, Tensor values, Tensor mask, double scale, Tensor out) {
        JavaAttention attention = new JavaAttention(query, keys, values, mask, scale, out);
        long blocks = (attention.queryCount + QUERIES - 1) / QUERIES;
        long work =
                (long) Math.min(QUERIES, attention.queryCount)
                        * attention.keyCount
                        * attention.width;
        Parallel.run(
                query.layout().size(0) * attention.heads * blocks,
                Math.max(1, GRAIN / Math.max(1, work)),
                (start, end) -> {
                    for (long i = start; i < end; i++) {
                        attention.block(i / blocks, (int) (i % blocks) * QUERIES);
                    }
                });
    }

    /** Computes the queries of one head, counted over the batch, from the first of the block on. */
    private void block(long head, int first) {
        int count = Math.min(QUERIES, queryCount - first);
        // The keys that the last of these queries sees.
        int visible = keyCount - queryCount + first + count;
        float[][] queries = new float[count][width];
        float[][] scores = new float[count][visible];
        for (int t = 0; t < count; t++) {
            query.load((head * queryCount + first + t) * width, width, queries[t]);
            for (int d = 0; d < width; d++) {
                queries[t][d] *= scale;
            }
        }
        float[][] panel = panel();
        for (int s = 0; s < visible; s += ROWS) {
            int n = Math.min(ROWS, visible - s);
            if (turned || count >= 4) {
                scoreColumns(head, s, n, queries, panel, scores);
            } else {
                scoreRows(head, s, n, queries, scores);
            }
        }
        long[] allowed = mask == null ? null : mask.load(head / heads, visible);
        for (int t = 0; t < count; t++) {
            KeyMask.weigh(scores[t], allowed, visible - count + t + 1, visible);
        }
        float[][] sums = new float[count][width];
        float[] weights = kind.scratch(0, ROWS);
        for (int s = 0; s < visible; s += ROWS) {
            int n = Math.min(ROWS, visible - s);
            loadValues(head, s, n, panel);
            for (int t = 0; t < count; t++) {
                System.arraycopy(scores[t], s, weights, 0, n);
                kind.multiplyAdd(weights, panel, sums[t], n, width);
            }
        }
        for (int t = 0; t < count; t++) {
            out.store((head * queryCount + first + t) * width, width, sums[t]);
        }
    }

    /** Copies some values, row by row: where they lie is worked out once. */
    private void loadValues(long head, int s, int n, float[][] panel) {
        long rowStride = valueLayout.stride(2);
        long stride = valueLayout.stride(3);
        long start =
                valueLayout.offset()
                        + head / heads * valueLayout.stride(0)
                        + head % heads * valueLayout.stride(1)
                        + s * rowStride;
        for (int i = 0; i < n; i++) {
            values.load(start + i * rowStride, stride, panel[i], 0, width);
        }
    }

    /** Room for ROWS rows of the width or as many columns of ROWS: the thread's own if it fits. */
    private float[][] panel() {
        return width <= ROWS ? kind.matrix(3, ROWS, ROWS) : new float[width][width];
    }

    /**
     * Scores of some keys, by sums of their columns: worth turning them around for many queries.
     */
    private void scoreColumns(
            long head, int s, int n, float[][] queries, float[][] panel, float[][] scores) {
        for (int d = 0; d < width; d++) {
            keyColumns.load((head * width + d) * keyCount + s, n, panel[d]);
        }
        float[] part = kind.scratch(0, ROWS);
        for (int t = 0; t < queries.length; t++) {
            kind.fill(ZERO, part, n);
            kind.multiplyAdd(queries[t], panel, part, width, n);
            System.arraycopy(part, 0, scores[t], s, n);
        }
    }

    /** Scores of some keys, one by one. */
    private void scoreRows(long head, int s, int n, float[][] queries, float[][] scores) {
        float[] rows = kind.scratch(1, n * width);
        keys.load((head * keyCount + s) * width, n * width, rows);
        for (int t = 0; t < queries.length; t++) {
            for (int i = 0; i < n; i++) {
                scores[t][s + i] = dot(queries[t], rows, i * width, width);
            }
        }
    }

    /** Eight sums side by side, because an addition has to wait for the one before it. */
    private static float dot(float[] x, float[] y, int at, int n) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        float s4 = 0;
        float s5 = 0;
        float s6 = 0;
        float s7 = 0;
        int i = 0;
        for (; i + 7 < n; i += 8) {
            s0 += x[i] * y[at + i];
            s1 += x[i + 1] * y[at + i + 1];
            s2 += x[i + 2] * y[at + i + 2];
            s3 += x[i + 3] * y[at + i + 3];
            s4 += x[i + 4] * y[at + i + 4];
            s5 += x[i + 5] * y[at + i + 5];
            s6 += x[i + 6] * y[at + i + 6];
            s7 += x[i + 7] * y[at + i + 7];
        }
        for (; i < n; i++) {
            s0 += x[i] * y[at + i];
        }
        return s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7));
    }
}
