package org.oktoblas.kernels;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.Workspace;

/**
 * Sequences that are being continued: their tokens on the device, their cache, and what the host
 * knows of them. A sequence's row is its slot.
 */
final class Gpt2Sequences implements AutoCloseable {

    private final CudaStream stream;
    private final Gpt2Shape shape;
    private final int[] lengths;
    private final boolean[] ended;

    /** History, positions of the newest tokens, lengths of prompts. */
    private final Workspace memory;

    private final ByteBuffer image;
    private final IntBuffer ints;
    private final int newestAt;
    private final int promptLengthsAt;
    private final Gpt2Cache cache;

    /** Uploads prompts, whose tokens are in the vocabulary and which fit the context. */
    Gpt2Sequences(CudaStream stream, Gpt2Shape shape, List<long[]> prompts) {
        this.stream = stream;
        this.shape = shape;
        int rows = prompts.size();
        lengths = prompts.stream().mapToInt(prompt -> prompt.length).toArray();
        ended = new boolean[rows];
        newestAt = Math.multiplyExact(rows, shape.historyPitch());
        promptLengthsAt = newestAt + rows;
        int bytes = Math.multiplyExact(promptLengthsAt + rows, Integer.BYTES);
        image = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        ints = image.asIntBuffer();
        for (int row = 0; row < rows; row++) {
            long[] prompt = prompts.get(row);
            for (int i = 0; i < prompt.length; i++) {
                ints.put(row * shape.historyPitch() + i, Math.toIntExact(prompt[i]));
            }
            ints.put(newestAt + row, prompt.length - 1);
            ints.put(promptLengthsAt + row, prompt.length);
        }
        memory = stream.workspace(bytes);
        Gpt2Cache made = null;
        try {
            stream.upload(image, memory.address());
            made = new Gpt2Cache(stream, shape, rows);
            made.require(IntStream.range(0, rows).toArray(), lengths);
        } catch (RuntimeException | Error e) {
            Closing.after(e, Arrays.asList(made, memory));
            throw e;
        }
        cache = made;
    }

    int rows() {
        return lengths.length;
    }

    /** Returns a sequence's tokens, with those that steps under way will append. */
    int length(int row) {
        return lengths[row];
    }

    /** Returns how many of a sequence's tokens follow its prompt. */
    int generated(int row) {
        return lengths[row] - ints.get(promptLengthsAt + row);
    }

    boolean hasEnded(int row) {
        return ended[row];
    }

    /** Returns the sequences that have not ended and are not full. */
    int[] open() {
        return IntStream.range(0, rows())
                .filter(row -> !ended[row] && lengths[row] < shape.context())
                .toArray();
    }

    /** Makes room in the cache for all tokens of some sequences. */
    void requireCache(int[] rows) {
        cache.require(rows, lengths);
    }

    /** Notes that the device appends a token to each of some sequences. */
    void lengthen(int[] rows) {
        for (int row : rows) {
            lengths[row]++;
        }
    }

    /** Appends a token to each of some sequences, which are not full. */
    void append(int[] rows, long[] tokens) {
        int first = Integer.MAX_VALUE;
        int last = 0;
        for (int row : rows) {
            int at = row * shape.historyPitch() + lengths[row];
            ints.put(at, Math.toIntExact(tokens[row]));
            ints.put(newestAt + row, lengths[row]);
            lengths[row]++;
            first = Math.min(first, at);
            last = Math.max(last, at);
        }
        upload(first, last + 1 - first);
        upload(newestAt, rows());
    }

    private void upload(int first, int count) {
        ByteBuffer part = image.slice(first * Integer.BYTES, count * Integer.BYTES);
        stream.upload(part, memory.address() + (long) first * Integer.BYTES);
    }

    /** Ends a sequence and frees its part of the cache for what is enqueued from now on. */
    void end(int row) {
        if (!ended[row]) {
            ended[row] = true;
            cache.free(row);
        }
    }

    Gpt2Structs.Sequences addresses() {
        return new Gpt2Structs.Sequences(cache.tableAddress(), memory.address(), address(newestAt));
    }

    /** Returns what the choice of tokens needs to know, with where to put the tokens. */
    TokenChoice.Sequences choice(long tokens) {
        return new TokenChoice.Sequences(
                memory.address(),
                shape.historyPitch(),
                address(newestAt),
                address(promptLengthsAt),
                tokens);
    }

    private long address(int index) {
        return memory.address() + (long) index * Integer.BYTES;
    }

    long byteSize() {
        return cache.byteSize() + image.capacity();
    }

    @Override
    public void close() {
        Closing.all(List.of(cache, memory));
    }
}
