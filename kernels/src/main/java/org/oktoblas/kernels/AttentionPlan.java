package org.oktoblas.kernels;

import java.util.List;
import org.oktoblas.cuda.DeviceProperties;
import org.oktoblas.cuda.ElementType;

/**
 * Which kernel computes an attention and how its work is divided. What is summed in which order
 * depends on type, queries, keys and width alone, so that a query's result is the same whatever the
 * batch; how many queries a block takes depends on the device, too.
 *
 * @param way the kind of kernel
 * @param kernelWidth for many queries, the width that the kernel is made for
 * @param rows the queries of a block
 * @param tiles the blocks of queries of each head
 * @param chunk for few queries, the keys of a block
 * @param chunks the blocks of keys
 * @param laneBits for few queries, the logarithm of how many lanes share a key
 */
record AttentionPlan(
        Way way, int kernelWidth, int rows, int tiles, int chunk, int chunks, int laneBits) {

    /** The widest head there is a kernel for. */
    static final int WIDEST = 1024;

    /** Up to so many queries the keys are split over blocks. */
    private static final int FEW = 8;

    /** Up to so many, if there are many keys. */
    private static final int FEW_OF_MANY = 16;

    private static final int MANY_KEYS = 1024;

    /** Keys that one block takes on its own, as a second kernel would cost more. */
    private static final int WHOLE = 256;

    private static final int CHUNK = 128;

    private static final int MOST_CHUNKS = 64;

    /** Chunks are multiples of this. */
    private static final int STEP = 32;

    /** The widest head of the kernels that keep queries in registers. */
    private static final int NARROW = 256;

    /** The kinds of kernels. */
    enum Way {
        /** Many queries. */
        PROMPT,
        /** One query. */
        ONE,
        /** A few queries. */
        FEW,
        /** Any queries of wide heads, one by one. */
        WIDE
    }

    /** The kernels for many queries: a width and the queries of a block, most first. */
    private record Shapes(int width, int... rows) {}

    private static final List<Shapes> HALF =
            List.of(
                    new Shapes(32, 64, 32),
                    new Shapes(64, 128, 64, 32),
                    new Shapes(128, 128, 64, 32),
                    new Shapes(256, 64, 32));

    private static final List<Shapes> FLOAT =
            List.of(new Shapes(64, 64, 16), new Shapes(128, 64, 16), new Shapes(256, 32, 16));

    /**
     * What the kernels for few queries are made for.
     *
     * @param laneNumbers the numbers of a key that a lane takes
     * @param wideLaneNumbers the same of wide heads
     * @param fewQueries the queries of a block of FEW
     */
    record Lanes(int laneNumbers, int wideLaneNumbers, int fewQueries) {}

    /**
     * Plans an attention.
     *
     * @param type F32, F16 or BF16
     * @param heads heads of the whole batch
     * @param queries queries of each head
     * @param keys keys of each head
     * @param width numbers of each query, up to {@link #WIDEST}
     */
    static AttentionPlan of(
            ElementType type,
            long heads,
            int queries,
            int keys,
            int width,
            Lanes lanes,
            DeviceProperties device) {
        boolean few = queries <= FEW || queries <= FEW_OF_MANY && keys >= MANY_KEYS;
        if (few || width > NARROW) {
            Way way = width > NARROW ? Way.WIDE : queries == 1 ? Way.ONE : Way.FEW;
            int rows = way == Way.FEW ? lanes.fewQueries : 1;
            int numbers = way == Way.WIDE ? lanes.wideLaneNumbers : lanes.laneNumbers;
            int bits = 0;
            while (numbers << bits < width) {
                bits++;
            }
            int chunk = few ? chunk(keys) : keys;
            return new AttentionPlan(way, 0, rows, up(queries, rows), chunk, up(keys, chunk), bits);
        }
        for (Shapes shapes : type == ElementType.F32 ? FLOAT : HALF) {
            if (shapes.width >= width) {
                int rows = rows(shapes, heads, queries, device.multiprocessors());
                return new AttentionPlan(
                        Way.PROMPT, shapes.width, rows, up(queries, rows), keys, 1, 0);
            }
        }
        throw new IllegalStateException("No kernel takes heads of " + width + " numbers");
    }

    /** Returns the most queries a block may take while every multiprocessor has a block. */
    private static int rows(Shapes shapes, long heads, int queries, int multiprocessors) {
        for (int rows : shapes.rows) {
            if (heads * up(queries, rows) >= multiprocessors) {
                return rows;
            }
        }
        return shapes.rows[shapes.rows.length - 1];
    }

    /** Returns how many keys a block takes. */
    private static int chunk(int keys) {
        if (keys <= WHOLE) {
            return keys;
        }
        int chunks = Math.min(MOST_CHUNKS, up(keys, CHUNK));
        return up(up(keys, chunks), STEP) * STEP;
    }

    private static int up(int count, int size) {
        return (count - 1) / size + 1;
    }

    /** Returns the kernel's name. */
    String symbol(ElementType type) {
        String suffix = type.suffix();
        return switch (way) {
            case PROMPT -> "attention_" + suffix + "_d" + kernelWidth + "_q" + rows;
            case ONE -> "attention_one_" + suffix;
            case FEW -> "attention_few_" + suffix;
            case WIDE -> "attention_wide_" + suffix;
        };
    }

    /** Returns the name of the constant that says how much shared memory a block needs, or null. */
    String sharedConstant() {
        return way == Way.PROMPT ? "sharedD" + kernelWidth + "Q" + rows : null;
    }
}
