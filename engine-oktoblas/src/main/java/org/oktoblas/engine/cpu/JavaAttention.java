package org.oktoblas.engine.cpu;

import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/** Attention in plain Java. */
final class JavaAttention extends CausalAttention {

    private static final int QUERIES = 16;

    /** Keys or values that are copied to the heap at a time. */
    private static final int ROWS = 128;

    private static final Scalar ZERO = new Scalar(0, 0);

    private final FloatArithmetic kind = FloatArithmetic.INSTANCE;
    private final View<float[]> queryView;
    private final View<float[]> keyView;
    private final View<float[]> keyColumns;
    private final View<float[]> valueView;
    private final View<float[]> outView;

    JavaAttention(Tensor query, Tensor keys, Tensor values, Tensor mask, double scale, Tensor out) {
        super(query, keys, values, mask, scale, out, QUERIES);
        queryView = kind.view(query);
        keyView = kind.view(keys);
        Layout layout = keys.layout();
        keyColumns = kind.view(keys.with(Axes.select(layout, new int[] {0, 1, 3, 2}, 4)));
        valueView = kind.view(values);
        outView = kind.view(out);
    }

    @Override
    void block(long head, int first, int count, int visible) {
        float[][] queries = new float[count][width];
        float[][] scores = new float[count][visible];
        for (int t = 0; t < count; t++) {
            queryView.load((head * queryCount + first + t) * width, width, queries[t]);
            for (int d = 0; d < width; d++) {
                queries[t][d] *= scale;
            }
        }
        float[][] panel = new float[Math.max(width, ROWS)][Math.max(width, ROWS)];
        for (int s = 0; s < visible; s += ROWS) {
            int n = Math.min(ROWS, visible - s);
            if (count >= 4) {
                columns(head, s, n, queries, panel, scores);
            } else {
                rows(head, s, n, queries, panel, scores);
            }
        }
        long[] allowed = allowed(head, visible);
        for (int t = 0; t < count; t++) {
            weigh(scores[t], allowed, visible - count + t + 1, visible);
        }
        float[][] sums = new float[count][width];
        float[] weights = new float[ROWS];
        for (int s = 0; s < visible; s += ROWS) {
            int n = Math.min(ROWS, visible - s);
            for (int i = 0; i < n; i++) {
                valueView.load((head * keyCount + s + i) * width, width, panel[i]);
            }
            for (int t = 0; t < count; t++) {
                System.arraycopy(scores[t], s, weights, 0, n);
                kind.multiplyAdd(weights, panel, sums[t], n, width);
            }
        }
        for (int t = 0; t < count; t++) {
            outView.store((head * queryCount + first + t) * width, width, sums[t]);
        }
    }

    /**
     * Scores of some keys, by sums of their columns: worth turning them around for many queries.
     */
    private void columns(
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
    private void rows(
            long head, int s, int n, float[][] queries, float[][] panel, float[][] scores) {
        float[] key = panel[0];
        for (int i = 0; i < n; i++) {
            keyView.load((head * keyCount + s + i) * width, width, key);
            for (int t = 0; t < queries.length; t++) {
                scores[t][s + i] = dot(queries[t], key, width);
            }
        }
    }

    private static float dot(float[] x, float[] y, int n) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            s0 += x[i] * y[i];
            s1 += x[i + 1] * y[i + 1];
            s2 += x[i + 2] * y[i + 2];
            s3 += x[i + 3] * y[i + 3];
        }
        for (; i < n; i++) {
            s0 += x[i] * y[i];
        }
        return s0 + s1 + (s2 + s3);
    }
}
