package org.oktoblas.engine.cpu;

import java.nio.LongBuffer;
import java.util.Arrays;
import org.oktoblas.engine.backend.ReduceOp;

/** Reductions of integers as longs; as these wrap, parts may be joined in any order. */
final class LongReductions {

    /** Two arrays of them take a quarter of the L1 cache. */
    private static final int LANES = Scratch.CHUNK / 2;

    /** A part of a row: what is worth another thread. */
    private static final long PART = 1 << 15;

    private LongReductions() {}

    /** Reduces a row of a view, from an element on; a mean is only summed. */
    static long row(ReduceOp op, View<long[]> source, long start, long length) {
        if (length <= PART) {
            return part(op, source, start, (int) length);
        }
        long[] parts = new long[Math.toIntExact((length + PART - 1) / PART)];
        Parallel.run(
                parts.length,
                1,
                (first, end) -> {
                    for (int i = (int) first; i < end; i++) {
                        int n = (int) Math.min(PART, length - i * PART);
                        parts[i] = part(op, source, start + i * PART, n);
                    }
                });
        return fold(op, identity(op), parts, parts.length);
    }

    private static long part(ReduceOp op, View<long[]> source, long start, int n) {
        Scratch scratch = Scratch.get();
        long[] next = scratch.longs(0, LANES);
        boolean sum = op == ReduceOp.SUM || op == ReduceOp.MEAN;
        if (!sum || n < 2 * LANES) {
            long result = identity(op);
            for (int i = 0; i < n; i += LANES) {
                int left = Math.min(LANES, n - i);
                source.load(start + i, left, next);
                result = fold(op, result, next, left);
            }
            return result;
        }
        LongBuffer longs = source.longs(start, n);
        if (longs != null) {
            return sum(longs);
        }
        long[] lanes = scratch.longs(1, LANES);
        Arrays.fill(lanes, 0, LANES, 0);
        for (int i = 0; i < n; i += LANES) {
            int left = Math.min(LANES, n - i);
            source.load(start + i, left, next);
            for (int j = 0; j < left; j++) {
                lanes[j] += next[j];
            }
        }
        return fold(op, 0, lanes, LANES);
    }

    /**
     * Sums longs where they are, as a copy of them takes longer than their sum; the halves side by
     * side, as memory gives two streams faster than one.
     */
    private static long sum(LongBuffer longs) {
        int n = longs.capacity();
        int half = n / 2;
        // An index from a buffer's beginning is one that the JIT need not check every time.
        LongBuffer left = longs.slice(0, half);
        LongBuffer right = longs.slice(half, half);
        long leftSum = n % 2 == 0 ? 0 : longs.get(n - 1);
        long rightSum = 0;
        for (int i = 0; i < half; i++) {
            leftSum += left.get(i);
            rightSum += right.get(i);
        }
        return leftSum + rightSum;
    }

    private static long identity(ReduceOp op) {
        return switch (op) {
            case PRODUCT, ALL -> 1;
            case MAX -> Long.MIN_VALUE;
            case MIN -> Long.MAX_VALUE;
            default -> 0;
        };
    }

    /** Reduces elements, and what those before them gave. */
    static long fold(ReduceOp op, long first, long[] x, int n) {
        long result = first;
        switch (op) {
            case PRODUCT -> {
                for (int i = 0; i < n; i++) {
                    result *= x[i];
                }
            }
            case MAX, ANY -> {
                for (int i = 0; i < n; i++) {
                    result = Math.max(result, x[i]);
                }
            }
            case MIN, ALL -> {
                for (int i = 0; i < n; i++) {
                    result = Math.min(result, x[i]);
                }
            }
            default -> {
                // Four sums side by side: an addition has to wait for the one before it.
                long s1 = 0;
                long s2 = 0;
                long s3 = 0;
                int i = 0;
                for (; i + 3 < n; i += 4) {
                    result += x[i];
                    s1 += x[i + 1];
                    s2 += x[i + 2];
                    s3 += x[i + 3];
                }
                for (; i < n; i++) {
                    result += x[i];
                }
                result += s1 + s2 + s3;
            }
        }
        return result;
    }
}
