package org.oktoblas.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.cuda.Workspace;

/**
 * The logits of sequences' next tokens, a row for each column of the latest step, and each column's
 * candidates for the likeliest token. Sequences that a step leaves out keep their logits.
 */
final class Gpt2Logits implements AutoCloseable {

    /** {@code kOrderedInfinity} and {@code kOrderedMinusInfinity}: see {@code candidate.cuh}. */
    private static final long ORDERED_INFINITY = 0xff800000L;

    private static final long ORDERED_MINUS_INFINITY = 0x007fffffL;

    private static final int VECTOR = 4;
    private static final long NO_TOKEN = TokenChoice.NO_TOKEN;

    private final CudaStream stream;
    private final Gpt2Shape shape;
    private final int warps;
    private final int groupColumns;
    private final int pitch;
    private final Workspace logits;
    private final Workspace best;
    private final long byteSize;

    /** The sequence of each column of the latest step. */
    private int[] columns = {};

    private final float[][] kept;

    /**
     * Allocates memory.
     *
     * @param warps of a step's grid
     * @param groupColumns the most columns of a launch
     */
    Gpt2Logits(CudaStream stream, Gpt2Shape shape, int rows, int warps, int groupColumns) {
        this.stream = stream;
        this.shape = shape;
        this.warps = warps;
        this.groupColumns = groupColumns;
        pitch = Gpt2Shape.roundUp(shape.vocabulary(), VECTOR);
        kept = new float[rows][];
        long logitBytes = (long) rows * pitch * Float.BYTES;
        long bestBytes = (long) rows * warps * Long.BYTES;
        byteSize = logitBytes + bestBytes;
        List<Workspace> made = new ArrayList<>();
        try {
            made.add(stream.workspace(logitBytes));
            made.add(stream.workspace(bestBytes));
            // Tokens are chosen in vectors of four, beyond the vocabulary too.
            stream.fill(made.get(0).address(), 0, logitBytes);
        } catch (RuntimeException | Error e) {
            Closing.after(e, made);
            throw e;
        }
        logits = made.get(0);
        best = made.get(1);
    }

    /** Keeps the logits of sequences that a step leaves out, and gives the others its columns. */
    void place(int[] rows) {
        for (int column = 0; column < columns.length; column++) {
            int row = columns[column];
            if (Arrays.stream(rows).noneMatch(other -> other == row)) {
                kept[row] = download(column);
            }
        }
        for (int row : rows) {
            kept[row] = null;
        }
        columns = rows;
    }

    /** Returns where a launch writes whose columns begin with this one. */
    Gpt2Structs.Results results(int first) {
        return new Gpt2Structs.Results(logitsAt(first), pitch, bestAt(first), true);
    }

    /** Returns where a launch writes that wants no logits. */
    static Gpt2Structs.Results none() {
        return new Gpt2Structs.Results(0, 0, 0, false);
    }

    /** Returns the logits of a launch's columns. */
    DeviceTensor logits(int first, int count) {
        return new DeviceTensor(
                logitsAt(first),
                ElementType.F32,
                new long[] {count, shape.vocabulary()},
                new long[] {pitch, 1});
    }

    /** Returns the candidates of a launch's columns. */
    DeviceTensor best(int first, int count) {
        return DeviceTensor.dense(bestAt(first), ElementType.I64, warps, count);
    }

    private long logitsAt(int column) {
        return logits.address() + (long) column * pitch * Float.BYTES;
    }

    private long bestAt(int column) {
        return best.address() + (long) column * warps * Long.BYTES;
    }

    private float[] download(int column) {
        ByteBuffer buffer = buffer((long) shape.vocabulary() * Float.BYTES);
        stream.download(logitsAt(column), buffer);
        float[] values = new float[shape.vocabulary()];
        buffer.asFloatBuffer().get(values);
        return values;
    }

    private static ByteBuffer buffer(long bytes) {
        return ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.nativeOrder());
    }

    /**
     * Returns a sequence's logits.
     *
     * @throws IllegalStateException if no step was taken with it
     */
    float[] get(int row) {
        for (int column = 0; column < columns.length; column++) {
            if (columns[column] == row) {
                return download(column);
            }
        }
        if (kept[row] == null) {
            throw new IllegalStateException(
                    "Sequence " + row + " ended before its logits were computed.");
        }
        return kept[row].clone();
    }

    /** Returns each sequence's likeliest token; -1 where logits are not numbers. */
    long[] likeliest() {
        long[] tokens = new long[kept.length];
        for (int row = 0; row < tokens.length; row++) {
            tokens[row] = kept[row] == null ? NO_TOKEN : likeliest(kept[row]);
        }
        if (columns.length > 0) {
            ByteBuffer candidates = buffer((long) columns.length * warps * Long.BYTES);
            stream.download(best.address(), candidates);
            for (int first = 0; first < columns.length; first += groupColumns) {
                int count = Math.min(groupColumns, columns.length - first);
                for (int i = 0; i < count; i++) {
                    long largest = 0;
                    for (int warp = 0; warp < warps; warp++) {
                        int at = first * warps + warp * count + i;
                        long candidate = candidates.getLong(at * Long.BYTES);
                        if (Long.compareUnsigned(candidate, largest) > 0) {
                            largest = candidate;
                        }
                    }
                    tokens[columns[first + i]] = token(largest);
                }
            }
        }
        return tokens;
    }

    /** Returns the token of a candidate, or -1 where its logit is infinite or NaN. */
    static long token(long candidate) {
        long bits = candidate >>> 32;
        return bits >= ORDERED_INFINITY || bits <= ORDERED_MINUS_INFINITY
                ? NO_TOKEN
                : ~candidate & 0xffffffffL;
    }

    /** Returns the likeliest token, the lowest of equals; -1 where logits are not numbers. */
    private static long likeliest(float[] logits) {
        int best = 0;
        for (int i = 0; i < logits.length; i++) {
            if (Float.isNaN(logits[i])) {
                return NO_TOKEN;
            }
            best = logits[i] > logits[best] ? i : best;
        }
        return Float.isInfinite(logits[best]) ? NO_TOKEN : best;
    }

    long byteSize() {
        return byteSize;
    }

    @Override
    public void close() {
        Closing.all(List.of(logits, best));
    }
}
