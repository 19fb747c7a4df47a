package org.oktoblas.engine.cpu;

import java.util.Arrays;
import org.oktoblas.engine.backend.Tensor;

/** Which keys attention may see, and what that makes of their scores. */
final class KeyMask {

    private final View<long[]> view;
    private final long keyCount;

    /** Takes a mask (B, S). */
    KeyMask(Tensor mask) {
        view = LongArithmetic.INSTANCE.view(mask);
        keyCount = mask.layout().size(1);
    }

    /** Returns the first numbers of one element of the batch. */
    long[] load(long b, int count) {
        long[] allowed = new long[count];
        view.load(b * keyCount, count, allowed);
        return allowed;
    }

    /**
     * Turns scores into weights: hidden keys get 0, and with nothing left to see all keys count
     * alike.
     *
     * @param row the scores of one query
     * @param allowed 0 where a key is hidden, or null if none is
     * @param own how many keys the query sees
     * @param visible how many weights to write; those from {@code own} on become 0
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
        Softmax.rows(false, row, 1, own);
        Arrays.fill(row, own, visible, 0f);
    }
}
