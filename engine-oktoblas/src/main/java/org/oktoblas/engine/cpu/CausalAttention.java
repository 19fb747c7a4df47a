package org.oktoblas.engine.cpu;

import java.util.Arrays;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Tensor;

/** Causal attention in plain Java: one head's block of queries at a time. */
final class CausalAttention {

    private static final int QUERIES = 16;

    private final View<float[]> query;
    private final View<float[]> keys;
    private final View<float[]> values;
    private final View<long[]> mask;
    private final View<float[]> out;
    private final long heads;
    private final int queryCount;
    private final int keyCount;
    private final int width;
    private final float scale;

    private CausalAttention(
            Tensor query, Tensor keys, Tensor values, Tensor mask, double scale, Tensor out) {
        this.query = view(query);
        this.keys = view(keys);
        this.values = view(values);
        this.mask = mask == null ? null : LongArithmetic.INSTANCE.view(mask);
        this.out = view(out);
        this.scale = (float) scale;
        Layout layout = query.layout();
        heads = layout.size(1);
        queryCount = Math.toIntExact(layout.size(2));
        width = Math.toIntExact(layout.size(3));
        keyCount = Math.toIntExact(keys.layout().size(2));
    }

    private static View<float[]> view(Tensor tensor) {
        return FloatArithmetic.INSTANCE.view(tensor);
    }

    static void run(
            Tensor query, Tensor keys, Tensor values, Tensor mask, double scale, Tensor out) {
        if (out.layout().count() == 0) {
            return;
        }
        CausalAttention attention = new CausalAttention(query, keys, values, mask, scale, out);
        long blocks = (attention.queryCount + QUERIES - 1) / QUERIES;
        long work =
                (long) Math.min(QUERIES, attention.queryCount)
                        * attention.keyCount
                        * attention.width;
        Parallel.run(
                query.layout().size(0) * query.layout().size(1) * blocks,
                Math.max(1, (1 << 16) / Math.max(1, work)),
                (start, end) -> {
                    for (long i = start; i < end; i++) {
                        attention.block(i / blocks, (int) (i % blocks) * QUERIES);
                    }
                });
    }

    /** Computes up to sixteen queries of one head from the first of them on. */
    private void block(long head, int first) {
        int count = Math.min(QUERIES, queryCount - first);
        // The keys that the last of these queries sees.
        int visible = keyCount - queryCount + first + count;
        Scratch scratch = Scratch.get();
        float[] q = scratch.floats(0, count * width);
        query.load((head * queryCount + first) * width, count * width, q);
        int step = Math.max(1, Scratch.CHUNK / width);
        float[] part = scratch.floats(1, step * width);
        float[] scores = scratch.floats(2, count * visible);
        for (int s = 0; s < visible; s += step) {
            int n = Math.min(step, visible - s);
            keys.load((head * keyCount + s) * width, n * width, part);
            for (int t = 0; t < count; t++) {
                for (int j = 0; j < n; j++) {
                    scores[t * visible + s + j] = scale * dot(q, t * width, part, j * width, width);
                }
            }
        }
        long[] allowed = null;
        if (mask != null) {
            allowed = scratch.longs(0, visible);
            mask.load(head / heads * keyCount, visible, allowed);
        }
        float[] row = scratch.floats(3, visible);
        for (int t = 0; t < count; t++) {
            int n = visible - count + t + 1;
            System.arraycopy(scores, t * visible, row, 0, n);
            hide(row, allowed, n);
            Normalization.softmax(false, row, n);
            System.arraycopy(row, 0, scores, t * visible, n);
            Arrays.fill(scores, t * visible + n, (t + 1) * visible, 0f);
        }
        float[] sums = scratch.floats(4, count * width);
        Arrays.fill(sums, 0, count * width, 0f);
        for (int s = 0; s < visible; s += step) {
            int n = Math.min(step, visible - s);
            values.load((head * keyCount + s) * width, n * width, part);
            for (int t = 0; t < count; t++) {
                for (int j = 0; j < n; j++) {
                    float p = scores[t * visible + s + j];
                    if (p != 0) {
                        for (int d = 0; d < width; d++) {
                            sums[t * width + d] += p * part[j * width + d];
                        }
                    }
                }
            }
        }
        out.store((head * queryCount + first) * width, count * width, sums);
    }

    /** Hides masked keys; with nothing left to see, all keys count alike. */
    private static void hide(float[] row, long[] allowed, int n) {
        if (allowed == null) {
            return;
        }
        boolean any = false;
        for (int i = 0; i < n; i++) {
            if (allowed[i] == 0) {
                row[i] = Float.NEGATIVE_INFINITY;
            } else {
                any = true;
            }
        }
        if (!any) {
            Arrays.fill(row, 0, n, 0f);
        }
    }

    private static float dot(float[] x, int xAt, float[] y, int yAt, int n) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            s0 += x[xAt + i] * y[yAt + i];
            s1 += x[xAt + i + 1] * y[yAt + i + 1];
            s2 += x[xAt + i + 2] * y[yAt + i + 2];
            s3 += x[xAt + i + 3] * y[yAt + i + 3];
        }
        for (; i < n; i++) {
            s0 += x[xAt + i] * y[yAt + i];
        }
        return s0 + s1 + (s2 + s3);
    }
}
